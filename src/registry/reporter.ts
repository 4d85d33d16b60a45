// When an object reports to the registry. A report costs a call and a row there, so there are few: an occupied room
// is asked when somebody wants to know, and need not report each change.
//
// Invariant: unless a call failed, an object whose row does not say that it is asked has the numbers of its row, but for
// seven notifications.

import { type Counters, type Counts, isActive, type Report, stepsOf } from "./counts.ts";

/** Least time between two calls of one object, unless it slept in between: it does not know of calls before. */
export const REPORT_EVERY_MS = 30_000;
/** Longest time before a call that failed is made again. It doubles with each failure. */
const MAX_AGAIN_MS = 10 * 60_000;
/** Names of counters that an object keeps until the next report. Further ones are not counted. */
const MAX_COUNTERS = 500;

export class Reporter<C extends Counts> {
  /** As the registry knows it; `null`: a call failed, so it is not known. */
  #told: C | null;
  /** Whether the registry asks before it answers. */
  #asks: boolean;
  #calledAt: number;
  /** Whether it has called, or answered a question, since it woke: then it knows what the registry knows. */
  #knows = false;
  /** The next call is not before this much after the last one. */
  #everyMs = REPORT_EVERY_MS;
  #counters = new Map<string, number>();

  /**
   * `counts`: as the object found them when it woke. One that is active slept, and reported before it did: when, it does
   * not know, so the next call is as far away as after a report.
   */
  constructor(counts: C, now: number) {
    this.#told = counts;
    this.#asks = isActive(counts);
    this.#calledAt = isActive(counts) ? now : Number.NEGATIVE_INFINITY;
  }

  /** Adds to a counter. It goes out with the next report, and is lost if the object sleeps before. */
  count(name: string, by: number): void {
    const known = this.#counters.get(name);
    if (known === undefined && this.#counters.size >= MAX_COUNTERS) return;
    this.#counters.set(name, (known ?? 0) + by);
  }

  /** What to report now; `undefined`: nothing, or not yet. Whoever takes it calls the registry. */
  take(counts: C, now: number): Report<C> | undefined {
    if (!this.#hasNews(counts) || this.#dueAt(now) > now) return undefined;
    // After a first message into an empty room more may come before the next report. One that has just become empty has
    // said all.
    const wasActive = this.#told !== null && isActive(this.#told);
    this.#asks = isActive(counts) || !wasActive;
    this.#said(counts, now);
    return { counts, asks: this.#asks, ...this.#takeCounters() };
  }

  /**
   * When the alarm has to wake the object for a report; `null`: it does not. Only what the registry does not ask about needs
   * it: what happens within 30 s of the report, or of the answer, that the object is empty, and a call that failed.
   */
  alarmAt(counts: C, now: number): number | null {
    return !this.#asks && this.#isOther(counts) ? this.#dueAt(now) : null;
  }

  /**
   * The registry asked, and was answered this. An answer that says that it is empty counts as a call: a report right behind
   * it could arrive first, and would be overwritten.
   */
  answered(counts: C, now: number): Report<C> {
    this.#asks = isActive(counts);
    this.#said(counts, isActive(counts) ? this.#calledAt : now);
    return { counts, asks: this.#asks, ...this.#takeCounters() };
  }

  /** The object forgets itself. If it does not after all, the next report is as far away as after another one. */
  gone(counts: C, now: number): Report<C> {
    this.#said(counts, now);
    this.#told = null;
    this.#asks = false;
    return { counts: null, left: counts, asks: false, ...this.#takeCounters() };
  }

  /** The alarm went off, or the object is new. Unless it called since it woke, it does not know what the registry knows. */
  doubt(): void {
    if (this.#knows) return;
    this.#told = null;
    this.#asks = false;
    this.#calledAt = Number.NEGATIVE_INFINITY;
  }

  /** A call failed. A later one says it again. `random`: from 0 to below 1. */
  failed({ counters = {} }: Report<C>, random: number): void {
    this.#told = null;
    this.#asks = false;
    this.#everyMs = Math.min(MAX_AGAIN_MS, this.#everyMs * (1 + random));
    for (const [name, by] of Object.entries(counters)) this.count(name, by);
  }

  /** A call arrived. */
  arrived(): void {
    this.#everyMs = REPORT_EVERY_MS;
  }

  #said(counts: C, calledAt: number): void {
    this.#told = counts;
    this.#calledAt = calledAt;
    this.#knows = true;
  }

  #hasNews(counts: C): boolean {
    return this.#counters.size > 0 || this.#isOther(counts);
  }

  /** Whether the registry should know. One that is active is asked, so no change of its numbers is worth a report. */
  #isOther(counts: C): boolean {
    if (this.#told === null) return true;
    if (isActive(this.#told) !== isActive(counts)) return true;
    return !isActive(counts) && stepsOf(this.#told) !== stepsOf(counts);
  }

  /** Not before `now`: it may never have called. If the clock was set back, nothing waits for the old time. */
  #dueAt(now: number): number {
    return now < this.#calledAt ? now : Math.max(now, this.#calledAt + this.#everyMs);
  }

  #takeCounters(): { readonly counters?: Counters } {
    if (this.#counters.size === 0) return {};
    const counters = Object.fromEntries(this.#counters);
    this.#counters = new Map();
    return { counters };
  }
}
