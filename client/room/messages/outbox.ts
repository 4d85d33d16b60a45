// What was sent and is not known to be stored. Invariant: an id that may have reached a server is sent again only with
// `retryOf`, and only after the replay was folded, so the message is stored once whatever happens in between.

import {
  CHAT_EVENT,
  isCommandId,
  type Message,
  SEND_RESULT,
  type SendCommand,
  type SendResult,
  type User,
} from "../../../src/protocol/index.ts";
import { backoffMs } from "../../connection/retry.ts";
import type { OnAnswer } from "../../connection/transport/commands.ts";
import { isTemporary, RoomsError } from "../../util/errors.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import type { SendRateLimiter } from "../../util/send-rate-limiter.ts";
import { jsonCopy, resultOf } from "../../util/wire.ts";
import type { SendExtras, SendOptions, StreamOptions } from "./send-options.ts";

/** Where a message is stored: its place in the log, its time in milliseconds since 1970, and its id. */
export interface Stored {
  readonly seq: number;
  readonly at: number;
  readonly id: string;
}

export type OutboxStatus = "queued" | "kept" | "sent" | "failed";

/** A message that is not known to be stored yet. */
export interface NamedItem<Name extends string = string, Data = unknown> {
  readonly id: string;
  readonly event: Name;
  readonly data: Data;
  /**
   * `queued` waits for its turn; so does `kept`, which `keepOffline` has stored: it goes out also after a reload.
   * `sent` waits for its answer, `failed` for `room.retry(id)` or `room.discard(id)`.
   */
  readonly status: OutboxStatus;
  /** Why it failed. */
  readonly error?: RoomsError;
}

/** An own message that is not stored yet: it has no `seq`. */
export interface NamedPending<Name extends string = string, Data = unknown>
  extends NamedItem<Name, Data>,
    SendExtras {
  readonly type: "message";
  readonly pending: true;
  /** `null` until the first connection. */
  readonly from: User | null;
  /** When `send` was called, in milliseconds since 1970 by the server's clock. */
  readonly at: number;
  /** It is the opening of a message that streams. */
  readonly stream?: "open";
  readonly field?: string;
  readonly n?: never;
  readonly producer?: never;
  readonly seq?: never;
  readonly byServer?: never;
  readonly editedAt?: never;
  readonly editedBy?: never;
  readonly deletedAt?: never;
  readonly reactions?: never;
  readonly changed?: never;
  readonly expiresAt?: never;
  readonly flag?: never;
}

/** One send, from the call until it is known to be stored. */
export interface OutboxEntry {
  /** A retry may get a new one. */
  id: string;
  readonly said: OutgoingMessage;
  readonly at: number;
  phase: OutboxPhase;
  /** It outlives the page. */
  isKept: boolean;
  /** What was known of the log when the first try went out whose fate is unknown. */
  firstCursor: string | undefined;
  resolve: (stored: Stored) => void;
  reject: (error: RoomsError) => void;
}

/** What the app sends, as JSON has it: without the fields that are not given. */
export interface OutgoingMessage extends Omit<SendOptions<string>, "key">, StreamOptions<string> {
  readonly event: string;
  readonly data?: unknown;
  /** It opens a message that its producer goes on writing. It ends with the page, as the producer does. */
  readonly stream?: true;
}

export type OutboxPhase =
  | { readonly status: "queued" | "kept" | "sent" }
  | { readonly status: "failed"; readonly error: RoomsError };

export const isWaiting = ({ phase: { status } }: OutboxEntry): boolean =>
  status === "queued" || status === "kept";

/** Each command costs one, and each mention one more. */
const sendCost = ({ said: { mentions = [] } }: OutboxEntry): number => 1 + mentions.length;

function sendCommand({ id, said, firstCursor }: OutboxEntry): SendCommand {
  const { event, data, echo, ...rest } = said;
  return {
    type: "send",
    id,
    ...(event !== CHAT_EVENT && { event }),
    data,
    ...rest,
    ...(echo === false && { echo }),
    ...(firstCursor !== undefined && { retryOf: firstCursor }),
  };
}

/**
 * As `make`, but the same object for an entry until it is in another phase, with which its id may change too. So an event
 * costs the same for each entry that it leaves as it is, and an app sees which ones these are.
 */
function shownOnce<Context, Shown>(
  make: (entry: OutboxEntry, context: Context) => Shown,
): (entry: OutboxEntry, context: Context) => Shown {
  const made = new WeakMap<OutboxEntry, { phase: OutboxPhase; context: Context; shown: Shown }>();
  return (entry, context) => {
    const { phase } = entry;
    const known = made.get(entry);
    if (known?.phase === phase && known.context === context) return known.shown;
    const shown = make(entry, context);
    made.set(entry, { phase, context, shown });
    return shown;
  };
}

const outboxItem = shownOnce(
  ({ id, said: { event, data }, phase }: OutboxEntry, _: undefined): NamedItem =>
    Object.freeze({ id, event, data, ...phase }),
);

export const pendingMessage = shownOnce(
  ({ id, said, at, phase }: OutboxEntry, from: User | null): NamedPending => {
    const { echo: _, stream, data, ...rest } = said;
    const isOpen = stream && { stream: "open" as const };
    return Object.freeze({
      type: "message",
      pending: true,
      id,
      ...rest,
      ...isOpen,
      ...{ data, from, at },
      ...phase,
    });
  },
);

/** The message that the server stored for an entry whose event it left out. */
export function storedMessage(
  { id, said }: OutboxEntry,
  { seq, at }: SendResult,
  user: User | null,
): Message {
  const { echo: _, stream: __, data, expiresInSeconds, ...rest } = said;
  const from = user && { id: user.id, ...(user.name !== undefined && { name: user.name }) };
  const expires = expiresInSeconds !== undefined && { expiresAt: at + expiresInSeconds * 1_000 };
  return { type: "message", seq, id, ...rest, data, from, at, ...expires };
}

/** What keeps messages beyond the life of the page. */
export interface OutboxKeeper {
  /** Throws `outbox_full` where this is one entry too many. */
  admit(said: OutgoingMessage): void;
  /** Asked before an entry is sent. `wait`: nothing that comes after it goes first; `skip`: it is not sent from here. */
  verdict(entry: OutboxEntry): "go" | "wait" | "skip";
}

/** The connection, as an outbox sees it. */
export interface OutboxPort {
  readonly keeper: OutboxKeeper | undefined;
  readonly live: boolean;
  readonly answers: {
    /** Asked before a message that streams is opened. `false`: a `flush` follows when it may be. */
    mayOpen(): boolean;
    /** The room has too many open messages: no other is opened for so long. */
    openLater(waitMs: number): void;
  };
  /** The server's time. */
  now(): number;
  /** Known while live. */
  readonly cursor: string | undefined;
  request(command: SendCommand, onAnswer: OnAnswer): void;
  /** The entry is stored; perhaps its event has said so already. */
  onStored(entry: OutboxEntry, result: SendResult): void;
  /** Publishes what changed; only a change that came from a timer asks for it. */
  changed(): void;
}

/** Another promise that ends as that of the entry does. */
function settleToo(entry: OutboxEntry, resolve: OutboxEntry["resolve"], reject: OutboxEntry["reject"]): void {
  const first = { resolve: entry.resolve, reject: entry.reject };
  entry.resolve = (stored) => {
    first.resolve(stored);
    resolve(stored);
  };
  entry.reject = (error) => {
    first.reject(error);
    reject(error);
  };
}

const RETRY_LIMITS = { minMs: 250, maxMs: 30_000 };

export class Outbox {
  readonly #ports: Ports;
  readonly #port: OutboxPort;
  readonly #limiter: SendRateLimiter;
  #entries: readonly OutboxEntry[] = [];
  #items: readonly NamedItem[] | undefined;
  #cancelFlush: Cancel | undefined;
  /** How many times in a row the server asked for a later try. */
  #refusals = 0;

  constructor(ports: Ports, port: OutboxPort, limiter: SendRateLimiter) {
    this.#ports = ports;
    this.#port = port;
    this.#limiter = limiter;
  }

  /** In the order of `send`. */
  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  /** The same array until something changes. */
  get items(): readonly NamedItem[] {
    this.#items ??= Object.freeze(this.#entries.map((entry) => outboxItem(entry, undefined)));
    return this.#items;
  }

  add(
    data: unknown,
    {
      event = CHAT_EVENT,
      key: id = this.#ports.newId(),
      replyTo,
      mentions,
      expiresInSeconds,
      echo,
    }: SendOptions<string>,
    opening: Pick<OutgoingMessage, "stream" | "field"> = {},
  ): Promise<Stored> {
    const same = this.#find(id);
    if (same?.phase.status === "failed") return this.retry(id);
    return new Promise((resolve, reject) => {
      if (!isCommandId(id))
        throw new RoomsError("bad_request", "A key has 1 to 64 characters.", { path: ["key"] });
      if (same !== undefined) return settleToo(same, resolve, reject);
      // Not what else an app in JavaScript gives, such as the `id` of a message that it sends again.
      const said = jsonCopy<OutgoingMessage>({
        event,
        data,
        replyTo,
        expiresInSeconds,
        echo,
        mentions: mentions?.length ? mentions : undefined,
        ...opening,
      });
      this.#port.keeper?.admit(said);
      const queued: OutboxPhase = { status: "queued" };
      const entry = { id, said, at: this.#port.now(), phase: queued, isKept: false, firstCursor: undefined };
      this.replace([...this.#entries, { ...entry, resolve, reject }]);
      this.flush();
    });
  }

  /** Sends what is queued, as far as the rate allows; a timer sends the rest. To be called when live. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    for (const entry of this.#entries) {
      if (!this.#port.live) return;
      if (!isWaiting(entry) || (entry.said.stream && !this.#port.answers.mayOpen())) continue;
      const verdict = this.#port.keeper?.verdict(entry);
      if (verdict === "skip") continue;
      if (verdict === "wait") return;
      const waitMs = this.#limiter.waitMs(sendCost(entry));
      if (waitMs > 0) {
        this.#cancelFlush = this.#ports.clock.after(waitMs, () => {
          this.flush();
          this.#port.changed();
        });
        return;
      }
      this.#send(entry);
    }
  }

  /** The own message of this id was seen in an event or a replay. */
  onEvent({ id, seq, at }: Stored): void {
    const entry = this.#find(id);
    if (entry !== undefined) this.#settle(entry, { seq, at, id });
  }

  /** Tries a failed message again. Resolves as `send` does. */
  retry(id: string): Promise<Stored> {
    return new Promise((resolve, reject) => {
      const entry = this.#find(id);
      if (entry?.phase.status !== "failed") {
        throw new RoomsError("not_found", "Nothing failed under this id.");
      }
      // The log no longer knows whether it has the old id, so a try with it could never be answered.
      if (entry.phase.error.code === "stale_retry") {
        entry.id = this.#ports.newId();
        entry.firstCursor = undefined;
      }
      Object.assign(entry, { resolve, reject });
      this.#queue(entry);
      this.flush();
    });
  }

  /** Removes a message. One that is `sent` may be stored all the same. */
  discard(id: string, error = new RoomsError("dropped", "Taken out of the outbox.")): void {
    const entry = this.#find(id);
    if (entry === undefined) return;
    this.#remove(entry);
    entry.reject(error);
  }

  /** Everything that waits has failed; it stays for `retry`. */
  fail(error: RoomsError): void {
    for (const entry of this.#entries) this.#fail(entry, error);
  }

  /** Drops everything, and rejects it. */
  clear(error: RoomsError): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#refusals = 0;
    const entries = this.#entries;
    this.replace([]);
    for (const { reject } of entries) reject(error);
  }

  /** From now on these wait, in this order. */
  replace(entries: readonly OutboxEntry[]): void {
    this.#entries = entries;
    this.#items = undefined;
  }

  #send(entry: OutboxEntry): void {
    const isRepeat = entry.firstCursor !== undefined;
    const command = sendCommand(entry);
    const { id } = entry;
    const refusals = this.#refusals;
    entry.firstCursor ??= this.#port.cursor;
    this.#limiter.spendSend(sendCost(entry));
    this.#setPhase(entry, { status: "sent" });
    this.#port.request(command, (answer) => {
      const result = answer && resultOf(answer, SEND_RESULT);
      const isRefused = result instanceof RoomsError;
      // Also for a message that was discarded: without echo only the `ok` tells of its place in the log.
      if (result && !isRefused) this.#port.onStored(entry, result);
      // It was settled by its event, discarded, or failed with its connection.
      if (this.#find(id)?.phase.status !== "sent") return;
      if (result === undefined) this.#queue(entry);
      else if (isRefused) {
        // Only of a repeat may an earlier try have been stored: this one was not.
        if (!isRepeat && answer?.type === "error") entry.firstCursor = undefined;
        if (isTemporary(result)) this.#sendLater(entry, result, refusals);
        else this.#fail(entry, result);
      } else {
        this.#refusals = 0;
        this.#settle(entry, { id, seq: result.seq, at: result.at });
      }
    });
  }

  #sendLater(entry: OutboxEntry, { code, retryAfterMs = 0 }: RoomsError, refusalsBefore: number): void {
    // The refusals of messages that were sent together count as one.
    this.#refusals = Math.max(this.#refusals, refusalsBefore + 1);
    const waitMs = backoffMs(this.#refusals - 1, RETRY_LIMITS, this.#ports.random);
    if (entry.said.stream && code === "overloaded") this.#port.answers.openLater(retryAfterMs + waitMs);
    // Nothing newer overtakes it.
    else this.#limiter.pause(retryAfterMs + waitMs);
    if (code === "rate_limited") this.#limiter.emptied();
    this.#queue(entry);
    this.flush();
  }

  #settle(entry: OutboxEntry, stored: Stored): void {
    this.#remove(entry);
    entry.resolve(stored);
  }

  #fail(entry: OutboxEntry, error: RoomsError): void {
    if (entry.phase.status === "failed") return;
    // Nobody could write what is opened by another try.
    if (entry.said.stream) this.#remove(entry);
    else this.#setPhase(entry, { status: "failed", error });
    entry.reject(error);
  }

  #queue(entry: OutboxEntry): void {
    this.#setPhase(entry, { status: entry.isKept ? "kept" : "queued" });
  }

  #find(id: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  #setPhase(entry: OutboxEntry, phase: OutboxPhase): void {
    entry.phase = phase;
    this.#items = undefined;
  }

  #remove(entry: OutboxEntry): void {
    this.replace(this.#entries.filter((other) => other !== entry));
  }
}
