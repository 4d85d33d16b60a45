import type { SocketPort } from "../../object/socket-port.ts";
import { type Closing, parseCloseReason } from "../../protocol/index.ts";

/** Stands in for the socket of a connection whose real one is held by its user's object: frames wait for a delivery. */
export class BufferedSocket implements SocketPort {
  readonly #touched: () => void;
  #frames: string[] = [];
  /** In UTF-16 units: what waits here, and what was handed out and not yet taken. */
  #unsent = 0;
  /** How the room ended for it, if it did. */
  left: Closing | undefined;
  /** What is to be kept; `null`: nothing any more. */
  state: unknown = null;

  constructor(touched: () => void) {
    this.#touched = touched;
  }

  send(frame: string): void {
    this.#frames.push(frame);
    this.#unsent += frame.length;
    this.#touched();
  }

  close(_code: number, reason: string): void {
    this.left = parseCloseReason(reason) ?? { code: "internal" };
    this.#touched();
  }

  save(state: unknown): void {
    this.state = state;
    this.#touched();
  }

  unsentBytes(): number {
    return this.#unsent;
  }

  /** The user's object looks after that: here it lives until it is said to be gone. */
  heartbeatAt(): "elsewhere" {
    return "elsewhere";
  }

  /** What is to be delivered now. */
  take(): { readonly frames: readonly string[]; readonly left?: Closing } {
    const frames = this.#frames;
    this.#frames = [];
    return { frames, ...(this.left !== undefined && { left: this.left }) };
  }

  /** What was taken has arrived, or was given up. */
  delivered(frames: readonly string[]): void {
    for (const frame of frames) this.#unsent -= frame.length;
  }
}
