// The transactions of an outbox. An entry stands under up to three keys: its record, `free` and `sure`.
// - `free` stands there from the first write on. Who cannot write their name into the record, as the disk is full, takes
//   the entry by deleting it, which a full disk still does. Its owner finds it missing, and has lost the entry.
// - `sure` says of a record without a cursor that it was not sent. It is deleted before the entry is sent, also where the
//   cursor cannot be written.

import type { Ports } from "../util/ports.ts";
import type { OfflineStorage, StoredEntry } from "./offline-storage.ts";
import { BORN_KEY, doubted, type OutboxRecord, recordIn, type UserKeys } from "./outbox-record.ts";
import { isToBeMarked, type Slot } from "./slot.ts";

/** What stands in the storage for an entry of this tab. */
type Fate = "mine" | "theirs" | "gone";

export interface Fates {
  readonly fates: readonly Fate[];
  /** The browser has evicted what was there before. */
  readonly isNew: boolean;
}

/** An entry of a tab that is gone, as this one has it now. */
export interface Taken {
  readonly record: OutboxRecord;
  /** It was not sent, and the storage says so. */
  readonly isSure: boolean;
  readonly lender: OutboxRecord | undefined;
}

export interface EntryStorePorts extends Pick<Ports, "clock" | "newId"> {
  readonly storage: OfflineStorage;
  readonly keys: UserKeys;
  /** A name that no other tab has. */
  readonly tab: string;
}

type Values = readonly unknown[];

interface Found {
  readonly key: string;
  /** It is as it was listed. */
  readonly isSame: boolean;
}

export class EntryStore {
  readonly #ports: EntryStorePorts;
  #born: string | undefined;

  constructor(ports: EntryStorePorts) {
    this.#ports = ports;
  }

  /** Without a write: where the disk is full, only such a transaction is done. */
  async remove(keys: readonly string[]): Promise<void> {
    const places = keys.flatMap((key) => this.#places(key));
    await this.#ports.storage.update(places, () => places.map(() => undefined));
  }

  /** Writes those that are still of this tab. */
  async write(slots: readonly Slot[]): Promise<Fates> {
    const { storage, keys, tab, clock } = this.#ports;
    const records = slots.map(({ record }) => record);
    const marks = slots.map(isToBeMarked);
    for (const [index, slot] of slots.entries()) {
      slot.isOffered = true;
      slot.isHeldBack ||= marks[index] === true;
    }
    const fresh = this.#ports.newId();
    let [born, isNew] = ["", false];
    let fates: readonly Fate[] = [];
    // With a stamp from the start: where nobody knows who is alive, an owner without one counts as gone.
    const places = [BORN_KEY, keys.tabs + tab, ...slots.flatMap(({ key }) => this.#places(key))];
    await storage.update(places, ([known, , ...values]) => {
      born = typeof known === "string" ? known : fresh;
      isNew = this.#born !== undefined && this.#born !== born;
      const entries = triplesOf(values);
      fates = slots.map((slot, index) => this.#fateOf(slot, entries[index] ?? [], isNew));
      const after = entries.flatMap((before, index) =>
        fates[index] === "mine" ? [records[index], 1, marks[index] ? 1 : undefined] : before,
      );
      return [born, clock.now(), ...after];
    });
    this.#born = born;
    for (const [index, slot] of slots.entries()) {
      if (fates[index] !== "mine") continue;
      slot.written = records[index];
      slot.lender = undefined;
      // Meanwhile it may have got a new id, which is not durable by this.
      slot.isHeldBack = marks[index] === true || slot.written?.id !== slot.record.id;
    }
    return { fates, isNew };
  }

  /** Lets go what may have been sent from now on, where that cannot be written: it stays, and is sent as a repeat. */
  async release(slots: readonly Slot[]): Promise<Fates> {
    const { storage } = this.#ports;
    const ids = slots.map(({ record: { id } }) => id);
    const goes = slots.map(({ record, written }) => record.cursor !== undefined || written?.id !== record.id);
    let isNew = false;
    let fates: readonly Fate[] = [];
    const places = [BORN_KEY, ...slots.flatMap(({ key }) => this.#places(key))];
    await storage.update(places, ([known, ...values]) => {
      isNew = this.#born !== undefined && this.#born !== known;
      const entries = triplesOf(values);
      fates = slots.map((slot, index) => this.#fateOf(slot, entries[index] ?? [], isNew));
      const after = entries.flatMap(([value, free, sure], index) => [
        value,
        free,
        fates[index] === "mine" && goes[index] ? undefined : sure,
      ]);
      return [known, ...after];
    });
    for (const [index, slot] of slots.entries()) {
      if (fates[index] === "mine" && goes[index] && slot.record.id === ids[index]) slot.isHeldBack = false;
    }
    return { fates, isNew };
  }

  /** Takes over those of `left` that nobody else has taken since, but what `skips` says. */
  claim(left: readonly StoredEntry[], skips: (key: string) => boolean): Promise<ReadonlyMap<string, Taken>> {
    return this.#take(left, ([value, free, sure], { key }) => {
      const held = recordIn(value);
      if (held === undefined || skips(key)) return { after: [value, free, sure] };
      const { tab } = this.#ports;
      const record = { ...(sure === undefined ? doubted(held) : held), owner: tab, claim: held.claim + 1 };
      const isSure = sure !== undefined && record.cursor === undefined;
      return { after: [record, 1, isSure ? sure : undefined], taken: { record, isSure, lender: undefined } };
    });
  }

  /**
   * The same without a write, as the disk is full. A message is sent as a repeat, so two tabs may have it; a change has no
   * id for that, and goes to one of them.
   */
  borrow(left: readonly StoredEntry[], skips: (key: string) => boolean): Promise<ReadonlyMap<string, Taken>> {
    const { tab } = this.#ports;
    return this.#take(left, ([value, free, sure], { key, isSame }) => {
      const held = recordIn(value);
      const before = { after: [value, free, sure] };
      if (held === undefined || skips(key)) return before;
      // It was just taken over by a transaction whose end was not told.
      if (!isSame)
        return { ...before, taken: { record: held, isSure: sure !== undefined, lender: undefined } };
      if (free === undefined && held.said === undefined) return before;
      const record = { ...doubted(held), owner: tab, claim: held.claim + 1 };
      return { after: [value, undefined, undefined], taken: { record, isSure: false, lender: held } };
    });
  }

  async #take(
    left: readonly StoredEntry[],
    take: (before: Values, found: Found) => { readonly after: Values; readonly taken?: Taken },
  ): Promise<ReadonlyMap<string, Taken>> {
    const { storage, tab } = this.#ports;
    const all = new Map<string, Taken>();
    await storage.update(
      left.flatMap(({ key }) => this.#places(key)),
      (values) => {
        all.clear();
        return triplesOf(values).flatMap((before, index) => {
          const [held, was] = [recordIn(before[0]), recordIn(left[index]?.value)];
          const key = left[index]?.key ?? "";
          const isSame = was !== undefined && isOf(held, was);
          // Another tab may have been first.
          if (!isSame && held?.owner !== tab) return before;
          const { after, taken } = take(before, { key, isSame });
          if (taken !== undefined) all.set(key, taken);
          return after;
        });
      },
    );
    return all;
  }

  #fateOf(slot: Slot, [value, free]: Values, isNew: boolean): Fate {
    const held = recordIn(value);
    if (held === undefined) return slot.written === undefined || isNew ? "mine" : "gone";
    const isOwn = isOf(held, slot.record) && free !== undefined;
    return isOwn || (slot.lender !== undefined && isOf(held, slot.lender)) ? "mine" : "theirs";
  }

  #places(key: string): readonly string[] {
    const { entries, free, sure } = this.#ports.keys;
    const name = key.slice(entries.length);
    return [key, free + name, sure + name];
  }
}

/** Whether it stands there under the same claim. */
export const isOf = (held: OutboxRecord | undefined, { owner, claim }: OutboxRecord): boolean =>
  held?.owner === owner && held.claim === claim;

/** What stands for each entry: its record, `free` and `sure`. */
const triplesOf = (values: Values): readonly Values[] =>
  Array.from({ length: values.length / 3 }, (_, index) => values.slice(3 * index, 3 * index + 3));
