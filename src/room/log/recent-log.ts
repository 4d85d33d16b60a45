// The latest events of a log in memory, with their messages as they are now: the pages of readers who lack no more than
// these. A room with relays has one, and each relay one of its own, which makes the pages that the room names.
// Invariant: whatever was stored or changed after `from` is here, so pages from there on are whole.

import { type Topics, utf8Length } from "../../protocol/index.ts";
import {
  type ChangeRow,
  type EventsWanted,
  encodeChange,
  eventsPage,
  type MessagesWanted,
  messagesPage,
  type Page,
  type PageRecipe,
  type PageRow,
  type PageRows,
  type PageSize,
} from "./log-page.ts";
import { isOpenMessage, type LastChange } from "./message-body.ts";

/** How many messages are held, and how large they are together, as UTF-8: in memory a text may take twice as much. */
export interface RecentBounds {
  readonly messages: number;
  readonly bytes: number;
}

export const RECENT_BOUNDS: RecentBounds = { messages: 2_000, bytes: 2 * 1_048_576 };

/** A place in a log. */
interface Place {
  readonly epoch: string;
  readonly seq: number;
}

/** What an event says of the message that it changes. */
export interface RecentChange extends LastChange {
  readonly event: string;
  readonly target: number;
  readonly isDeleted: boolean;
}

/** A message as it is now, with its last change. */
interface Held {
  readonly seq: number;
  readonly event: string;
  body: string;
  bytes: number;
  isOpen: boolean;
  change: ChangeRow | undefined;
}

export class RecentLog {
  readonly #bounds: RecentBounds;
  readonly epoch: string;
  #from: number;
  #head: number;
  #floor = 0;
  #bytes = 0;
  /** All of them by `seq`, in the order in which they were stored or changed last. */
  readonly #held = new Map<number, Held>();
  /** Those with a `seq` after `from`, ascending. */
  #stored: Held[] = [];
  /** Those that are here for their last change only. */
  readonly #older = new Set<Held>();
  #changedAt = 0;

  constructor({ epoch, seq }: Place, bounds = RECENT_BOUNDS) {
    this.#bounds = bounds;
    this.epoch = epoch;
    this.#head = seq;
    this.#from = seq;
  }

  /** What was stored or changed after this `seq` is here. */
  get from(): number {
    return this.#from;
  }

  /** The `seq` of the last event. */
  get head(): number {
    return this.#head;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The message as it is now, if it is here. */
  find(seq: number): string | undefined {
    return this.#held.get(seq)?.body;
  }

  /** The place of the last event of a message, if that is here. */
  placeOf(seq: number): number | undefined {
    const held = this.#held.get(seq);
    return held && lastOf(held);
  }

  /** No message up to this `seq` is in the log. */
  get floor(): number {
    return this.#floor;
  }

  /** A message was stored. */
  stored(seq: number, event: string, body: string): void {
    this.#head = seq;
    if (seq <= this.#from || seq <= this.#floor) return;
    const held: Held = { seq, event, ...contentOf(body), change: undefined };
    this.#stored.push(held);
    this.#take(held);
  }

  /** A message was changed: `body` is what it is now. */
  changed({ seq, at, by, event, target, isDeleted }: RecentChange, body: string): void {
    this.#head = seq;
    if (seq <= this.#from) return;
    const content = contentOf(body);
    const held = this.#held.get(target) ?? { seq: target, event, ...content, change: undefined };
    if (this.#held.delete(target)) this.#bytes -= held.bytes;
    else if (target <= this.#floor) return;
    else this.#older.add(held);
    Object.assign(held, content);
    const row = { seq: target, event, body, changed: seq, changed_at: at, changed_by: by };
    held.change = sized({ ...row, deleted: isDeleted ? 1 : null });
    this.#changedAt = seq;
    this.#take(held);
  }

  /** The row of an open message was written, which is no event. */
  rewritten(seq: number, body: string): void {
    const held = this.#held.get(seq);
    if (held === undefined) return;
    this.#bytes -= held.bytes;
    Object.assign(held, contentOf(body));
    this.#bytes += held.bytes;
    if (held.change !== undefined) held.change = sized({ ...held.change, body });
    this.#shrink();
  }

  /** An event of which nothing is to be held. */
  passed(seq: number): void {
    this.#head = seq;
  }

  /** Forgets what was stored or changed up to `seq`, which may be yet to come. */
  forgetUpTo(seq: number): void {
    if (seq <= this.#from) return;
    for (const held of this.#held.values()) {
      if (lastOf(held) > seq) break;
      this.#drop(held);
    }
    this.#movesTo(seq);
  }

  /** The log holds no message up to `floor` any more, of those to come either. */
  dropUpTo(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const held of this.#older) if (held.seq <= floor) this.#drop(held);
    const end = firstAfter(this.#stored, floor);
    for (const held of this.#stored.splice(0, end)) this.#drop(held);
  }

  /** As the log makes it; `undefined`: it reaches further back. */
  eventsAfter({ after, upTo, topics, size, told }: EventsWanted): Page | undefined {
    if (after < Math.max(this.#from, this.#floor)) return undefined;
    const rows = this.#rows();
    const page = eventsPage(rows, { after, upTo, topics, size, told });
    if (rows.hasOpen || upTo !== this.#head) return page;
    return { ...page, recipe: this.#recipe({ kind: "events", after, told }, after, topics, size) };
  }

  /** As the log makes it; `undefined`: it reaches further back. `asShown`: its messages are shown in another form. */
  messagesBefore(
    { before, topics, size }: MessagesWanted,
    asShown?: (message: string) => string,
  ): Page | undefined {
    const rows = this.#rows();
    const extent = { head: this.#head, floor: this.#floor };
    const page = messagesPage(rows, { before, topics, size }, extent, asShown);
    if (rows.ranOut && this.#from > this.#floor) return undefined;
    if (rows.hasOpen || asShown !== undefined) return page;
    const reach = rows.ranOut ? this.#floor : Math.min(before, rows.lowest) - 1;
    return { ...page, recipe: this.#recipe({ kind: "messages", before }, reach, topics, size) };
  }

  /** The events of a page that the room has looked at in this place; `undefined`: not all of them are here. */
  make({ epoch, head, floor, reach, of, topics, size }: PageRecipe): readonly string[] | undefined {
    if (epoch !== this.epoch || head !== this.#head) return undefined;
    this.dropUpTo(floor);
    if (reach < this.#from && this.#from > floor) return undefined;
    const rows = this.#rows();
    const page =
      of.kind === "events"
        ? eventsPage(rows, { after: of.after, upTo: head, topics, size, told: of.told })
        : messagesPage(rows, { before: of.before, topics, size }, { head, floor });
    return page.events;
  }

  #rows(): RecentRows {
    return new RecentRows(this.#stored, this.#changedAt, this.#held);
  }

  #recipe(of: PageRecipe["of"], reach: number, topics: Topics, size: PageSize): PageRecipe {
    const { epoch } = this;
    return { epoch, head: this.#head, floor: this.#floor, reach, of, topics, size };
  }

  #take(held: Held): void {
    this.#held.set(held.seq, held);
    this.#bytes += held.bytes;
    this.#shrink();
  }

  /** What was stored or changed first goes first. */
  #shrink(): void {
    let from = this.#from;
    for (const held of this.#held.values()) {
      if (this.#held.size <= this.#bounds.messages && this.#bytes <= this.#bounds.bytes) break;
      from = lastOf(held);
      this.#drop(held);
    }
    this.#movesTo(from);
  }

  #drop(held: Held): void {
    this.#held.delete(held.seq);
    this.#older.delete(held);
    this.#bytes -= held.bytes;
  }

  #movesTo(from: number): void {
    if (from === this.#from) return;
    this.#from = from;
    for (const held of this.#stored.splice(0, firstAfter(this.#stored, from)))
      if (this.#held.has(held.seq)) this.#older.add(held);
  }
}

const lastOf = ({ seq, change }: Held): number => change?.changed ?? seq;

const contentOf = (body: string): Pick<Held, "body" | "bytes" | "isOpen"> => ({
  ...{ body, bytes: utf8Length(body), isOpen: isOpenMessage(body) },
});

const sized = (change: ChangeRow): ChangeRow => ({ ...change, bytes: utf8Length(encodeChange(change)) });

/** The place of the first message after `seq`. */
function firstAfter(stored: readonly Held[], seq: number): number {
  let low = 0;
  let high = stored.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stored[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What one page reads. */
class RecentRows implements PageRows {
  readonly #stored: readonly Held[];
  readonly #changedAt: number;
  readonly #held: ReadonlyMap<number, Held>;
  /** A message that was read is open. */
  hasOpen = false;
  /** The `seq` of the oldest message that was read. */
  lowest = Number.POSITIVE_INFINITY;
  /** There were no older ones. */
  ranOut = false;

  /** `changedAt`: the `seq` of the last change. */
  constructor(stored: readonly Held[], changedAt: number, held: ReadonlyMap<number, Held>) {
    this.#stored = stored;
    this.#changedAt = changedAt;
    this.#held = held;
  }

  *ascending(after: number, upTo: number): Generator<PageRow> {
    for (let at = firstAfter(this.#stored, after); at < this.#stored.length; at++) {
      const held = this.#stored[at];
      if (held === undefined || held.seq > upTo) return;
      this.hasOpen ||= held.isOpen;
      yield held;
    }
  }

  *descending(upTo: number): Generator<PageRow> {
    for (let at = firstAfter(this.#stored, upTo) - 1; at >= 0; at--) {
      const held = this.#stored[at];
      if (held === undefined) break;
      this.hasOpen ||= held.isOpen;
      this.lowest = held.seq;
      yield held;
    }
    this.ranOut = true;
  }

  *changedAfter(upTo: number): Generator<ChangeRow> {
    if (this.#changedAt <= upTo) return;
    for (const { seq, change, isOpen } of this.#held.values()) {
      if (change === undefined || change.changed <= upTo || seq > upTo) continue;
      this.hasOpen ||= isOpen;
      yield change;
    }
  }
}
