import { type Identity, userOf } from "../access/identity.ts";
import {
  type Closing,
  closeCode,
  closeReason,
  MAX_FRAME_BYTES,
  type Topics,
  type User,
} from "../protocol/index.ts";
import { Backlog } from "./backlog.ts";
import { Conduct } from "./conduct.ts";
import type { SocketPort } from "./socket-port.ts";

/** What every connection's attachment has. It outlives hibernation, and perhaps a deploy: hence the version. */
export interface ConnectionState {
  readonly version: 1;
  /** For logs and support. */
  readonly id: string;
  readonly topics: Topics;
  /** The largest frame that it wants to be sent, in bytes; left out where it takes any. */
  readonly frameBytes?: number;
  /** When the object itself last answered a ping of it, in milliseconds; `null`: never. */
  readonly pingedAt: number | null;
}

const MAX_UNSENT_BYTES = 4 * 1_048_576;

/** One socket, how it behaves, and what is known of it. */
export abstract class Connection<State extends ConnectionState> {
  readonly socket: SocketPort;
  readonly conduct = new Conduct();
  readonly backlog = new Backlog();
  #state: State;
  #ended = false;

  constructor(socket: SocketPort, state: State) {
    this.socket = socket;
    this.#state = state;
  }

  abstract get identity(): Identity;

  get state(): State {
    return this.#state;
  }

  get pingedAt(): number | null {
    return this.#state.pingedAt;
  }

  get user(): User | null {
    return userOf(this.identity);
  }

  /** The largest frame that it is sent, but for a single event that is larger by itself. */
  get frameBytes(): number {
    return this.#state.frameBytes ?? MAX_FRAME_BYTES;
  }

  update(patch: Partial<State>): void {
    const state = { ...this.#state, ...patch };
    // First, so that nothing holds that could not be kept.
    if (!this.#ended) this.socket.save(state);
    this.#state = state;
  }

  /** Whether more waits to leave than a client leaves lying that reads at all: it comes back and replays. */
  get isSlow(): boolean {
    return this.socket.unsentBytes() > MAX_UNSENT_BYTES;
  }

  /** It sent a ping that the object answers. Kept at most once a second: pings are free, writing attachments is not. */
  pinged(now: number): void {
    const { pingedAt } = this.#state;
    if (pingedAt !== null && Math.abs(now - pingedAt) < 1_000) return;
    this.#state = { ...this.#state, pingedAt: now };
    if (!this.#ended) this.socket.save(this.#state);
  }

  close(closing: Closing): void {
    this.forget();
    this.socket.close(closeCode(closing.code), closeReason(closing));
  }

  /** From here on the attachment stays empty, so that nobody takes a socket that still closes for an open one. */
  forget(): void {
    this.#ended = true;
    this.socket.save(null);
  }
}

/** An attachment of another version is of no use: its connection comes back and starts anew. */
export const isCurrent = (attachment: unknown): attachment is { readonly version: 1 } =>
  typeof attachment === "object" &&
  attachment !== null &&
  "version" in attachment &&
  attachment.version === 1;
