// What a relay has of its room's log: the events that it was sent, without a hole, up to where it is. It is in memory only,
// and begins anew after a sleep, a gap, or in another log.

import type { PageRecipe } from "../room/log/log-page.ts";
import {
  decodeMessage,
  encodeMessage,
  erased,
  type MessageMeta,
  withReaction,
} from "../room/log/message-body.ts";
import { type RecentBounds, RecentLog } from "../room/log/recent-log.ts";
import { readStored, type StoredEvent } from "../room/log/stored-event.ts";
import type { Dispatch, Position, RelayEntry } from "../room/relays/relay-calls.ts";

type Changed = Exclude<StoredEvent, { kind: "message" }>;
type StoredEntry = Extract<RelayEntry, { kind: "stored" }>;

export class HeldLog {
  readonly #bounds: RecentBounds | undefined;
  #recent: RecentLog | undefined;

  /** `bounds`: those of a room, unless given. */
  constructor(bounds?: RecentBounds) {
    this.#bounds = bounds;
  }

  /** What was stored or changed after this place is here; `null`: it is not known where the relay is. */
  get from(): Position | null {
    const recent = this.#recent;
    return recent === undefined ? null : { epoch: recent.epoch, seq: recent.from };
  }

  /** Forgets all; goes on from here. `null`: from where the next dispatch says. */
  forget(at: Position | null): void {
    this.#recent = at === null ? undefined : new RecentLog(at, this.#bounds);
  }

  /** Before the steps of a dispatch. */
  begin({ after, upTo, recent: { since, floor } }: Pick<Dispatch, "after" | "upTo" | "recent">): void {
    const { epoch, head = -1 } = this.#recent ?? {};
    // In a part of a dispatch it is ahead.
    if (epoch !== after.epoch || head < after.seq) this.forget(after);
    // A log that ends within a dispatch, and the one that begins there, are not told apart.
    if (after.epoch !== upTo.epoch) this.forget(null);
    this.#recent?.forgetUpTo(since);
    this.#recent?.dropUpTo(floor);
  }

  /** Behind the steps of a dispatch. */
  end(upTo: Position): void {
    if (this.#recent === undefined || this.#recent.head < upTo.seq) this.forget(upTo);
  }

  take(entries: readonly RelayEntry[]): void {
    for (const entry of entries) if (entry.kind === "stored") this.#take(entry);
  }

  /** The events of a page that the room names; `undefined`: not all of them are here. */
  make(recipe: PageRecipe): readonly string[] | undefined {
    return this.#recent?.make(recipe);
  }

  #take(entry: StoredEntry): void {
    const recent = this.#recent;
    const stored = readStored(entry.json);
    if (recent === undefined || stored === undefined) return;
    const seq = stored.kind === "message" ? stored.seq : stored.change.seq;
    if (seq !== recent.head + 1) this.#misses(seq);
    else if (stored.kind === "message") recent.stored(seq, entry.event, entry.json);
    else this.#change(recent, stored, entry);
  }

  #change(recent: RecentLog, stored: Changed, { event, now }: StoredEntry): void {
    const { change, target } = stored;
    const body = now?.body ?? bodyAfter(stored, recent.find(target));
    const isDeleted = stored.kind === "deleted";
    if (body !== undefined) recent.changed({ ...change, event, target, isDeleted }, body);
    else if (target <= recent.floor || change.seq <= recent.from) recent.passed(change.seq);
    else this.#misses(change.seq);
  }

  /** An event is not known: no page can be made from before it. */
  #misses(seq: number): void {
    if (this.#recent === undefined) return;
    const { epoch, from } = this.#recent;
    this.#recent = new RecentLog({ epoch, seq }, this.#bounds);
    this.#recent.forgetUpTo(from);
  }
}

/** What a change makes of a message; `undefined`: that takes the message. */
function bodyAfter(stored: Changed, before: string | undefined): string | undefined {
  if (stored.kind === "updated") return stored.body;
  // Of a message that it does not have a reader is told that it is deleted, and nothing else.
  if (before === undefined) return stored.kind === "deleted" ? "" : undefined;
  const { seq: changed, at } = stored.change;
  const { meta, data } = decodeMessage(before);
  const encode = (left: MessageMeta, text: string) => encodeMessage({ ...left, changed }, text);
  if (stored.kind === "deleted") return encode(erased(meta, at), "null");
  return encode(withReaction(meta, stored.reacted), data);
}
