import { type Closing, closeCode, closeReason } from "../protocol/index.ts";

/** What the rules need of a socket: the shells bring the runtime's, tests their own. */
export interface SocketPort {
  /** Never throws: what cannot be sent is lost, and the client asks again with its cursor. */
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** Keeps what the connection needs after its object has slept. At most 16 KiB. */
  save(state: unknown): void;
  /** When the runtime last answered this socket's heartbeat, in milliseconds. */
  heartbeatAt(): number | null;
}

/** Closes from our side. The attachment goes too, so that nobody takes a socket that still closes for an open one. */
export function closeWith(socket: SocketPort, closing: Closing): void {
  socket.save(null);
  socket.close(closeCode(closing.code), closeReason(closing));
}
