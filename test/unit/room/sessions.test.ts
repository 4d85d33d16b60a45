import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { ROOM_SCHEMA } from "../../../src/room/log/room-schema.ts";
import type { RoomConnectionState } from "../../../src/room/people/room-connection.ts";
import { NOTHING_SAID } from "../../../src/room/people/said.ts";
import { SessionMembers } from "../../../src/session-rooms/room-side/session-members.ts";
import { SessionStore } from "../../../src/session-rooms/room-side/session-store.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const state = (id: string): RoomConnectionState => ({
  version: 1,
  id,
  actor: {
    identity: { kind: "user", user: { id: "ada" }, expiresAt: 1, issuedAt: 0 },
    permission: "write",
  },
  topics: null,
  presence: true,
  counted: true,
  pingedAt: 5,
  stage: { at: "live" },
  joinedAt: null,
  said: NOTHING_SAID,
});

function sessions() {
  const database = new SqliteForTest();
  migrate(database, ROOM_SCHEMA);
  const faults: unknown[] = [];
  const restart = () => {
    const restarted = new SessionMembers(new SessionStore(database.sql), (error) => faults.push(error));
    return { all: restarted, restored: restarted.restore().connections.map(({ state }) => state.id) };
  };
  const rows = () => Array.from(database.sql.exec<{ connection: string }>("SELECT * FROM sessions"));
  return { database, faults, restart, rows };
}

describe("sessions of a room", () => {
  it("[J3] that were ended are told so, also after a restart, until they know", () => {
    const { restart, rows } = sessions();
    const before = restart().all;
    const connection = before.join(state("c_1"), "first");
    connection.socket.send("{}");
    before.collect(0, 0);
    connection.close({ code: "banned", retryAfterMs: 60_000 });
    const [parcel] = before.collect(0, 0);
    expect(parcel).toMatchObject({ user: "ada", item: { left: { code: "banned", retryAfterMs: 60_000 } } });
    const { all, restored } = restart();
    expect(restored).toEqual([]);
    expect(all.hasEnded("c_1")).toBe(true);
    const [farewell] = all.farewells();
    expect(farewell).toMatchObject({ user: "ada", item: { join: "first", left: { code: "banned" } } });
    if (farewell !== undefined) all.delivered(farewell.item);
    expect(rows()).toEqual([]);
    expect(all.size).toBe(0);
  });

  it("[J3] that joined again meanwhile are not ended by what belongs to the time before", () => {
    const { restart, rows } = sessions();
    const { all } = restart();
    all.join(state("c_1"), "first").close({ code: "internal" });
    const [parcel] = all.collect(0, 0);
    all.join(state("c_1"), "second").socket.send("{}");
    all.collect(0, 0);
    if (parcel !== undefined) all.delivered(parcel.item);
    expect(rows()).toHaveLength(1);
    expect(all.farewells()).toEqual([]);
    expect(restart().restored).toEqual(["c_1"]);
  });

  it("[J2][S14] one row that cannot be written keeps nothing from anybody", () => {
    const { database, faults, restart } = sessions();
    const { all } = restart();
    const connections = ["c_1", "c_2"].map((id) => all.join(state(id), id));
    for (const { socket } of connections) socket.send("{}");
    database.failOn = /INSERT INTO sessions/;
    expect(all.collect(0, 0)).toHaveLength(2);
    expect(faults).toHaveLength(2);
  });

  it("[J2] follow on what they were told, page by page, also after a restart", () => {
    const { restart } = sessions();
    const { all } = restart();
    const connection = all.join(state("c_1"), "j");
    connection.update({ stage: { at: "paging", after: 100, told: { since: 0, asOf: 300 } } });
    connection.socket.send("{}");
    expect(all.collect(300, 300)).toMatchObject([{ item: { after: null, upTo: 100 } }]);
    const { all: woken } = restart();
    const again = woken.find("c_1");
    again?.update({ stage: { at: "paging", after: 200, told: { since: 0, asOf: 300 } } });
    again?.socket.send("{}");
    expect(woken.collect(300, 300)).toMatchObject([{ item: { after: 100, upTo: 200 } }]);
    again?.update({ stage: { at: "live" } });
    again?.socket.send("{}");
    expect(woken.collect(300, 301)).toMatchObject([{ item: { after: 200, upTo: 301 } }]);
  });
});
