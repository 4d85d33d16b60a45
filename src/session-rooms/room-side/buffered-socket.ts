import type { SharedFrame } from "../../object/shared-frame.ts";
import type { SocketPort } from "../../object/socket-port.ts";
import { type Closing, parseCloseReason } from "../../protocol/index.ts";

/** The socket of a connection whose real socket is held by its user's object: frames wait here for a delivery. */
export class BufferedSocket implements SocketPort {
  readonly savesForFree = false;
  readonly #touched: () => void;
  #frames: string[] = [];
  /** In UTF-16 units: what waits here, and what was handed out and has not been delivered yet. */
  #unsent = 0;
  /** How the room ended for this connection, if it did. */
  left: Closing | undefined;
  /** What has to outlast the room's sleep; `null`: nothing any more. */
  state: unknown = null;
  /** Whether `state` was saved since it was written to a row. */
  isUnwritten = false;

  /** `touched` is called when there is something to collect: frames, an end, or a state to write. */
  constructor(touched: () => void) {
    this.#touched = touched;
  }

  send(frame: string): void {
    this.#frames.push(frame);
    this.#unsent += frame.length;
    this.#touched();
  }

  /** The user's object adds the name of the room to the text. */
  sendBytes({ text }: SharedFrame): void {
    this.send(text);
  }

  close(_code: number, reason: string): void {
    this.left = parseCloseReason(reason) ?? { code: "internal" };
    this.#touched();
  }

  save(state: unknown): void {
    this.state = state;
    this.isUnwritten = true;
    this.#touched();
  }

  unsentBytes(): number {
    return this.#unsent;
  }

  /** The user's object watches the heartbeat: here the connection lives until that object reports it gone. */
  heartbeatAt(): "elsewhere" {
    return "elsewhere";
  }

  /** The frames to deliver now. */
  take(): { readonly frames: readonly string[]; readonly left?: Closing } {
    const frames = this.#frames;
    this.#frames = [];
    return { frames, ...(this.left !== undefined && { left: this.left }) };
  }

  /** Frames that were taken have arrived, or were given up. */
  delivered(frames: readonly string[]): void {
    for (const frame of frames) this.#unsent -= frame.length;
  }
}
