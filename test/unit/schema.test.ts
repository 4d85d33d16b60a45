// State outlives code. A released step of a schema is never edited, as some objects have run it: the hash of each step
// is recorded here. If this test fails, put the change into a new list at the end of the schema, and add its hash
// below; never change a recorded hash.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { migrate, StateIsNewer } from "../../src/object/storage/migrate.ts";
import { REGISTRY_SCHEMA } from "../../src/registry/registry-schema.ts";
import {
  EXPIRING_TABLE,
  LOG_TABLE,
  RECEIPTS_TABLE,
  ROOM_SCHEMA,
  SCHEDULED_TABLE,
} from "../../src/room/log/room-schema.ts";
import { WEBHOOK_TABLES } from "../../src/room/webhook-store.ts";
import { USER_SCHEMA } from "../../src/user/inbox/user-schema.ts";
import { CLAIMS_TABLE } from "../../src/user/session-claims.ts";
import { SqliteForTest } from "../support/sqlite.ts";

/** The layout of a statement does not matter. */
const hashOf = (step: readonly string[]) =>
  createHash("sha256")
    .update(step.map((statement) => statement.replace(/\s+/g, " ").trim()).join(";"))
    .digest("hex")
    .slice(0, 16);

const FROZEN = {
  room: ["453b2ee03c1326b0", "8c6036785516d36b"],
  registry: ["fefdf2fa78daae3a"],
  user: ["79f5c2fb692203be", "9365ad9f8fa4c3c6"],
  /** Created on demand, outside the steps: these are never edited at all. */
  claims: "237e954cb7351bc6",
  expiring: "55918ac583b101c5",
  scheduled: "046e319486f0d480",
  webhooks: "25a9de3e0443e7fc",
};

describe("a schema", () => {
  it("[X6] has its steps as they were released", () => {
    expect({
      room: ROOM_SCHEMA.map(hashOf),
      registry: REGISTRY_SCHEMA.map(hashOf),
      user: USER_SCHEMA.map(hashOf),
      claims: hashOf([CLAIMS_TABLE]),
      expiring: hashOf([EXPIRING_TABLE]),
      scheduled: hashOf([SCHEDULED_TABLE]),
      webhooks: hashOf(WEBHOOK_TABLES),
    }).toEqual(FROZEN);
  });

  const tables = (database: SqliteForTest) =>
    Array.from(
      database.sql.exec<{ type: string; name: string; sql: string }>(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
      ),
      // A column that a step adds stands in the statement with other blanks.
      (row) => ({ ...row, sql: row.sql.replace(/\s+/g, "") }),
    );

  it.each([
    ["room", ROOM_SCHEMA],
    ["user", USER_SCHEMA],
    ["registry", REGISTRY_SCHEMA],
  ])(
    "[X6] gives a new %s the same tables as one that has run step after step, without a change",
    (_, schema) => {
      const [made, grown] = [new SqliteForTest(), new SqliteForTest()];
      const statements: string[] = [];
      made.onQuery = (query) => statements.push(query);
      migrate(made, schema);
      expect(statements.filter((statement) => statement.startsWith("ALTER"))).toEqual([]);
      for (const steps of schema.keys()) migrate(grown, schema.slice(0, steps + 1));
      expect(tables(made)).toEqual(tables(grown));
    },
  );

  it("[X6] gives the same tables in a purge as all steps together", () => {
    const [made, purged] = [new SqliteForTest(), new SqliteForTest()];
    for (const database of [made, purged]) migrate(database, ROOM_SCHEMA);
    for (const table of ["log", "receipts"]) purged.sql.exec(`DROP TABLE ${table}`);
    for (const statement of [...LOG_TABLE, ...RECEIPTS_TABLE]) purged.sql.exec(statement);
    expect(tables(purged)).toEqual(tables(made));
  });
});

describe("a migration", () => {
  const STEPS = [["CREATE TABLE a (x)"], ["ALTER TABLE a ADD COLUMN y"], ["CREATE TABLE b (x)"]];

  it("[X6] runs each step once, and all that are missing", () => {
    const database = new SqliteForTest();
    for (const count of [1, 1, 3, 3]) migrate(database, STEPS.slice(0, count));
    database.sql.exec("INSERT INTO a (x, y) VALUES (1, 2)");
    expect(Array.from(database.sql.exec("SELECT version FROM schema_version"))).toEqual([{ version: 3 }]);
  });

  it("[X6] that fails changes nothing", () => {
    const database = new SqliteForTest();
    migrate(database, STEPS.slice(0, 1));
    expect(() => migrate(database, [...STEPS.slice(0, 2), ["CREATE TABLE a (x)"]])).toThrow();
    migrate(database, STEPS);
    expect(Array.from(database.sql.exec("SELECT version FROM schema_version"))).toEqual([{ version: 3 }]);
  });

  it("[X7] refuses what newer code has stored, and leaves it alone", () => {
    const database = new SqliteForTest();
    migrate(database, STEPS);
    expect(() => migrate(database, STEPS.slice(0, 2))).toThrow(StateIsNewer);
    expect(() => migrate(database, STEPS.slice(0, 2))).toThrow(/version 3, this code knows them up to 2/);
    migrate(database, STEPS);
  });
});
