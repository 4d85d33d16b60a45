// What a user may cost a day, all rooms and calls together. A room's own allowance bounds how fast a user is; the
// budget bounds the sum.

import type { Sql } from "../object/storage/sql.ts";
import { type Refusal, refuse } from "../protocol/index.ts";
import { readUserState } from "./inbox/user-state.ts";

const DAY_MS = 86_400_000;

export class Budget {
  readonly #sql: Sql;
  readonly #perDay: number;
  #day: number;
  #spent: number;

  /** `perDay`: in millionths of a US dollar; with 0 nothing is counted. Days are those of UTC. */
  constructor(sql: Sql, perDay: number, state = readUserState(sql)) {
    this.#sql = sql;
    this.#perDay = perDay;
    this.#day = state?.budgetDay ?? 0;
    this.#spent = state?.budgetSpent ?? 0;
  }

  /** Counts what was spent already: a row written. Returns the refusal of more, if that was the last. */
  spend(units: number, now: number): Refusal | undefined {
    if (this.#perDay === 0) return undefined;
    const day = Math.floor(now / DAY_MS);
    this.#spent = (day === this.#day ? this.#spent : 0) + units;
    this.#day = day;
    this.#sql.exec("UPDATE inbox_state SET budget_day = ?, budget_spent = ?", day, this.#spent);
    return this.refusal(now);
  }

  /** The refusal of more, until the end of the day, if the budget is used up. */
  refusal(now: number): Refusal | undefined {
    const day = Math.floor(now / DAY_MS);
    if (this.#perDay === 0 || day !== this.#day || this.#spent < this.#perDay) return undefined;
    const retryAfterMs = (day + 1) * DAY_MS - now;
    return refuse("rate_limited", "this user has used up what one may cost a day", { retryAfterMs });
  }
}
