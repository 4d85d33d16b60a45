// In which state each notification is: its row says so, or a watermark that has passed it. States only move forward.

import { NOTIFICATION_STATES, type NotificationState, stateRank } from "../../protocol/index.ts";
import type { MarkedIds, MarkStore, RowToMark, Watermark } from "./mark-store.ts";
import type { CountedFields, SlotRange } from "./notification-row.ts";

export const isOver = ({ expiresAt }: Pick<CountedFields, "expiresAt">, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

export class Marks {
  readonly #store: MarkStore;
  #watermarks: readonly Watermark[];

  constructor(store: MarkStore) {
    this.#store = store;
    this.#watermarks = store.watermarks();
  }

  /** Everything up to there is at least in `state`. */
  upTo(state: NotificationState): number {
    const passed = this.#watermarks.filter((mark) => stateRank(mark.state) >= stateRank(state));
    return Math.max(0, ...passed.map(({ upTo }) => upTo));
  }

  stateOf(row: Pick<CountedFields, "seq" | "state">): NotificationState {
    const marked = NOTIFICATION_STATES.findLast((state) => state !== "unseen" && row.seq <= this.upTo(state));
    return marked !== undefined && stateRank(marked) > stateRank(row.state) ? marked : row.state;
  }

  /** Whether it counts, so that the total falls when it goes or is read. */
  isUnread(row: CountedFields, now: number): boolean {
    return !row.muted && !isOver(row, now) && stateRank(this.stateOf(row)) < stateRank("read");
  }

  /** Those of `ids` that a mark would move to `state`, the oldest first. */
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

  /** Whether any of those in `ranges` would move to `state`. */
  anyBelow(state: NotificationState, ranges: readonly SlotRange[], now: number): boolean {
    return this.#store.anyBelow(state, ranges, now);
  }

  moveUpTo(watermark: Watermark): void {
    this.#store.markUpTo(watermark);
    this.#watermarks = [...this.#watermarks.filter(({ state }) => state !== watermark.state), watermark];
  }

  /** Made after `after`, in order: of single notifications that are not after it, and of everything up to one. */
  after(after: number, now: number): (MarkedIds | Omit<Watermark, "unread">)[] {
    const upTo = this.#watermarks.filter(({ seq }) => seq > after).map(({ unread: _, ...mark }) => mark);
    return [...this.#store.marksAfter(after, now), ...upTo].sort((a, b) => a.seq - b.seq);
  }
}
