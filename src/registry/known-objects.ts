// The rooms, or the users, of one shard: what each reported last, whom to ask before an answer, and the sums.

import { areSame, type Counts, isActive, type Report, totalOf } from "./counts.ts";
import type { KnownStore, RegistryEntry } from "./known-store.ts";

/** What was reported or asked is believed this long. */
export const BELIEVED_MS = 60_000;

/** How the objects of one kind are summed up and kept. */
export interface KnownKind<C extends Counts> {
  /** All numbers 0. */
  readonly none: C;
  readonly add: (sum: C, one: C, times: 1 | -1) => C;
  /** Of how many it may be known in memory only that they are not active any more: after a start they are asked again. */
  readonly maxUnwritten: number;
}

/** What a page lists. */
export interface NamesQuery {
  readonly prefix: string;
  /** Only names behind this one, in the order of code points; "": from the first. */
  readonly after: string;
  readonly limit: number;
  /** Only rooms that are occupied, or users who are online. */
  readonly active: boolean;
}

export interface LedgerSums<C extends Counts> {
  readonly known: number;
  readonly active: number;
  /** How many may be otherwise, as they could not be asked. */
  readonly unconfirmed: number;
  /** The sums over all of them. */
  readonly counts: C;
}

/** `isConfirmed`: it was heard of within the last minute, or changes with a report only. */
export interface KnownEntry<C extends Counts> extends RegistryEntry<C> {
  readonly isConfirmed: boolean;
}

/** What is in memory from the first reading on: it would take a scan of the table each time. */
interface Overview<C extends Counts> {
  known: number;
  active: number;
  counts: C;
  /** When those were heard of that are asked before an answer. */
  readonly asked: Map<string, number>;
}

export class KnownObjects<C extends Counts> {
  readonly #store: KnownStore<C>;
  readonly #kind: KnownKind<C>;
  /**
   * What those said last whose row says that they are asked. It is not written, as after a start they are asked anyway:
   * so changed numbers cost no row, nor do users who come and go.
   */
  readonly #heard = new Map<string, RegistryEntry<C>>();
  /** Those in `#heard` who need not be asked any more, who said so longest ago first. */
  readonly #unwritten = new Set<string>();
  #overview: Overview<C> | undefined;

  constructor(store: KnownStore<C>, kind: KnownKind<C>) {
    this.#store = store;
    this.#kind = kind;
  }

  /**
   * Takes in what an object said. Answers the numbers that it will not report again, where it has forgotten itself.
   */
  record(name: string, { counts, asks }: Report<C>, now: number): C | undefined {
    const before = this.#find(name);
    if (counts === null) {
      if (before === undefined) return undefined;
      this.#heard.delete(name);
      this.#unwritten.delete(name);
      this.#store.remove(name);
      this.#took(before, undefined, now);
      return before.counts;
    }
    const wasActive = before !== undefined && isActive(before.counts);
    const since = before === undefined || wasActive !== isActive(counts) ? now : before.since;
    const entry = { name, counts, asks, since, at: now };
    this.#keep(entry, before);
    this.#took(before, entry, now);
    return before !== undefined && totalOf(before.counts) > totalOf(counts) ? before.counts : undefined;
  }

  /** Those to be asked before an answer, who were heard of longest ago first. */
  toAsk(now: number, max: number): string[] {
    return [...this.#stale(now)]
      .sort(([, one], [, other]) => one - other)
      .slice(0, max)
      .map(([name]) => name);
  }

  sums(now: number): LedgerSums<C> {
    const { known, active, counts } = this.#look();
    return { known, active, counts, unconfirmed: [...this.#stale(now)].length };
  }

  /** A part of what is known, ascending, as it was heard of last. */
  page(query: NamesQuery, now: number): string[] {
    if (query.active) return this.#activeNames(query, now);
    return Array.from(this.#store.behind(query.after, query.prefix, query.limit), ({ name }) => name);
  }

  /** Those of `names` that are to be asked before an answer. */
  toAskOf(names: readonly string[], now: number): string[] {
    const { asked } = this.#look();
    return names.filter((name) => !isFresh(asked.get(name) ?? now, now));
  }

  /** What is known of those of `names` that are known. */
  look(names: readonly string[], now: number): KnownEntry<C>[] {
    const { asked } = this.#look();
    return names.flatMap((name) => {
      const entry = this.#find(name);
      const heardAt = asked.get(name);
      if (entry === undefined) return [];
      const at = Math.max(entry.at, heardAt ?? 0);
      return [{ ...entry, at, isConfirmed: heardAt === undefined || isFresh(heardAt, now) }];
    });
  }

  #find(name: string): RegistryEntry<C> | undefined {
    return this.#heard.get(name) ?? this.#store.find(name);
  }

  /** Writes an entry, unless after a start its object is asked anyway. */
  #keep(entry: RegistryEntry<C>, before: RegistryEntry<C> | undefined): void {
    const { name, asks } = entry;
    if (before === undefined || this.#isToWrite(entry, before)) {
      this.#heard.delete(name);
      this.#store.put(entry);
      return;
    }
    if (!before.asks && !this.#heard.has(name)) return;
    this.#heard.set(name, entry);
    this.#unwritten.delete(name);
    if (!asks) this.#unwritten.add(name);
    const [longest] = this.#unwritten;
    if (longest !== undefined && this.#unwritten.size > this.#kind.maxUnwritten) this.#write(longest);
  }

  #isToWrite({ name, counts, asks }: RegistryEntry<C>, before: RegistryEntry<C>): boolean {
    if (!this.#heard.has(name) && !before.asks) return asks || !areSame(before.counts, counts);
    return this.#kind.maxUnwritten === 0 && isActive(before.counts) !== isActive(counts);
  }

  #write(name: string): void {
    const entry = this.#heard.get(name);
    this.#heard.delete(name);
    this.#unwritten.delete(name);
    if (entry !== undefined) this.#store.put(entry);
  }

  /** All who are active are asked, so each of them is among those. With those who may be active, as it is to be asked. */
  #activeNames({ prefix, after, limit }: NamesQuery, now: number): string[] {
    const names = [...this.#look().asked.keys()]
      .filter((name) => name.startsWith(prefix) && byCodePoints(name, after) > 0)
      .sort(byCodePoints);
    const active: string[] = [];
    for (const name of names) {
      if (active.length >= limit) break;
      const isDue = this.toAskOf([name], now).length > 0;
      const entry = isDue ? undefined : this.#find(name);
      if (isDue || (entry !== undefined && isActive(entry.counts))) active.push(name);
    }
    return active;
  }

  *#stale(now: number): Generator<[name: string, heardAt: number]> {
    for (const entry of this.#look().asked) if (!isFresh(entry[1], now)) yield entry;
  }

  #took(before: RegistryEntry<C> | undefined, after: RegistryEntry<C> | undefined, now: number): void {
    if (this.#overview === undefined) return;
    if (before !== undefined) this.#tally(this.#overview, before, -1);
    if (after !== undefined) this.#tally(this.#overview, { ...after, at: now }, 1);
  }

  #look(): Overview<C> {
    if (this.#overview !== undefined) return this.#overview;
    const overview = { known: 0, active: 0, counts: this.#kind.none, asked: new Map<string, number>() };
    for (const entry of this.#store.behind("", "", Number.POSITIVE_INFINITY))
      this.#tally(overview, this.#heard.get(entry.name) ?? entry, 1);
    this.#overview = overview;
    return overview;
  }

  #tally(overview: Overview<C>, { name, counts, asks, at }: RegistryEntry<C>, times: 1 | -1): void {
    overview.known += times;
    if (isActive(counts)) overview.active += times;
    overview.counts = this.#kind.add(overview.counts, counts, times);
    if (asks && times === 1) overview.asked.set(name, at);
    else overview.asked.delete(name);
  }
}

/** If the clock was set back, what was heard of later is asked again. */
const isFresh = (heardAt: number, now: number): boolean => now >= heardAt && now - heardAt < BELIEVED_MS;

/** The order of names: that of SQLite, which compares their bytes. JavaScript would compare halves of pairs. */
export function byCodePoints(one: string, other: string): number {
  const points = other[Symbol.iterator]();
  for (const point of one) {
    const next = points.next();
    if (next.done) return 1;
    const difference = (point.codePointAt(0) ?? 0) - (next.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return points.next().done ? 0 : -1;
}
