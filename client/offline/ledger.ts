// The entries of one user's outbox that this tab may send, in memory and in the storage. Tabs share the storage: each
// entry has one owner, and every write checks it. What an owner that is gone has left is taken over.
// Invariant: nothing is sent while the storage says that it was not. What says so can be removed where nothing can be
// written (`entry-store.ts`).

import { backoffMs } from "../connection/retry.ts";
import { RoomsError } from "../util/errors.ts";
import type { LogFunction } from "../util/log.ts";
import type { Cancel, Ports } from "../util/ports.ts";
import { EntryStore, type EntryStorePorts, type Fates, isOf, type Taken } from "./entry-store.ts";
import { Liveness } from "./liveness.ts";
import type { StoredEntry } from "./offline-storage.ts";
import { doubted, type OutboxRecord, recordIn } from "./outbox-record.ts";
import { isToBeMarked, type Slot } from "./slot.ts";

export const MAX_ENTRIES = 1_000;
export const MAX_BYTES = 5_000_000;

const RETRY_LIMITS = { minMs: 1_000, maxMs: 60_000 };
/** A storage that has not answered by then is said to be silent. */
const SLOW_AFTER_MS = 5_000;
/** How often a tab looks for entries of tabs that are gone, and says that it is not. */
const LOOK_EVERY_MS = 15_000;

export interface LedgerEvents {
  /** These were left by a tab that is gone, in the order of their calls. */
  onAdopted(slots: readonly Slot[]): void;
  /** It is durable, or another tab has it: it may be shown as such, and may be sent. */
  onChanged(slots: readonly Slot[]): void;
}

export interface LedgerPorts extends EntryStorePorts, Pick<Ports, "random"> {
  readonly log: LogFunction;
  /** What the storage has outlives the page. */
  readonly isLasting: boolean;
}

export class Ledger {
  readonly #ports: LedgerPorts;
  readonly #events: LedgerEvents;
  readonly #store: EntryStore;
  readonly #liveness: Liveness;
  readonly #slots = new Map<string, Slot>();
  /** What this tab shows, and another one sends. */
  readonly #elsewhere = new Map<string, Slot>();
  readonly #dirty = new Set<Slot>();
  readonly #removed = new Set<string>();
  #others: readonly StoredEntry[] = [];
  #othersBytes = 0;
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
  #cancelSlow: Cancel = () => {};
  #cancelLook: Cancel | undefined;

  constructor(ports: LedgerPorts, events: LedgerEvents) {
    this.#ports = ports;
    this.#events = events;
    this.#store = new EntryStore(ports);
    this.#liveness = new Liveness(ports);
    this.#leave =
      ports.storage.tabs?.join(ports.tab, (stoodStill) => void this.scan(stoodStill)) ?? (() => {});
  }

  /** Those of this tab, in the order of their calls. */
  get slots(): readonly Slot[] {
    return [...this.#slots.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Whether it is known to outlive the page. */
  isKept({ written }: Slot): boolean {
    return this.#ports.isLasting && written !== undefined;
  }

  /** Throws `outbox_full` where an entry that says `wish` is one too many. */
  admit(wish: unknown): void {
    const mine = [...this.#slots.values()];
    const bytes = mine.reduce((sum, slot) => sum + slot.bytes, sizeOf(wish));
    if (mine.length + this.#others.length >= MAX_ENTRIES || bytes + this.#othersBytes > MAX_BYTES)
      throw new RoomsError("outbox_full", "More waits to be sent than can be kept.");
  }

  add(record: Omit<OutboxRecord, "owner" | "claim">): Slot {
    const { tab, keys } = this.#ports;
    // A clock that is set back does not change the order of a tab.
    this.#lastOrder = Math.max(this.#lastOrder + 1, Math.floor(record.at));
    const slot: Slot = {
      key: `${keys.entries}${String(this.#lastOrder).padStart(15, "0")}-${tab}`,
      record: { ...record, owner: tab, claim: 0 },
      ...{ written: undefined, lender: undefined, isOffered: false, isHeldBack: false },
      ...{ isElsewhere: false, isGone: false, bytes: sizeOf(record) },
    };
    this.#slots.set(slot.key, slot);
    this.#write(slot);
    return slot;
  }

  /** Sets what is known of an entry. */
  put(slot: Slot, record: OutboxRecord): void {
    // Under its former id it may have been sent; under the new one it must not be before that is durable.
    if (record.id !== slot.record.id) slot.isHeldBack = true;
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
    return slot.isHeldBack || slot.record.cursor === undefined ? "wait" : "go";
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
        this.#isUnsure = !(await this.#scan());
      } while (this.#scansAgain && !this.#isOver);
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
    this.#cancelSlow();
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
    if (this.#removed.size + this.#dirty.size === 0) return this.#plan();
    this.#isPumping = true;
    this.#cancelRetry();
    try {
      while (this.#removed.size + this.#dirty.size > 0) {
        this.#watch();
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
      this.#cancelSlow();
      this.#isPumping = false;
      this.#plan();
    }
  }

  #watch(): void {
    this.#cancelSlow();
    if (this.#isOver) return;
    const silent = new RoomsError("timeout", "The storage does not answer.");
    this.#cancelSlow = this.#ports.clock.after(SLOW_AFTER_MS, () => this.#warn(silent));
  }

  async #removeAll(): Promise<void> {
    const keys = [...this.#removed];
    if (keys.length === 0) return;
    await this.#store.remove(keys);
    for (const key of keys) this.#removed.delete(key);
    this.#ports.storage.tabs?.tell();
  }

  async #writeAll(): Promise<void> {
    const slots = [...this.#dirty];
    if (slots.length === 0) return;
    this.#dirty.clear();
    try {
      this.#settle(slots, await this.#store.write(slots));
    } catch (error) {
      for (const slot of slots) if (this.#slots.has(slot.key)) this.#dirty.add(slot);
      await this.#releaseAll();
      throw error;
    }
    for (const slot of slots) {
      if (!slot.isElsewhere && !slot.isHeldBack && isToBeMarked(slot)) this.#dirty.add(slot);
    }
    this.#events.onChanged(slots);
    this.#ports.storage.tabs?.tell();
  }

  /** What cannot be written goes out all the same, and what another tab has settled is found. */
  async #releaseAll(): Promise<void> {
    let slots: readonly Slot[] = [...this.#dirty];
    while (slots.length > 0) {
      const held = slots.filter(({ isHeldBack }) => isHeldBack);
      this.#settle(slots, await this.#store.release(slots));
      const changed = slots.filter((slot) => slot.isElsewhere || (held.includes(slot) && !slot.isHeldBack));
      if (changed.length > 0) this.#events.onChanged(changed);
      // Meanwhile others may be about to go out.
      slots = [...this.#dirty].filter(({ isHeldBack, record }) => isHeldBack && record.cursor !== undefined);
    }
  }

  #settle(slots: readonly Slot[], { fates, isNew }: Fates): void {
    for (const [index, slot] of slots.entries()) {
      if (fates[index] !== "mine") this.#lose(slot, fates[index] === "gone");
    }
    // The browser has evicted what this tab had kept, and still has in memory.
    if (!isNew) return;
    for (const slot of this.#slots.values()) {
      if (slots.includes(slot)) continue;
      slot.written = undefined;
      this.#dirty.add(slot);
    }
  }

  /** Another tab has taken it over. */
  #lose(slot: Slot, isGone: boolean): void {
    slot.isElsewhere = true;
    slot.isGone = isGone;
    slot.lender = undefined;
    this.#dirty.delete(slot);
    if (this.#slots.delete(slot.key)) this.#elsewhere.set(slot.key, slot);
  }

  /** Returns whether all was done that there was to do. */
  async #scan(): Promise<boolean> {
    const { storage, keys, tab } = this.#ports;
    const woke = this.#woke;
    const listed = await storage.list(keys.entries);
    const records = new Map(listed.map(({ key, value }) => [key, recordIn(value)]));
    if (woke) this.#distrust(records);
    this.#woke &&= !woke;
    for (const slot of this.#slots.values()) {
      const isHeld = isOf(records.get(slot.key), slot.lender ?? slot.record);
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
    const isWhole = await this.#adopt(left, isMine);
    await this.#liveness.forget(gone);
    this.#others = others.filter(({ key }) => !isMine(key));
    this.#othersBytes = this.#others.reduce((sum, { value }) => sum + sizeOf(value), 0);
    void this.#pump();
    return isWhole;
  }

  async #adopt(left: readonly StoredEntry[], isMine: (key: string) => boolean): Promise<boolean> {
    if (left.length === 0 || this.#isOver) return true;
    let isWhole = true;
    const taken = await this.#store.claim(left, isMine).catch((error) => {
      this.#warn(error);
      isWhole = false;
      return this.#store.borrow(left, isMine);
    });
    // It is over since, perhaps as another user was greeted. The next tab takes them.
    if (this.#isOver) return isWhole;
    const slots = Array.from(taken, ([key, entry]) => this.#take(key, entry));
    if (slots.length > 0) this.#events.onAdopted(slots);
    return isWhole;
  }

  #take(key: string, { record, isSure, lender }: Taken): Slot {
    const again = this.#elsewhere.get(key);
    this.#elsewhere.delete(key);
    const now = {
      ...{ record, lender, written: lender ?? record, isOffered: true, isHeldBack: isSure },
      ...{ isElsewhere: false, isGone: false },
    };
    const slot: Slot = again ?? { ...now, key, bytes: sizeOf(record) };
    this.#slots.set(key, Object.assign(slot, now));
    // What could not be put under the name of this tab is tried again, and what is not marked gets its mark.
    if (lender !== undefined || (!isSure && isToBeMarked(slot))) this.#dirty.add(slot);
    return slot;
  }

  /**
   * This tab stood still. What is not there may have been, and another tab may have had it stored since, also where the
   * browser has evicted all: it is sent as a repeat. What is there may have been taken over without a write, which the
   * next transaction finds.
   */
  #distrust(records: ReadonlyMap<string, OutboxRecord | undefined>): void {
    for (const slot of [...this.#slots.values()]) {
      const { record, isOffered } = slot;
      if (!isOffered || record.cursor !== undefined) continue;
      const held = records.get(slot.key);
      if (isOf(held, slot.lender ?? record)) {
        slot.written = held;
        slot.isHeldBack = true;
        this.#dirty.add(slot);
      } else if (held === undefined) this.put(slot, doubted(record));
      else this.#lose(slot, false);
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
