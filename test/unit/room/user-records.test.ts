import { describe, expect, it } from "vitest";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import { migrate } from "../../../src/object/storage/migrate.ts";
import type { Sql } from "../../../src/object/storage/sql.ts";
import { ROOM_SCHEMA } from "../../../src/room/log/room-schema.ts";
import { UserRecords } from "../../../src/room/people/user-records.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;
const REVOKED = { upTo: NOW, undatedUpTo: NOW };

/** The records of a room, and each statement that they run. */
function recordsOf(database = new SqliteForTest()) {
  migrate(database, ROOM_SCHEMA);
  const statements: string[] = [];
  const failing = { writes: false };
  const sql: Sql = {
    exec(query, ...bindings) {
      if (failing.writes && !query.startsWith("SELECT")) throw new Error("the disk is full");
      statements.push(query);
      return database.sql.exec(query, ...bindings);
    },
  };
  const take = () => statements.splice(0).map((query) => query.split(" ")[0]);
  return { database, records: new UserRecords(sql), take, failing };
}

describe("what a room keeps of a user", () => {
  it("[L230] is read once, however often it is asked for", () => {
    const { records, take } = recordsOf();
    for (let n = 0; n < 6; n++) records.admissionRecord("ada");
    expect(take()).toEqual(["SELECT"]);
  });

  it("[L230] is read again only after 2,000 others", () => {
    const { records, take } = recordsOf();
    records.admissionRecord("ada");
    for (let n = 0; n < 1_999; n++) records.admissionRecord(`u${n}`);
    records.admissionRecord("ada");
    expect(take()).toHaveLength(2_000);
    for (let n = 0; n < 2_000; n++) records.admissionRecord(`v${n}`);
    records.admissionRecord("ada");
    expect(take()).toHaveLength(2_001);
  });

  it("[L230] is never older than a ban, a hold, a revocation or their end", () => {
    const { records, database } = recordsOf();
    const same = () =>
      expect(records.admissionRecord("bo")).toEqual(recordsOf(database).records.admissionRecord("bo"));
    const acts = [
      () => records.setBan({ user: "bo", until: NOW, at: 1, by: null }),
      () => records.setHold("bo", NOW),
      () => records.setRevoked("bo", REVOKED, true),
      () => records.unknow("bo"),
      () => records.liftBan("bo"),
      () => records.setRevoked("bo", { upTo: 1, undatedUpTo: 1 }, true),
    ];
    for (const act of acts) {
      records.admissionRecord("bo");
      act();
      same();
    }
    expect(records.admissionRecord("bo")).toMatchObject({
      revokedTokens: REVOKED,
      isKnown: true,
      bannedUntil: 0,
    });
  });
});

describe("a user who becomes known", () => {
  it("[L231] counts at once, and is written later, one row each", () => {
    const { records, take, database } = recordsOf();
    for (let n = 0; n < 100; n++) records.becomeKnown(`u${n}`);
    expect(take().filter((verb) => verb !== "SELECT")).toEqual([]);
    expect(records.admissionRecord("u7").isKnown).toBe(true);
    records.writeKnown();
    records.writeKnown();
    expect(take()).toEqual(Array(100).fill("INSERT"));
    expect(recordsOf(database).records.admissionRecord("u7").isKnown).toBe(true);
  });

  it("[L231] is asked about again after a crash before that", () => {
    const { records, database } = recordsOf();
    records.becomeKnown("ada");
    expect(recordsOf(database).records.admissionRecord("ada").isKnown).toBe(false);
  });

  it("[L231] is written with a later flush if that one fails", () => {
    const { records, failing, database } = recordsOf();
    for (const user of ["ada", "bo"]) records.becomeKnown(user);
    failing.writes = true;
    expect(() => records.writeKnown()).toThrow();
    expect(records.admissionRecord("bo").isKnown).toBe(true);
    failing.writes = false;
    records.writeKnown();
    for (const user of ["ada", "bo"])
      expect(recordsOf(database).records.admissionRecord(user).isKnown).toBe(true);
  });

  it("[L231] is still known after 2,000 others were asked for meanwhile", () => {
    const { records } = recordsOf();
    records.becomeKnown("ada");
    for (let n = 0; n < 2_000; n++) records.admissionRecord(`u${n}`);
    expect(records.admissionRecord("ada").isKnown).toBe(true);
  });

  it("[L231] and is banned, released or revoked before it is written, is as the last of these says", () => {
    const { records, database } = recordsOf();
    for (const user of ["ada", "bo", "cy"]) records.becomeKnown(user);
    records.unknow("ada");
    records.setBan({ user: "bo", until: NOW, at: 1, by: null });
    records.setRevoked("cy", REVOKED, true);
    records.writeKnown();
    for (const read of [records, recordsOf(database).records]) {
      expect(read.admissionRecord("ada").isKnown).toBe(false);
      expect(read.admissionRecord("bo")).toMatchObject({ isKnown: true, bannedUntil: NOW });
      expect(read.admissionRecord("cy")).toMatchObject({ isKnown: true, revokedTokens: REVOKED });
    }
    expect(records.admissionRecord("di")).toMatchObject({ isKnown: false, revokedTokens: NONE_REVOKED });
  });
});
