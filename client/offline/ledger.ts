// The entries of one user's outbox that this tab may send, in memory and in the storage. Tabs share the storage: each
// entry has one owner, and every write checks it. What an owner that is gone has left is taken over.
// Invariant: nothing is sent before it is durable that it may have been sent. If that cannot be written, it is tried
// again, and at last the entry is withdrawn from the storage: what no storage knows cannot be sent again after a crash.

import { backoffMs } from "../connection/retry.ts";
import { RoomsError } from "../util/errors.ts";
import type { LogFunction } from "../util/log.ts";
import type { Cancel, Ports } from "../util/ports.ts";
import { Liveness } from "./liveness.ts";
import type { OfflineStorage, StoredEntry } from "./offline-storage.ts";
import { type OutboxRecord, recordIn, type UserKeys } from "./outbox-record.ts";

export const MAX_ENTRIES = 1_000;
export const MAX_BYTES = 5_000_000;

const RETRY_LIMITS = { minMs: 1_000, maxMs: 60_000 };
/** So many writes in a row are not by chance, but as the disk is full: then what waits goes out from memory. */
const FAILURES_BEFORE_WITHDRAWAL = 2;
/** How often a tab looks for entries of tabs that are gone, and says that it is not. */
const LOOK_EVERY_MS = 15_000;

/** One entry, as this tab has it. */
export interface Slot {
  readonly key: string;
  /** As it shall be. */
  record: OutboxRecord;
  /** As it is known to be durable. */
  written: OutboxRecord | undefined;
  /** A version without `cursor` may be in the storage: after a crash it would count as never sent. */
  isBare: boolean;
  /** Another tab sends it. */
  isElsewhere: boolean;
  /** It is not in the storage any more: another tab had it stored, or discarded it. */
  isGone: boolean;
  /** What was known of the log when the app asked, for when it cannot be known whether it was sent. */
  readonly known: string | undefined;
  readonly bytes: number;
}

export interface LedgerEvents {
  /** These were left by a tab that is gone, in the order of their calls. */
  onAdopted(slots: readonly Slot[]): void;
  /** It is durable, or another tab has it: it may be shown as such, and may be sent. */
  onChanged(slots: readonly Slot[]): void;
}

export interface LedgerPorts extends Pick<Ports, "clock" | "random" | "newId"> {
  readonly storage: OfflineStorage;
  readonly keys: UserKeys;
  /** A name that no other tab has. */
  readonly tab: string;
  readonly log: LogFunction;
}

export class Ledger {
  readonly #ports: LedgerPorts;
  readonly #events: LedgerEvents;
  readonly #liveness: Liveness;
  readonly #slots = new Map<string, Slot>();
  /** What this tab shows, and another one sends. */
  readonly #elsewhere = new Map<string, Slot>();
  readonly #dirty = new Set<Slot>();
  readonly #removed = new Set<string>();
  #others: readonly StoredEntry[] = [];
  #born: string | undefined;
  #lastOrder = 0;
  #failures = 0;
  #hasWarned = false;
  #isPumping = false;
  #isScanning = false;
  #scansAgain = false;
  #woke = false;
  /** The last look failed, so there may be more than is known. */
  #isUnsure = false;
  #isOver = false;
  readonly #leave: Cancel;
  #cancelRetry: Cancel = () => {};
  #cancelLook: Cancel | undefined;

  constructor(ports: LedgerPorts, events: LedgerEvents) {
    this.#ports = ports;
    this.#events = events;
    this.#liveness = new Liveness(ports);
    this.#leave =
      ports.storage.tabs?.join(ports.tab, (stoodStill) => void this.scan(stoodStill)) ?? (() => {});
  }

  /** Those of this tab, in the order of their calls. */
  get slots(): readonly Slot[] {
    return [...this.#slots.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Throws `outbox_full` where an entry that says `wish` is one too many. */
  admit(wish: unknown): void {
    const mine = [...this.#slots.values()];
    const bytes = mine.reduce((sum, slot) => sum + slot.bytes, sizeOf(wish));
    const theirs = this.#others.reduce((sum, { value }) => sum + sizeOf(value), 0);
    if (mine.length + this.#others.length >= MAX_ENTRIES || bytes + theirs > MAX_BYTES)
      throw new RoomsError("outbox_full", "More waits to be sent than can be kept.");
  }

  /** `known`: what is known of the log of the room. */
  add(record: Omit<OutboxRecord, "owner" | "claim">, known: string | undefined): Slot {
    const { tab, keys } = this.#ports;
    // A clock that is set back does not change the order of a tab.
    this.#lastOrder = Math.max(this.#lastOrder + 1, Math.floor(record.at));
    const slot: Slot = {
      key: `${keys.entries}${String(this.#lastOrder).padStart(15, "0")}-${tab}`,
      record: { ...record, owner: tab, claim: 0 },
      ...{ written: undefined, isBare: false, isElsewhere: false, isGone: false, known },
      bytes: sizeOf(record),
    };
    this.#slots.set(slot.key, slot);
    this.#write(slot);
    return slot;
  }

  /** Sets what is known of an entry. */
  put(slot: Slot, record: OutboxRecord): void {
    // Under its former id it may have been sent; under the new one it must not be before that is durable.
    if (record.id !== slot.record.id) slot.isBare = true;
    slot.record = record;
    if (!slot.isElsewhere) this.#write(slot);
  }

  /** It is stored by the server, or discarded. */
  remove(slot: Slot): void {
    this.#slots.delete(slot.key);
    this.#elsewhere.delete(slot.key);
    this.#dirty.delete(slot);
    if (slot.isGone) return;
    this.#removed.add(slot.key);
    void this.#pump();
  }

  /** What was not there before this tab. */
  removeNew(): void {
    for (const slot of this.slots) if (slot.record.claim === 0) this.remove(slot);
  }

  /** Whether it may be sent. `wait`: `onChanged` is called when it may. `skip`: another tab sends it. */
  verdict(slot: Slot): "go" | "wait" | "skip" {
    if (slot.isElsewhere) return "skip";
    return slot.isBare || slot.record.cursor === undefined ? "wait" : "go";
  }

  /** Looks for entries of tabs that are gone, and whether this one has lost any. `woke`: it stood still. */
  async scan(woke = false): Promise<void> {
    if (this.#isOver) return;
    this.#woke ||= woke;
    if (this.#isScanning) {
      this.#scansAgain = true;
      return;
    }
    this.#isScanning = true;
    try {
      do {
        this.#scansAgain = false;
        await this.#scan();
      } while (this.#scansAgain && !this.#isOver);
      this.#isUnsure = false;
    } catch (error) {
      this.#isUnsure = true;
      this.#warn(error);
    } finally {
      this.#isScanning = false;
      this.#plan();
    }
  }

  /** For good. What is kept stays, and is the next tab's to take. */
  stop(): void {
    this.#isOver = true;
    this.#cancelRetry();
    this.#cancelLook?.();
    this.#leave();
    // Where no lock says so, the others know by this that it is gone.
    this.#liveness.forget([this.#ports.tab]).catch(() => {});
  }

  #write(slot: Slot): void {
    this.#dirty.add(slot);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    this.#cancelRetry();
    try {
      while (this.#removed.size + this.#dirty.size > 0) {
        await this.#removeAll();
        await this.#writeAll();
      }
      this.#failures = 0;
      this.#hasWarned = false;
    } catch (error) {
      this.#warn(error);
      if (this.#isOver) return;
      const waitMs = backoffMs(this.#failures++, RETRY_LIMITS, this.#ports.random);
      this.#cancelRetry = this.#ports.clock.after(waitMs, () => void this.#pump());
    } finally {
      this.#isPumping = false;
      this.#plan();
    }
  }

  /** Without a write: where the disk is full, only such a transaction is done. */
  async #removeAll(): Promise<void> {
    const keys = [...this.#removed];
    if (keys.length === 0) return;
    await this.#ports.storage.update(keys, () => keys.map(() => undefined));
    for (const key of keys) this.#removed.delete(key);
    this.#ports.storage.tabs?.tell();
  }

  async #writeAll(): Promise<void> {
    const slots = [...this.#dirty];
    if (slots.length === 0) return;
    this.#dirty.clear();
    const records = slots.map(({ record }) => record);
    for (const [index, slot] of slots.entries()) slot.isBare ||= records[index]?.cursor === undefined;
    try {
      await this.#compareAndSet(slots, records);
    } catch (error) {
      for (const slot of slots) if (this.#slots.has(slot.key)) this.#dirty.add(slot);
      if (this.#failures >= FAILURES_BEFORE_WITHDRAWAL)
        await this.#withdraw(slots.filter(({ isBare, record }) => isBare && record.cursor !== undefined));
      throw error;
    }
    this.#events.onChanged(slots);
    this.#ports.storage.tabs?.tell();
  }

  async #compareAndSet(slots: readonly Slot[], records: readonly OutboxRecord[]): Promise<void> {
    const { storage, keys, tab, clock } = this.#ports;
    const verdicts: ("mine" | "theirs" | "gone")[] = [];
    let isNew = false;
    let born = "";
    const fresh = this.#ports.newId();
    // With a stamp from the start: where nobody knows who is alive, an owner without one counts as gone.
    const writes = [keys.born, keys.tabs + tab, ...slots.map(({ key }) => key)];
    await storage.update(writes, ([known, , ...values]) => {
      born = typeof known === "string" ? known : fresh;
      isNew = this.#born !== undefined && this.#born !== born;
      for (const [index, slot] of slots.entries()) {
        const held = recordIn(values[index]);
        const isMine = held?.owner === tab && held.claim === slot.record.claim;
        const isFree = held === undefined && (slot.written === undefined || isNew);
        verdicts[index] = isMine || isFree ? "mine" : held === undefined ? "gone" : "theirs";
      }
      const after = values.map((value, index) => (verdicts[index] === "mine" ? records[index] : value));
      return [born, clock.now(), ...after];
    });
    this.#born = born;
    for (const [index, slot] of slots.entries()) {
      const verdict = verdicts[index];
      if (verdict !== "mine") this.#lose(slot, verdict === "gone");
      else {
        slot.written = records[index];
        // Meanwhile it may have got a new id, which is not durable by this.
        slot.isBare = slot.written?.cursor === undefined || slot.written.id !== slot.record.id;
      }
    }
    // The browser has evicted what this tab had kept, and still has in memory.
    if (isNew) {
      for (const slot of this.#slots.values()) {
        if (slots.includes(slot)) continue;
        slot.written = undefined;
        this.#dirty.add(slot);
      }
    }
  }

  /** What cannot be written that it may have been sent must not be in the storage at all. */
  async #withdraw(slots: readonly Slot[]): Promise<void> {
    if (slots.length === 0) return;
    const { storage, tab, log } = this.#ports;
    log(
      "warn",
      "what waits is sent from memory, as it cannot be kept",
      slots.map(({ record }) => record.id),
    );
    const isMine: boolean[] = [];
    await storage.update(
      slots.map(({ key }) => key),
      (values) =>
        values.map((value, index) => {
          const held = recordIn(value);
          isMine[index] = held === undefined ? slots[index]?.written === undefined : held.owner === tab;
          return isMine[index] ? undefined : value;
        }),
    );
    for (const [index, slot] of slots.entries()) {
      if (isMine[index] !== true) this.#lose(slot, false);
      else {
        slot.written = undefined;
        slot.isBare = false;
      }
    }
    this.#events.onChanged(slots);
  }

  /** Another tab has taken it over. */
  #lose(slot: Slot, isGone: boolean): void {
    slot.isElsewhere = true;
    slot.isGone = isGone;
    this.#dirty.delete(slot);
    if (this.#slots.delete(slot.key)) this.#elsewhere.set(slot.key, slot);
  }

  async #scan(): Promise<void> {
    const { storage, keys, tab } = this.#ports;
    const woke = this.#woke;
    const listed = await storage.list(keys.entries);
    const records = new Map(listed.map(({ key, value }) => [key, recordIn(value)]));
    if (woke) this.#distrust(records);
    this.#woke &&= !woke;
    for (const slot of this.#slots.values()) {
      const held = records.get(slot.key);
      const isHeld = held?.owner === tab && held.claim === slot.record.claim;
      // The write that follows finds out what became of it.
      if (slot.written !== undefined && !isHeld) this.#dirty.add(slot);
    }
    for (const slot of this.#elsewhere.values()) {
      if (slot.isGone || records.has(slot.key)) continue;
      slot.isGone = true;
      this.#events.onChanged([slot]);
    }
    const isMine = (key: string) => this.#slots.has(key) || this.#removed.has(key);
    const others = listed.filter(({ key }) => !isMine(key));
    const owners = others.flatMap(({ key }) => records.get(key)?.owner ?? []);
    const gone = await this.#liveness.gone(new Set(owners), this.#slots.size > 0);
    // One of this tab that it does not know was taken over by a transaction whose end it was not told.
    const left = others.filter(({ key }) => {
      const owner = records.get(key)?.owner;
      return owner !== undefined && (owner === tab || gone.has(owner));
    });
    await this.#adopt(left, isMine);
    await this.#liveness.forget(gone);
    this.#others = others.filter(({ key }) => !isMine(key));
    void this.#pump();
  }

  async #adopt(left: readonly StoredEntry[], isMine: (key: string) => boolean): Promise<void> {
    if (left.length === 0 || this.#isOver) return;
    const { storage, tab } = this.#ports;
    const taken = new Map<string, OutboxRecord>();
    await storage.update(
      left.map(({ key }) => key),
      (values) => {
        taken.clear();
        return values.map((value, index) => {
          const [held, was] = [recordIn(value), recordIn(left[index]?.value)];
          const key = left[index]?.key ?? "";
          // Another tab may have been first.
          if (held === undefined || held.owner !== was?.owner || held.claim !== was.claim || isMine(key))
            return value;
          const record = { ...held, owner: tab, claim: held.claim + 1 };
          taken.set(key, record);
          return record;
        });
      },
    );
    // It is over since, perhaps as another user was greeted. The next tab takes them.
    if (this.#isOver) return;
    const slots = Array.from(taken, ([key, record]) => {
      const again = this.#elsewhere.get(key);
      this.#elsewhere.delete(key);
      const isBare = record.cursor === undefined;
      const now = { record, written: record, isBare, isElsewhere: false, isGone: false };
      const slot: Slot = again ?? { ...now, key, known: undefined, bytes: sizeOf(record) };
      this.#slots.set(key, Object.assign(slot, now));
      return slot;
    });
    if (slots.length > 0) this.#events.onAdopted(slots);
  }

  /**
   * This tab stood still. What is not there may have been, and another tab may have had it stored since, also where the
   * browser has evicted all: it is sent as a repeat, or not at all where nothing was known of the log.
   */
  #distrust(records: ReadonlyMap<string, OutboxRecord | undefined>): void {
    for (const slot of [...this.#slots.values()]) {
      if (!slot.isBare || slot.record.cursor !== undefined) continue;
      const held = records.get(slot.key);
      const isMine = held?.owner === this.#ports.tab && held.claim === slot.record.claim;
      if (isMine) slot.written = held;
      else if (held === undefined && slot.known !== undefined)
        this.put(slot, { ...slot.record, cursor: slot.known });
      else this.#lose(slot, held === undefined);
      this.#events.onChanged([slot]);
    }
  }

  /** Looks again while there is something that a tab may leave behind, and where the last look failed. */
  #plan(): void {
    const isShared = this.#ports.storage.tabs !== undefined;
    const isNeeded = isShared && (this.#slots.size > 0 || this.#others.length > 0);
    if (this.#isOver || !(isNeeded || this.#isUnsure)) return;
    this.#cancelLook ??= this.#ports.clock.after(LOOK_EVERY_MS * (0.75 + this.#ports.random() / 2), () => {
      this.#cancelLook = undefined;
      void this.scan();
    });
  }

  #warn(error: unknown): void {
    if (!this.#hasWarned)
      this.#ports.log("warn", "what waits to be sent cannot be kept at the moment", error);
    this.#hasWarned = true;
  }
}

const encoder = new TextEncoder();
const sizeOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;
