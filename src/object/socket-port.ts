import type { SharedFrame } from "./shared-frame.ts";

/** What the rules need of a socket. The runtime folders implement it, and so do tests. */
export interface SocketPort {
  /** Never throws. A frame that cannot be sent is lost, and the client replays from its cursor. */
  send(frame: string): void;
  /** As `send`, as a binary frame where the socket has such. */
  sendBytes(frame: SharedFrame): void;
  close(code: number, reason: string): void;
  /** Stores the state that outlives a sleep of the object, at most 16 KiB. */
  save(state: unknown): void;
  /** Whether `save` is for free, as often as it is called. Otherwise it writes a row. */
  readonly savesForFree: boolean;
  /** Bytes that wait in the socket; 0 if the runtime does not know. */
  unsentBytes(): number;
  /**
   * When the runtime last answered a heartbeat, in milliseconds; `null`: never. `elsewhere`: another object holds the
   * socket, and knows.
   */
  heartbeatAt(): number | null | "elsewhere";
}
