import { describe, expect, it } from "vitest";
import type { Actor } from "../../../src/access/identity.ts";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { ROOM_SCHEMA } from "../../../src/room/log/room-schema.ts";
import { type AddressedItem, SessionMembers } from "../../../src/session-rooms/room-side/session-members.ts";
import { SessionStore } from "../../../src/session-rooms/room-side/session-store.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const revokedTokens = NONE_REVOKED;
const ADA: Actor = {
  identity: { kind: "user", user: { id: "ada" }, expiresAt: 1, issuedAt: 0 },
  permission: "write",
};

function sessions(head = 0) {
  const database = new SqliteForTest();
  migrate(database, ROOM_SCHEMA);
  const faults: unknown[] = [];
  const restart = () => {
    const all = new SessionMembers(new SessionStore(database.sql), {
      log: { head, hasEvents: () => true },
      pingMs: 25_000,
      admit: (connection) => connection.update({ stage: { at: "live" } }),
      leave: () => {},
      reportFault: (error) => faults.push(error),
    });
    const restored = all.restore().connections.map(({ state }) => state.id);
    const join = (id: string, join: string) => {
      all.join({
        connection: id,
        join,
        id: "j",
        actor: ADA,
        topics: null,
        presence: true,
        history: 0,
        revokedTokens,
      });
      const connection = all.find(id);
      if (connection === undefined) throw new Error("it has not joined");
      return connection;
    };
    return { all, restored, join };
  };
  const rows = () => Array.from(database.sql.exec<{ connection: string }>("SELECT * FROM sessions"));
  return { database, faults, restart, rows };
}

const kindsOf = (items: readonly AddressedItem[]) =>
  items.map(({ item }) => [item.connection, item.frames.length, item.left?.code]);

describe("sessions of a room", () => {
  it("[J3] that were ended are notified, also after a restart, until this arrived", () => {
    const { restart, rows } = sessions();
    const before = restart();
    const connection = before.join("c_1", "first");
    before.all.collect(0, 0);
    connection.close({ code: "banned", retryAfterMs: 60_000 });
    const [parcel] = before.all.collect(0, 0);
    expect(parcel).toMatchObject({ user: "ada", item: { left: { code: "banned", retryAfterMs: 60_000 } } });
    const { all, restored } = restart();
    expect(restored).toEqual([]);
    expect(all.hasEnded("c_1")).toBe(true);
    all.sweep(0);
    const [farewell] = all.collect(0, 0);
    expect(farewell).toMatchObject({ user: "ada", item: { join: "first", left: { code: "banned" } } });
    if (farewell !== undefined) all.answered([farewell.item], [{ kind: "gone" }], 0);
    expect(rows()).toEqual([]);
    expect(all.size).toBe(0);
  });

  it("[J3] that know of their end before they are told of it once more leave no work behind", () => {
    const { restart } = sessions();
    const { all, join } = restart();
    join("c_1", "first").close({ code: "internal" });
    const [parcel] = all.collect(0, 0);
    all.sweep(0);
    if (parcel !== undefined) all.answered([parcel.item], [{ kind: "taken" }], 0);
    expect([all.size, all.hasWork]).toEqual([0, true]);
    all.collect(0, 0);
    expect(all.hasWork).toBe(false);
  });

  it("[J3] that joined again meanwhile are not ended by a notice from before", () => {
    const { restart, rows } = sessions();
    const { all, join } = restart();
    join("c_1", "first").close({ code: "internal" });
    const [parcel] = all.collect(0, 0);
    join("c_1", "second");
    all.collect(0, 0);
    if (parcel !== undefined) all.answered([parcel.item], [{ kind: "taken" }], 0);
    expect(rows()).toHaveLength(1);
    all.sweep(0);
    expect(all.collect(0, 0)).toEqual([]);
    expect(restart().restored).toEqual(["c_1"]);
  });

  it("[J2][S14] are all served although one row cannot be written, which is written with the next flush", () => {
    const { database, faults, restart, rows } = sessions();
    const { all, join } = restart();
    const [first] = ["c_1", "c_2"].map((id) => join(id, id));
    database.failOn = /INSERT INTO sessions/;
    expect(all.collect(0, 0)).toHaveLength(2);
    expect(faults).toHaveLength(2);
    database.failOn = undefined;
    first?.socket.send("{}");
    all.collect(0, 0);
    expect(rows()).toMatchObject([{ connection: "c_1" }]);
  });

  it("[J2] that only receive frames have no state encoded again", () => {
    const { restart } = sessions();
    const { all, join } = restart();
    const connection = join("c_1", "j");
    all.collect(0, 0);
    let encoded = 0;
    connection.update({ topics: Object.assign(["a"], { toJSON: () => [`${++encoded}`] }) });
    all.collect(0, 0);
    connection.socket.send("{}");
    all.collect(0, 0);
    expect(encoded).toBe(1);
  });

  it("[J2] continue after what they received, page by page, also after a restart", () => {
    const { restart } = sessions(300);
    const { all, join } = restart();
    const connection = join("c_1", "j");
    connection.update({ stage: { at: "paging", after: 100, told: { since: 0, asOf: 300 } } });
    expect(all.collect(300, 0)).toMatchObject([{ item: { after: null, upTo: 100 } }]);
    const { all: woken } = restart();
    const again = woken.find("c_1");
    again?.update({ stage: { at: "paging", after: 200, told: { since: 0, asOf: 300 } } });
    again?.socket.send("{}");
    expect(woken.collect(300, 0)).toMatchObject([{ item: { after: 100, upTo: 200 } }]);
    again?.update({ stage: { at: "live" } });
    again?.socket.send("{}");
    expect(woken.collect(300, 0)).toMatchObject([{ item: { after: 200, upTo: 300 } }]);
  });

  it("[J6] join again if a delivery was given up, or something was lost on the way", () => {
    const { restart } = sessions();
    const { all, join } = restart();
    for (const id of ["c_1", "c_2"]) join(id, id);
    const [first, second] = all.collect(0, 0).map(({ item }) => item);
    if (first !== undefined) all.givenUp([first]);
    // The log of this test always has something in between.
    if (second !== undefined) expect(all.answered([second], [{ kind: "behind", seq: -1 }], 0)).toEqual([]);
    expect(kindsOf(all.collect(0, 0))).toEqual([
      ["c_1", 0, "internal"],
      ["c_2", 0, "internal"],
    ]);
  });

  it("[J7] are checked when their heartbeat must have stopped", () => {
    const { restart } = sessions();
    const { all, join } = restart();
    join("c_1", "j");
    const [item] = all.collect(0, 0).map((parcel) => parcel.item);
    if (item !== undefined) all.answered([item], [{ kind: "taken", silentInMs: 60_000 }], 0);
    expect(all.collect(0, 60_000)).toEqual([]);
    expect(kindsOf(all.collect(0, 63_000))).toEqual([["c_1", 0, undefined]]);
  });
});
