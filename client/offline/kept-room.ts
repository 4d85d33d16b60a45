// One open room and its part of the ledger: what waits in the room has an entry there, and what the ledger had before
// is put into the room. Invariant: each pending message and change of the room has one slot, from before it may be sent
// until it is settled.

import { type Message, parseCursor } from "../../src/protocol/index.ts";
import { backoffMs } from "../connection/retry.ts";
import type { ChangePhase, MessageChange, PendingChange } from "../room/messages/changes.ts";
import { isWaiting, type OutboxEntry, type OutgoingMessage } from "../room/messages/outbox.ts";
import type { KeptParts, RoomKeeper } from "../room/room-keeper.ts";
import { isTemporary, offline, RoomsError } from "../util/errors.ts";
import { ignoreRejection } from "../util/listeners.ts";
import type { Cancel, Ports } from "../util/ports.ts";
import { entryOf, isChange, mayGoUnseen, withoutError } from "./entries.ts";
import type { Ledger } from "./ledger.ts";
import { anew, firstCursor } from "./outbox-record.ts";
import type { Slot } from "./slot.ts";

export type KeptEntry = OutboxEntry | PendingChange;

/** A part of a room that is kept beside its outbox. */
interface Kept {
  /** To be called after anything may have changed. */
  changed(): void;
}

/** What rooms share. */
export interface KeptRoomPort {
  readonly ports: Ports;
  /** `undefined`: nothing is kept for an anonymous reader, and until the user is known. */
  readonly ledger: Ledger | undefined;
  /** What else is kept of the room; nothing where there is no ledger. */
  keptOf(room: KeptRoom): readonly Kept[];
  /** What was kept has been read, as far as anything can be. */
  readonly isReady: boolean;
  /** The entry of a slot whose room was left, with its promise. */
  taken(slot: Slot): KeptEntry | undefined;
  /** The room is left; these wait. */
  release(room: KeptRoom, entries: ReadonlyMap<KeptEntry, Slot>): void;
  onChanged(): void;
}

/** These end with the connection, or with the client: another one may do what this one could not. */
const PASSING = new Set(["offline", "timeout", "closed", "user_changed", "unauthorized", "token_expired"]);
/** About as many as the rate lets out in two seconds. */
const PREPARED_AT_ONCE = 25;
/** What opens a message that streams ends with the page, as who writes it does. */
const isLasting = (entry: KeptEntry): boolean => isChange(entry) || entry.said.stream === undefined;

const RETRY_LIMITS = { minMs: 250, maxMs: 30_000 };

export class KeptRoom implements RoomKeeper {
  readonly parts: KeptParts;
  readonly #port: KeptRoomPort;
  /** It is open only for what waits: changes that need to be looked at are left to the app. */
  readonly isUnseen: boolean;
  readonly #slots = new Map<KeptEntry, Slot>();
  #seen: readonly unknown[] = [];
  #refusals = 0;
  #cancelFlush: Cancel = () => {};

  constructor(parts: KeptParts, port: KeptRoomPort, isUnseen: boolean) {
    this.parts = parts;
    this.#port = port;
    this.isUnseen = isUnseen;
  }

  get slots(): ReadonlyMap<KeptEntry, Slot> {
    return this.#slots;
  }

  find(slot: Slot): KeptEntry | undefined {
    for (const [entry, other] of this.#slots) if (other === slot) return entry;
    return undefined;
  }

  admit(wish: MessageChange | OutgoingMessage): void {
    if ("stream" in wish) return;
    this.#port.ledger?.admit(wish);
  }

  verdict(entry: KeptEntry): "go" | "wait" | "skip" {
    const { ledger, isReady } = this.#port;
    if (!isReady) return "wait";
    if (ledger === undefined || !isLasting(entry)) return "go";
    const slot = this.#slotOf(ledger, entry);
    this.#sync(ledger, entry, slot);
    if (isChange(entry) && this.#isOfAnotherLog(slot)) {
      this.parts.changes.drop(entry, new RoomsError("not_found", "The room has begun a new log."));
      return "skip";
    }
    if (slot.record.cursor === undefined && !slot.isElsewhere) this.#prepare(ledger, entry);
    const verdict = ledger.verdict(slot);
    if (verdict === "go" && isChange(entry) && entry.hasWaited && this.#waits()) return "wait";
    if (verdict === "go" && !isChange(entry)) entry.firstCursor ??= slot.record.cursor;
    return verdict;
  }

  phaseAfter(entry: PendingChange, error: RoomsError): ChangePhase | undefined {
    const slot = this.#slots.get(entry);
    if (slot === undefined || !entry.hasWaited || entry.phase.status === "failed") return undefined;
    if (!this.parts.channel.live && PASSING.has(error.code)) {
      // The next replay shows what became of it.
      const { editedAt } = slot.record;
      const isKnown = entry.phase.status === "queued" || entry.phase.status === "unknown";
      return isKnown ? entry.phase : { status: "unknown", editedAt };
    }
    if (isTemporary(error)) {
      this.parts.limiter.pause(
        (error.retryAfterMs ?? 0) + backoffMs(this.#refusals++, RETRY_LIMITS, this.#port.ports.random),
      );
      this.#waits();
      return { status: "queued" };
    }
    entry.reject(error);
    this.parts.events.emit("error", error);
    return { status: "failed", error };
  }

  /** To be called after anything may have changed. */
  changed(): void {
    const { ledger } = this.#port;
    const { outbox, changes, channel } = this.parts;
    for (const kept of this.#port.keptOf(this)) kept.changed();
    const seen = [ledger, outbox.items, changes.shown, channel.live];
    if (ledger === undefined || seen.every((part, index) => part === this.#seen[index])) return;
    this.#seen = seen;
    const waiting: readonly KeptEntry[] = [
      ...outbox.entries.filter(isLasting),
      // What is stored is only shown until its event comes.
      ...changes.shown.filter(({ phase }) => phase.status !== "stored"),
    ];
    const settled = new Set(this.#slots.keys());
    for (const entry of waiting) {
      settled.delete(entry);
      this.#sync(ledger, entry, this.#slotOf(ledger, entry));
    }
    for (const entry of settled) this.#remove(ledger, entry);
    if (settled.size > 0) this.#refusals = 0;
    if (channel.live) this.#giveUpGone();
    this.#port.onChanged();
  }

  /** These were kept before; the room may be live. */
  restore(slots: readonly Slot[]): void {
    const { outbox, changes } = this.parts;
    const restored = slots.filter((slot) => !this.isUnseen || mayGoUnseen(slot.record));
    const sends: OutboxEntry[] = [];
    const waiting: PendingChange[] = [];
    for (const slot of restored) {
      const entry = this.#port.taken(slot) ?? entryOf(slot.record);
      if (entry === undefined) continue;
      this.#slots.set(entry, slot);
      if (isChange(entry)) waiting.push(entry);
      else sends.push(entry);
    }
    if (sends.length > 0) outbox.replace([...sends, ...outbox.entries]);
    if (waiting.length > 0) changes.replace([...waiting, ...changes.shown]);
  }

  /** Something more may be sent, or be shown as kept. */
  wake(): void {
    const { outbox, changes, channel } = this.parts;
    for (const [entry, slot] of this.#slots) {
      if (isChange(entry)) continue;
      entry.isKept = this.#port.ledger?.isKept(slot) === true;
      if (isWaiting(entry)) entry.phase = { status: entry.isKept ? "kept" : "queued" };
    }
    outbox.replace([...outbox.entries]);
    this.#seen = [];
    if (channel.live) {
      changes.onLive();
      outbox.flush();
    }
    this.parts.changed();
  }

  /** Without effect for what has not failed. */
  retry(entry: KeptEntry): void {
    const { outbox, changes } = this.parts;
    if (entry.phase.status !== "failed") return;
    if (isChange(entry)) {
      entry.phase = { status: "queued" };
      changes.replace([...changes.shown]);
    } else void ignoreRejection(outbox.retry(entry.id));
    changes.flush();
    this.parts.changed();
  }

  discard(entry: KeptEntry, error: RoomsError): void {
    if (isChange(entry)) this.parts.changes.drop(entry, error);
    else this.parts.outbox.discard(entry.id, error);
    this.parts.changed();
  }

  /** The room is left. What waits is taken out of it, and goes out all the same. */
  close(): void {
    this.#cancelFlush();
    const { outbox, changes } = this.parts;
    this.changed();
    for (const entry of changes.shown) {
      // What was said before the room was left is with the server, most likely.
      if (!entry.hasWaited) changes.drop(entry, new RoomsError("closed", "The room was left."));
    }
    this.changed();
    const sends = outbox.entries.filter(isLasting);
    const entries: readonly KeptEntry[] = [...sends, ...changes.shown];
    // It is not known whose it is: then nothing is kept, and it is rejected.
    if (entries.some((entry) => !this.#slots.has(entry))) {
      this.#port.release(this, new Map());
      return;
    }
    for (const entry of sends) {
      if (entry.phase.status === "sent") entry.phase = { status: entry.isKept ? "kept" : "queued" };
    }
    for (const entry of changes.shown) {
      const { editedAt } = this.#slots.get(entry)?.record ?? {};
      if (entry.phase.status === "sent" || entry.phase.status === "overtaken")
        entry.phase = { status: "unknown", editedAt };
    }
    outbox.replace(outbox.entries.filter((entry) => !isLasting(entry)));
    changes.replace([]);
    this.#port.release(this, new Map(this.#slots));
    this.#slots.clear();
  }

  /** What waits belongs to a former user, and stays theirs. */
  forget(): void {
    this.#cancelFlush();
    this.#slots.clear();
    this.#seen = [];
  }

  /**
   * From now on the next ones of this kind may have been sent, which is written once for all. Not of all that waits: a
   * room that keeps few messages would have passed the cursor before the last ones are sent.
   */
  #prepare(ledger: Ledger, next: KeptEntry): void {
    const { outbox, changes, channel, state } = this.parts;
    const { cursor } = channel;
    if (cursor === undefined) return;
    const waiting: readonly KeptEntry[] = isChange(next)
      ? changes.shown.filter(({ phase }) => phase.status === "queued")
      : outbox.entries.filter((entry) => isWaiting(entry) && isLasting(entry));
    const unprepared = waiting.filter((entry) => {
      const { record, isElsewhere } = this.#slotOf(ledger, entry);
      return record.cursor === undefined && !isElsewhere;
    });
    for (const entry of unprepared.slice(0, PREPARED_AT_ONCE)) {
      const slot = this.#slotOf(ledger, entry);
      const editedAt = isChange(entry) ? state.messages.get(entry.change.seq)?.editedAt : undefined;
      const first = firstCursor(slot.record, cursor);
      ledger.put(slot, { ...slot.record, cursor: first, ...(editedAt !== undefined && { editedAt }) });
    }
  }

  #slotOf(ledger: Ledger, entry: KeptEntry): Slot {
    const known = this.#slots.get(entry);
    if (known !== undefined) return known;
    const { name, channel, state } = this.parts;
    const { cursor } = channel;
    const { id, at } = entry;
    const wish = isChange(entry) ? { change: entry.change } : { said: entry.said };
    const epoch = cursor === undefined ? undefined : parseCursor(cursor)?.epoch;
    const held: Message | undefined = isChange(entry) ? state.messages.get(entry.change.seq) : undefined;
    const slot = ledger.add({
      ...{ room: name, id, at, ...wish },
      ...(isChange(entry) && epoch !== undefined && { epoch }),
      // What goes out at once is not waited for: if the page dies before it is durable, nothing is owed.
      ...(cursor !== undefined && (channel.live ? { cursor } : { known: cursor })),
      ...(held?.editedAt !== undefined && { editedAt: held.editedAt }),
    });
    this.#slots.set(entry, slot);
    return slot;
  }

  #isOfAnotherLog({ record: { epoch } }: Slot): boolean {
    const { live, cursor } = this.parts.channel;
    return live && epoch !== undefined && cursor !== undefined && parseCursor(cursor)?.epoch !== epoch;
  }

  /** Whether the rate asks to wait; then it goes on by itself. */
  #waits(): boolean {
    const waitMs = this.parts.limiter.waitMs(1);
    if (waitMs <= 0) return false;
    this.#cancelFlush();
    this.#cancelFlush = this.#port.ports.clock.after(waitMs, () => {
      this.parts.changes.flush();
      this.parts.changed();
    });
    return true;
  }

  /** The record says what the entry is. */
  #sync(ledger: Ledger, entry: KeptEntry, slot: Slot): void {
    if (slot.isElsewhere) return;
    const { record } = slot;
    const failure = entry.phase.status === "failed" ? entry.phase.error : undefined;
    if (entry.id !== record.id) {
      ledger.put(slot, anew(withoutError(record), entry.id));
    } else if (failure === undefined) {
      if (record.error !== undefined) ledger.put(slot, withoutError(record));
    } else if (record.error === undefined && !PASSING.has(failure.code)) {
      const { code, message } = failure;
      ledger.put(slot, { ...record, error: { code, message } });
    }
  }

  #remove(ledger: Ledger, entry: KeptEntry): void {
    const slot = this.#slots.get(entry);
    this.#slots.delete(entry);
    if (slot !== undefined) ledger.remove(slot);
  }

  /** The replay did not bring what another tab has settled. */
  #giveUpGone(): void {
    const error = offline("Another tab took this over, and it is not known here what became of it.");
    for (const [entry, { isGone }] of [...this.#slots]) {
      if (!isGone) continue;
      this.#slots.delete(entry);
      if (isChange(entry)) this.parts.changes.drop(entry, error);
      else this.parts.outbox.discard(entry.id, error);
    }
  }
}
