// What a user may cost a day, all rooms and calls together. A room's own allowance bounds how fast a user is; the
// budget bounds the sum.

import { firstRow, type Sql } from "../object/storage/sql.ts";
import { type Refusal, refuse } from "../protocol/index.ts";

const DAY_MS = 86_400_000;

type Row = { day: number; spent: number };

export class Budget {
  readonly #sql: Sql;
  readonly #perDay: number;
  #day: number;
  #spent: number;

  /** `perDay`: in millionths of a US dollar; with 0 nothing is counted. Days are those of UTC. */
  constructor(sql: Sql, perDay: number) {
    this.#sql = sql;
    this.#perDay = perDay;
    const row = firstRow(
      sql.exec<Row>("SELECT budget_day AS day, budget_spent AS spent FROM inbox_state"),
    ) ?? { day: 0, spent: 0 };
    this.#day = row.day;
    this.#spent = row.spent;
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
