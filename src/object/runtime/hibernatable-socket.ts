import { PING_FRAME, PONG_FRAME } from "../../protocol/index.ts";
import type { SocketPort } from "../socket-port.ts";

/** The port over a socket that its object accepted for hibernation. `onClose`: it was closed from our side. */
export const socketPort = (
  ctx: DurableObjectState,
  ws: WebSocket,
  onClose: (code: number) => void,
): SocketPort => ({
  send(frame) {
    try {
      ws.send(frame);
    } catch {
      // Closed on our side already: its close event is on the way.
    }
  },
  close(code, reason) {
    onClose(code);
    try {
      ws.close(code, reason);
    } catch {
      // Gone already.
    }
  },
  save(state) {
    ws.serializeAttachment(state);
  },
  // Cloudflare and `wrangler dev` tell. The runtime of the Workers pool is older and does not know the property.
  unsentBytes: () => ws.bufferedAmount ?? 0,
  heartbeatAt: () => ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? null,
});

/** Kept in memory by the runtime only, so every start of an object sets it. */
export function answerHeartbeats(ctx: DurableObjectState): void {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_FRAME, PONG_FRAME));
}

/**
 * Completes the closing handshake, which the runtime leaves to the handler of a hibernatable socket; 1005, 1006 and
 * 1015 tell of a close and cannot be sent in one.
 */
export function answerClose(ws: WebSocket, code: number, reason: string): void {
  const sendable = code === 1000 || (code >= 3000 && code <= 4999);
  try {
    ws.close(sendable ? code : 1000, sendable ? reason : "");
  } catch {
    // Gone already.
  }
}
