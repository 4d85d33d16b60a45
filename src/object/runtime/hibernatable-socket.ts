import { PING_FRAME, PONG_FRAME } from "../../protocol/index.ts";
import type { SocketPort } from "../socket-port.ts";

const encoder = new TextEncoder();

/** A socket that its object accepted for hibernation, as a port. `onClose`: called when the server closes it. */
export const socketPort = (
  ctx: DurableObjectState,
  ws: WebSocket,
  onClose: (code: number) => void,
): SocketPort => ({
  send: (frame) => sendTo(ws, frame),
  sendBytes(frame) {
    frame.bytes ??= encoder.encode(frame.text);
    sendTo(ws, frame.bytes);
  },
  close(code, reason) {
    onClose(code);
    try {
      ws.close(code, reason);
    } catch {
      // The socket has closed already.
    }
  },
  save(state) {
    ws.serializeAttachment(state);
  },
  savesForFree: true,
  // An older runtime does not have the property.
  unsentBytes: () => ws.bufferedAmount ?? 0,
  heartbeatAt: () => ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? null,
});

function sendTo(ws: WebSocket, frame: string | Uint8Array): void {
  try {
    ws.send(frame);
  } catch {
    // The server has closed it already; its close event will follow.
  }
}

/** Has the runtime answer heartbeats. It keeps this in memory only, so every start of an object sets it. */
export function answerHeartbeats(ctx: DurableObjectState): void {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_FRAME, PONG_FRAME));
}

/**
 * Completes the closing handshake, which the runtime leaves to the handler of a hibernatable socket. Codes such as
 * 1005, 1006 and 1015 only report a close, and cannot be sent: 1000 is sent instead.
 */
export function answerClose(ws: WebSocket, code: number, reason: string): void {
  const sendable = code === 1000 || (code >= 3000 && code <= 4999);
  try {
    ws.close(sendable ? code : 1000, sendable ? reason : "");
  } catch {
    // The socket has closed already.
  }
}
