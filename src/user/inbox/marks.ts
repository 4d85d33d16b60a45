// The state of each notification: that of its row, or of a watermark that has passed it. States only move forward.

import { NOTIFICATION_STATES, type NotificationState, stateRank } from "../../protocol/index.ts";
import type { MarkedIds, MarkStore, RowToMark, Watermark } from "./mark-store.ts";
import type { CountedFields, SlotRange } from "./notification-row.ts";

export const isOver = ({ expiresAt }: Pick<CountedFields, "expiresAt">, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

export class Marks {
  readonly #store: MarkStore;
  /** `undefined`: not read yet. */
  #known: readonly Watermark[] | undefined;

  constructor(store: MarkStore) {
    this.#store = store;
  }

  get #watermarks(): readonly Watermark[] {
    this.#known ??= this.#store.watermarks();
    return this.#known;
  }

  /** The `seq` up to which everything is at least in `state`. */
  upTo(state: NotificationState): number {
    const passed = this.#watermarks.filter((mark) => stateRank(mark.state) >= stateRank(state));
    return Math.max(0, ...passed.map(({ upTo }) => upTo));
  }

  stateOf(row: Pick<CountedFields, "seq" | "state">): NotificationState {
    const marked = NOTIFICATION_STATES.findLast((state) => state !== "unseen" && row.seq <= this.upTo(state));
    return marked !== undefined && stateRank(marked) > stateRank(row.state) ? marked : row.state;
  }

  /** Whether a notification counts as unread. */
  isUnread(row: CountedFields, now: number): boolean {
    return !row.muted && !isOver(row, now) && stateRank(this.stateOf(row)) < stateRank("read");
  }

  /** The rows of `ids` that a mark would move to `state`, oldest first. */
  moving(ids: readonly string[], state: NotificationState, now: number): RowToMark[] {
    return this.#store
      .find(ids)
      .filter((row) => stateRank(this.stateOf(row)) < stateRank(state) && !isOver(row, now))
      .sort((a, b) => a.seq - b.seq);
  }

  move(moving: readonly RowToMark[], mark: Omit<Watermark, "upTo">): void {
    this.#store.markAt(
      moving.map(({ slot }) => slot),
      mark,
    );
  }

  /** Whether a row in `ranges` would move to `state`. */
  anyBelow(state: NotificationState, ranges: readonly SlotRange[], now: number): boolean {
    return this.#store.anyBelow(state, ranges, now);
  }

  moveUpTo(watermark: Watermark): void {
    const others = this.#watermarks.filter(({ state }) => state !== watermark.state);
    this.#store.markUpTo(watermark);
    this.#known = [...others, watermark];
  }

  /** Marks after `after`, in order: those of single notifications up to `after`, and watermarks. */
  after(after: number, now: number): (MarkedIds | Omit<Watermark, "unread">)[] {
    const upTo = this.#watermarks.filter(({ seq }) => seq > after).map(({ unread: _, ...mark }) => mark);
    return [...this.#store.marksAfter(after, now), ...upTo].sort((a, b) => a.seq - b.seq);
  }
}
