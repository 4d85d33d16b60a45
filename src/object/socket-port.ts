/** What the rules need of a socket: the shells bring the runtime's, tests their own. */
export interface SocketPort {
  /** Never throws: what cannot be sent is lost, and the client asks again with its cursor. */
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** Keeps what the connection needs after its object has slept. At most 16 KiB. */
  save(state: unknown): void;
  /** How many bytes were sent and have not left yet; 0 where the runtime does not tell. */
  unsentBytes(): number;
  /**
   * When the runtime last answered this socket's heartbeat, in milliseconds; `null`: never. `elsewhere`: the socket is
   * held by another object, which knows.
   */
  heartbeatAt(): number | null | "elsewhere";
}
