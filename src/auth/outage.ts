/**
 * After this many different users in a row without an answer the back end counts as down, and is asked nothing for a
 * moment. Failures for one user do not count as down: one user could keep out all others.
 */
const USERS_IN_A_ROW = 3;
/** That moment: at random up to twice as long, so that not all isolates ask again at once. */
const DOWN_MS = 1_000;

/** Whether one back end is down, as far as this isolate knows: it is not asked thousands of times. Times are in milliseconds. */
export class Outage {
  readonly #random: () => number;
  /** Users without an answer since the last answer. */
  readonly #users = new Set<string>();
  #down = { from: 0, until: 0 };

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether nothing must be asked now. After a clock was set back, nothing waits. */
  isOn(now: number): boolean {
    return now >= this.#down.from && now < this.#down.until;
  }

  failed(user: string, now: number): void {
    if (this.#users.size < USERS_IN_A_ROW) this.#users.add(user);
    if (this.#users.size === USERS_IN_A_ROW)
      this.#down = { from: now, until: now + DOWN_MS * (1 + this.#random()) };
  }

  answered(): void {
    this.#users.clear();
  }
}
