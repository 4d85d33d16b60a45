import { type Identity, userOf } from "../access/identity.ts";
import {
  type Closing,
  closeCode,
  closeReason,
  MAX_FRAME_BYTES,
  type Topics,
  type User,
} from "../protocol/index.ts";
import { Backlog, RefusalLimiter } from "./flood-guard.ts";
import type { ConnectionWhom, JournalEntry } from "./journal.ts";
import type { PollStanding } from "./polled-socket.ts";
import type { SocketPort } from "./socket-port.ts";

/**
 * What every connection keeps in its attachment. It outlives hibernation, and perhaps a deployment: so it has a
 * version.
 */
export interface BaseConnectionState {
  readonly version: 1;
  /** For logs and support. */
  readonly id: string;
  readonly topics: Topics;
  /** The largest frame that the client takes, in bytes. Left out: any. */
  readonly frameBytes?: number;
  /** When the object itself last answered a ping, in milliseconds; `null`: never. */
  readonly pingedAt: number | null;
  /** Of a connection whose client polls. */
  readonly poll?: PollStanding;
}

const MAX_UNSENT_BYTES = 4 * 1_048_576;
const MANY_UNSENT_BYTES = 262_144;

/** One socket, its state, and what bounds it. The connections of rooms and of users are both of this kind. */
export abstract class BaseConnection<State extends BaseConnectionState> {
  readonly socket: SocketPort;
  readonly refusals = new RefusalLimiter();
  readonly backlog = new Backlog();
  #state: State;
  #ended = false;
  #closing: Closing | undefined;
  #closeCode: number | undefined;
  #heardAt: number | null = null;

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

  get heardAt(): number | null {
    return this.#heardAt;
  }

  get user(): User | null {
    return userOf(this.identity);
  }

  /** The largest frame to send it, in bytes. A single event that is larger is sent all the same. */
  get frameBytes(): number {
    return this.#state.frameBytes ?? MAX_FRAME_BYTES;
  }

  update(patch: Partial<State>): void {
    const state = { ...this.#state, ...patch };
    // Saved first: if that throws, the state is as it was.
    if (!this.#ended) this.socket.save(state);
    this.#state = state;
  }

  /** Whether it keeps more state at no cost, for as long as it lasts. */
  get keepsState(): boolean {
    return !this.#ended && this.socket.savesForFree;
  }

  /**
   * Whether more than 4 MiB wait to be sent: the client does not read. It is closed, and replays when it comes back.
   */
  get isSlow(): boolean {
    return this.socket.unsentBytes() > MAX_UNSENT_BYTES;
  }

  /** Whether more than 256 KiB wait to be sent. */
  get lagsBehind(): boolean {
    return this.socket.unsentBytes() > MANY_UNSENT_BYTES;
  }

  /** A frame of the client has come. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** The client sent a ping that the object answers. Saved at most once a second, as saving takes time. */
  pinged(now: number): void {
    const { pingedAt } = this.#state;
    if (pingedAt !== null && Math.abs(now - pingedAt) < 1_000) return;
    this.#state = { ...this.#state, pingedAt: now };
    if (!this.#ended) this.socket.save(this.#state);
  }

  /** Whom log lines about it name. */
  get whom(): ConnectionWhom {
    const { user } = this;
    return { connection: this.#state.id, ...(user !== null && { user: user.id }) };
  }

  /** How it ended. `fallback`: the close code, if neither side said one. */
  end(fallback: number): JournalEntry {
    const closing = this.#closing;
    const closeCode = this.#closeCode ?? fallback;
    return { kind: "closed", closeCode, ...(closing !== undefined && { closing }), ...this.whom };
  }

  /** Its client closed it with `code`, or it was lost. */
  closedWith(code: number): void {
    this.#closeCode ??= code;
  }

  close(closing: Closing): void {
    this.forget();
    this.#closing ??= closing;
    this.#closeCode ??= closeCode(closing.code);
    this.socket.close(closeCode(closing.code), closeReason(closing));
  }

  /** Empties the attachment for good, so that a socket that is still closing is not taken for an open one. */
  forget(): void {
    this.#ended = true;
    this.socket.save(null);
  }
}

/** Whether this code can read an attachment. A connection with another one is closed, and its client reconnects. */
export const isCurrent = (attachment: unknown): attachment is { readonly version: 1 } =>
  typeof attachment === "object" &&
  attachment !== null &&
  "version" in attachment &&
  attachment.version === 1;
