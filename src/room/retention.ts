// How long a room keeps its messages by their age. Those that are too old are removed from the log, the oldest first, as
// the ring removes them when it is full: `floor` rises, and nobody is told.

import type { RoomLog } from "./log/room-log.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { Publisher } from "./publisher.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";

/** So many of one flush: what arrives meanwhile must not wait for all of them. */
const MAX_A_FLUSH = 1_000;
/**
 * A message may stay for so much longer, in milliseconds, or in parts of the period if that is more: those of the meantime
 * go with it, so that not each one is an alarm.
 */
const LEAST_LAG_MS = 60_000;
const LAG = 0.02;
/** What could not be removed is tried again this much later. */
const AGAIN_MS = 60_000;

export interface RetentionRules {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly streams: Pick<Streams, "endUpTo">;
  readonly publisher: Pick<Publisher, "interrupted">;
  /** Rows could not be removed. The room goes on. */
  reportFault(error: unknown): void;
}

export class Retention {
  readonly #rules: RetentionRules;
  /** The setting that `#dueAt` is of. */
  #seconds: number;
  /**
   * When the oldest message has to go, in milliseconds, or sooner: the ring may have retired it since. `null`: there is none;
   * `undefined`: to be read.
   */
  #dueAt: number | null | undefined;

  constructor(rules: RetentionRules) {
    this.#rules = rules;
    this.#seconds = rules.settings.historySeconds;
  }

  /** When messages have to be removed, in milliseconds; `null`: none has. */
  get wakeAt(): number | null {
    return this.#rules.settings.historySeconds === 0 ? null : this.#next(this.#lagMs);
  }

  /** In each flush, after what arrived took effect. */
  advance(turn: Turn): void {
    const { historySeconds } = this.#rules.settings;
    const isChanged = this.#seconds !== historySeconds;
    if (isChanged) this.#dueAt = undefined;
    this.#seconds = historySeconds;
    if (historySeconds === 0) return;
    try {
      // A new setting applies at once.
      const dueAt = this.#next(isChanged ? 0 : this.#lagMs);
      // If the clock was set back, it would be further ahead.
      if (dueAt !== null) this.#dueAt = Math.min(dueAt, turn.now + this.#periodMs + this.#lagMs);
      if (dueAt !== null && dueAt <= turn.now) this.#remove(turn);
    } catch (error) {
      this.#dueAt = turn.now + AGAIN_MS;
      this.#rules.reportFault(error);
    }
  }

  #remove(turn: Turn): void {
    const { log, streams, publisher } = this.#rules;
    const aged = log.aged(turn.now - this.#periodMs, MAX_A_FLUSH);
    if (aged !== undefined) {
      for (const target of streams.endUpTo(aged.lastSeq, turn)) publisher.interrupted(target, turn);
      log.remove(aged);
    }
    // If there may be more, the next flush goes on.
    if (aged?.count !== MAX_A_FLUSH) this.#dueAt = undefined;
  }

  #next(lagMs: number): number | null {
    if (this.#dueAt === undefined || this.#dueAt === null) {
      const oldestAt = this.#rules.log.oldestAt;
      this.#dueAt = oldestAt === undefined ? null : oldestAt + this.#periodMs + lagMs;
    }
    return this.#dueAt;
  }

  get #periodMs(): number {
    return 1_000 * this.#rules.settings.historySeconds;
  }

  get #lagMs(): number {
    return Math.max(LEAST_LAG_MS, LAG * this.#periodMs);
  }
}
