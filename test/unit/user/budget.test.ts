import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SAMPLE, Spending } from "../../../src/object/spending.ts";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { Budget } from "../../../src/user/budget.ts";
import { USER_SCHEMA } from "../../../src/user/inbox/user-schema.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const DAY_MS = 86_400_000;
const NOON = 20_000 * DAY_MS + DAY_MS / 2;

function budgetOf(perDay: number) {
  const database = new SqliteForTest();
  migrate(database, USER_SCHEMA);
  database.sql.exec(
    "INSERT INTO inbox_state (id, epoch, ring, floor, head, unread) VALUES (1, 'e', 9, 0, 0, 0)",
  );
  return { database, budget: new Budget(database.sql, perDay) };
}

describe("the daily budget of a user", () => {
  it("[K16] is used up for the day, also after a restart, and is full again the next day", () => {
    const { database, budget } = budgetOf(100);
    expect(budget.spend(60, NOON)).toBeUndefined();
    const later = new Budget(database.sql, 100);
    expect(later.spend(60, NOON)).toMatchObject({ code: "rate_limited", retryAfterMs: DAY_MS / 2 });
    expect(new Budget(database.sql, 100).refusal(NOON + 1)).toMatchObject({ retryAfterMs: DAY_MS / 2 - 1 });
    expect(later.refusal(NOON + DAY_MS / 2)).toBeUndefined();
    expect(later.spend(60, NOON + DAY_MS / 2)).toBeUndefined();
  });

  it("[K16] of 0 counts and writes nothing", () => {
    const { database, budget } = budgetOf(0);
    const { changes } = database;
    for (let n = 0; n < 100; n++) expect(budget.spend(1_000, NOON)).toBeUndefined();
    expect(database.changes).toBe(changes);
  });
});

describe("the reports of spending", () => {
  it("[K16] contain on average all actions, with a report in one of many calls", () => {
    const spending = new Spending(seededRandom(7));
    let [told, calls] = [0, 0];
    for (let n = 0; n < 200_000; n++) {
      spending.add("ada", 1);
      for (const [, units] of spending.take()) {
        told += units;
        calls++;
      }
    }
    expect(told / 200_000).toBeGreaterThan(0.95);
    expect(told / 200_000).toBeLessThan(1.05);
    expect(calls * SAMPLE).toBe(told);
  });

  it("[K16] are sent at once if they are more than a sample", () => {
    const spending = new Spending(() => 0.999);
    spending.add("ada", 101);
    spending.add("bo", 1);
    expect(spending.take()).toEqual([["ada", 101]]);
    expect(spending.take()).toEqual([]);
  });
});
