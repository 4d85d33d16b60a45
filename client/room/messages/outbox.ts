// What was sent and is not known to be stored. Invariant: an id that may have reached a server is sent again only with
// `retryOf`, and only after the replay was folded, so the message is stored once whatever happens in between.

import { CHAT_EVENT, SEND_RESULT, type SendCommand, type SendResult } from "../../../src/protocol/index.ts";
import { backoffMs } from "../../connection/retry.ts";
import type { OnAnswer } from "../../connection/transport/pending-answers.ts";
import { isTemporary, RoomsError } from "../../util/errors.ts";
import { jsonCopy } from "../../util/json-copy.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import type { SendRateLimiter } from "../../util/send-rate-limiter.ts";
import { resultOf } from "../../wire/results.ts";
import {
  type OutboxEntry,
  type OutboxItem,
  type OutboxPhase,
  type OutgoingMessage,
  outboxItem,
  type SendOptions,
  type Stored,
  sendCommand,
  sendCost,
} from "./outbox-entry.ts";

/** The connection, as an outbox sees it. */
export interface OutboxPort {
  readonly live: boolean;
  /** Known while live. */
  readonly cursor: string | undefined;
  request(command: SendCommand, onAnswer: OnAnswer): void;
  /** The entry is stored; perhaps its event has said so already. */
  onStored(entry: OutboxEntry, result: SendResult): void;
  /** After a change that came from a timer. */
  onChange(): void;
}

const RETRY_LIMITS = { minMs: 250, maxMs: 30_000 };

export class Outbox {
  readonly #ports: Ports;
  readonly #port: OutboxPort;
  readonly #limiter: SendRateLimiter;
  #entries: readonly OutboxEntry[] = [];
  #items: readonly OutboxItem[] | undefined;
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
  get items(): readonly OutboxItem[] {
    this.#items ??= Object.freeze(this.#entries.map(outboxItem));
    return this.#items;
  }

  add(data: unknown, { event = CHAT_EVENT, mentions, ...rest }: SendOptions): Promise<Stored> {
    return new Promise((resolve, reject) => {
      const said = jsonCopy<OutgoingMessage>({
        ...{ ...rest, event, data },
        mentions: mentions?.length ? mentions : undefined,
      });
      if (said === undefined || !("data" in said)) {
        throw new RoomsError("bad_request", "This cannot be written as JSON.");
      }
      const { clock, newId } = this.#ports;
      const queued: OutboxPhase = { status: "queued" };
      const entry = { id: newId(), said, at: clock.now(), phase: queued, firstCursor: undefined };
      this.#replace([...this.#entries, { ...entry, resolve, reject }]);
      this.flush();
    });
  }

  /** Sends what is queued, as far as the rate allows; a timer sends the rest. To be called when live. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    for (const entry of this.#entries) {
      if (entry.phase.status !== "queued") continue;
      if (!this.#port.live) return;
      const waitMs = this.#limiter.waitMs(sendCost(entry));
      if (waitMs > 0) {
        this.#cancelFlush = this.#ports.clock.after(waitMs, () => {
          this.flush();
          this.#port.onChange();
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
      this.#setPhase(entry, { status: "queued" });
      this.flush();
    });
  }

  /** Removes a message. One that is `sent` may be stored all the same. */
  discard(id: string): void {
    const entry = this.#find(id);
    if (entry === undefined) return;
    this.#remove(entry);
    entry.reject(new RoomsError("dropped", "Taken out of the outbox."));
  }

  /** Everything that waits has failed; it stays for `retry`. */
  fail(error: RoomsError): void {
    for (const entry of this.#entries) this.#fail(entry, error);
  }

  /** For good. */
  close(): void {
    this.#cancelFlush?.();
    const entries = this.#entries;
    this.#replace([]);
    for (const { reject } of entries) reject(new RoomsError("closed", "The room was left."));
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
      if (result === undefined) this.#setPhase(entry, { status: "queued" });
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
    // Nothing newer overtakes it.
    this.#limiter.pause(retryAfterMs + waitMs);
    if (code === "rate_limited") this.#limiter.emptied();
    this.#setPhase(entry, { status: "queued" });
    this.flush();
  }

  #settle(entry: OutboxEntry, stored: Stored): void {
    this.#remove(entry);
    entry.resolve(stored);
  }

  #fail(entry: OutboxEntry, error: RoomsError): void {
    if (entry.phase.status === "failed") return;
    this.#setPhase(entry, { status: "failed", error });
    entry.reject(error);
  }

  #find(id: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  #setPhase(entry: OutboxEntry, phase: OutboxPhase): void {
    entry.phase = phase;
    this.#items = undefined;
  }

  #remove(entry: OutboxEntry): void {
    this.#replace(this.#entries.filter((other) => other !== entry));
  }

  #replace(entries: readonly OutboxEntry[]): void {
    this.#entries = entries;
    this.#items = undefined;
  }
}
