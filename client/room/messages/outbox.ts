// What was sent and is not known to be stored. Invariant: an id that may have reached a server goes out again only
// with `retryOf`, and only after the replay was looked at, so it is stored once whatever happens in between.

import {
  type Answer,
  ERRORS,
  type ErrorAnswer,
  type SendCommand,
  type SendResult,
} from "../../../src/protocol/index.ts";
import { backoffMs } from "../../connection/retry.ts";
import type { OnAnswer } from "../../connection/transport/pending-answers.ts";
import { offline, RoomsError, refusalError } from "../../util/errors.ts";
import { jsonCopy } from "../../util/json-copy.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import { quiet } from "../../util/quiet.ts";
import type { SendPacer } from "../../util/send-pacer.ts";
import { isSendResult } from "../../wire/shapes.ts";
import {
  costOf,
  eventOf,
  type OutboxEntry,
  type OutboxItem,
  type OutboxPhase,
  outboxItem,
  type SendOptions,
  type Stored,
  sendCommand,
} from "./outbox-entry.ts";

/** The connection, as an outbox sees it. */
export interface OutboxLine {
  readonly live: boolean;
  /** Known while live. */
  readonly cursor: string | undefined;
  request(command: SendCommand, onAnswer: OnAnswer): void;
  /** What was sent is stored, perhaps known from its event already. */
  onStored(entry: OutboxEntry, result: SendResult): void;
  /** After a change that no call and no frame brought about. */
  onChange(): void;
}

const RETRY_LIMITS = { minMs: 250, maxMs: 30_000 };

export class Outbox {
  readonly #ports: Ports;
  readonly #line: OutboxLine;
  readonly #pacer: SendPacer;
  /** By id, in the order of `send`. */
  #entries = new Map<string, OutboxEntry>();
  #items: readonly OutboxItem[] | undefined;
  #cancelFlush: Cancel | undefined;
  #refusals = 0;

  constructor(ports: Ports, line: OutboxLine, pacer: SendPacer) {
    this.#ports = ports;
    this.#line = line;
    this.#pacer = pacer;
  }

  get entries(): readonly OutboxEntry[] {
    return [...this.#entries.values()];
  }

  /** The same array until something changes. */
  get items(): readonly OutboxItem[] {
    this.#items ??= Object.freeze(this.entries.map(outboxItem));
    return this.#items;
  }

  add(data: unknown, options: SendOptions): Promise<Stored> {
    const copy: Wish | undefined = jsonCopy({ data, options });
    if (copy === undefined || !("data" in copy)) {
      return quiet(Promise.reject(new RoomsError("bad_request", "This cannot be written as JSON.")));
    }
    const { clock, newId } = this.#ports;
    const settle = Promise.withResolvers<Stored>();
    const phase: OutboxPhase = { status: "queued" };
    const event = eventOf(copy.options);
    this.#put({ id: newId(), event, data: copy.data, ...copy, createdAt: clock.now(), phase, settle });
    this.flush();
    return quiet(settle.promise);
  }

  /** Sends what is queued, as far as the pace allows; the rest follows by itself. To be called when live. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    for (const entry of this.#entries.values()) {
      if (entry.phase.status !== "queued") continue;
      if (!this.#line.live) return;
      const waitMs = this.#pacer.waitMs(costOf(entry));
      if (waitMs > 0) {
        this.#cancelFlush = this.#ports.clock.after(waitMs, () => {
          this.flush();
          this.#line.onChange();
        });
        return;
      }
      this.#send(entry);
    }
  }

  /** The own message of this id was seen in an event or a replay. */
  onEvent({ id, seq, at }: Stored): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#settle(entry, { seq, at, id });
  }

  /** A new try of what failed. Resolves as `send` does. */
  retry(id: string): Promise<Stored> {
    const failed = this.#entries.get(id);
    if (failed?.phase.status !== "failed") {
      return quiet(Promise.reject(new RoomsError("not_found", "Nothing failed under this id.")));
    }
    const { error, firstCursor } = failed.phase;
    const settle = Promise.withResolvers<Stored>();
    // The log no longer knows whether it has the old id, so it could never be answered.
    const entry: OutboxEntry =
      error.code === "stale_retry"
        ? { ...failed, id: this.#ports.newId(), settle, phase: { status: "queued" } }
        : {
            ...failed,
            settle,
            phase: { status: "queued", ...(firstCursor !== undefined && { firstCursor }) },
          };
    const entries = this.entries.map((held) => (held.id === id ? entry : held));
    this.#entries = new Map(entries.map((held) => [held.id, held]));
    this.#items = undefined;
    this.flush();
    return quiet(settle.promise);
  }

  /** Forgets it. What was sent already may arrive all the same. */
  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#remove(id);
    entry.settle.reject(new RoomsError("dropped", "Taken out of the outbox."));
  }

  /** Everything that waits has failed; it stays for `retry`. */
  fail(error: RoomsError): void {
    for (const entry of this.#entries.values()) this.#fail(entry, error, entry.phase.firstCursor);
  }

  /** For good. */
  close(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const { entries } = this;
    this.#entries.clear();
    this.#items = undefined;
    for (const { settle } of entries) settle.reject(new RoomsError("closed", "The room was left."));
  }

  #send(entry: OutboxEntry): void {
    const firstCursor = entry.phase.firstCursor ?? this.#line.cursor;
    if (firstCursor === undefined) return;
    this.#pacer.spendSend(costOf(entry));
    this.#put({ ...entry, phase: { status: "sent", firstCursor } });
    const isRepeat = entry.phase.firstCursor !== undefined;
    this.#line.request(sendCommand(entry), (answer) => {
      // Also of what was dropped meanwhile: without echo the `ok` is all that tells of its place in the log.
      if (answer?.type === "ok" && isSendResult(answer)) this.#line.onStored(entry, answer);
      this.#onAnswer(entry.id, isRepeat, answer);
    });
  }

  #onAnswer(id: string, isRepeat: boolean, answer: Answer | undefined): void {
    const entry = this.#entries.get(id);
    // Settled by its event, dropped, or failed with its connection.
    if (entry?.phase.status !== "sent") return;
    const { firstCursor } = entry.phase;
    if (answer === undefined) this.#put({ ...entry, phase: { status: "queued", firstCursor } });
    else if (answer.type === "error") this.#onRefusal(entry, isRepeat, answer);
    else if (answer.type === "ok" && isSendResult(answer)) {
      this.#refusals = 0;
      this.#settle(entry, { id, seq: answer.seq, at: answer.at });
    } else this.#fail(entry, offline("The answer could not be read."), firstCursor);
  }

  #onRefusal(entry: OutboxEntry, isRepeat: boolean, answer: ErrorAnswer): void {
    // Only of a repeat may an earlier try have been stored: this one was not.
    const firstCursor = isRepeat ? entry.phase.firstCursor : undefined;
    if (!ERRORS[answer.code].again) {
      this.#fail(entry, refusalError(answer), firstCursor);
      return;
    }
    // Of a volley that was refused together, one refusal counts.
    if (!this.#pacer.paused) this.#refusals += 1;
    const waitMs = backoffMs(this.#refusals - 1, RETRY_LIMITS, this.#ports.random);
    // Nothing newer overtakes it.
    this.#pacer.pause((answer.retryAfterMs ?? 0) + waitMs);
    if (answer.code === "rate_limited") this.#pacer.emptied();
    this.#put({ ...entry, phase: { status: "queued", ...(firstCursor !== undefined && { firstCursor }) } });
    this.flush();
  }

  #settle(entry: OutboxEntry, stored: Stored): void {
    this.#remove(entry.id);
    entry.settle.resolve(stored);
  }

  #fail(entry: OutboxEntry, error: RoomsError, firstCursor: string | undefined): void {
    if (entry.phase.status === "failed") return;
    this.#put({
      ...entry,
      phase: { status: "failed", error, ...(firstCursor !== undefined && { firstCursor }) },
    });
    entry.settle.reject(error);
  }

  #put(entry: OutboxEntry): void {
    this.#entries.set(entry.id, entry);
    this.#items = undefined;
  }

  #remove(id: string): void {
    this.#entries.delete(id);
    this.#items = undefined;
  }
}

interface Wish {
  /** Left out where it was nothing that JSON knows. */
  readonly data?: unknown;
  readonly options: SendOptions;
}
