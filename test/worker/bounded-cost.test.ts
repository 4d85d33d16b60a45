// What a call reads does not grow with a room's or a user's age.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { actorOf } from "./support/changes.ts";
import { measure } from "./support/meter.ts";
import { advanceClock } from "./support/objects.ts";
import {
  callAsServer,
  fill,
  join,
  openSession,
  roomObject,
  uniqueName,
  userObject,
} from "./support/worker.ts";

/** Inserts rows into an object's tables, 100 at a time. */
const insert = (
  stub: ReturnType<typeof roomObject> | ReturnType<typeof userObject>,
  rows: string,
  count: number,
) =>
  runInDurableObject<DurableObject, void>(stub, (_, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) ${rows}`,
      count,
    );
  });

const readsOf = async (stub: Parameters<typeof insert>[0], call: () => Promise<unknown>) => {
  const meter = await measure(stub);
  await meter.sleep();
  await meter.take();
  await call();
  return (await meter.take()).rowsRead;
};

describe("a room that has had very many users", () => {
  it("[K11][R5] lists who read last with at most 4,000 rows read and a few more, whatever the room's age", async () => {
    const room = uniqueName("old");
    const ada = await join(room, "ada");
    await fill(ada, 3);
    await insert(roomObject(room), "INSERT INTO receipts SELECT 'u' || n, 1, n, n FROM n", 100_000);
    await ada.ask({ type: "read", id: "r", seq: 3 });
    let listed: { user: string; seq: number }[] = [];
    const reads = await readsOf(roomObject(room), async () => {
      const response = await callAsServer("GET", `/v1/rooms/${room}/receipts`);
      ({ receipts: listed } = await response.json<{ receipts: typeof listed }>());
    });
    expect(listed).toHaveLength(1_000);
    expect(listed.slice(0, 2)).toMatchObject([{ user: "ada", seq: 3 }, { user: "u100000" }]);
    expect(reads).toBeLessThan(4_100);
  });

  it("[K11] lists a few readers with as few rows read", async () => {
    const room = uniqueName("small");
    const ada = await join(room, "ada");
    await fill(ada, 1);
    await ada.ask({ type: "read", id: "r" });
    const reads = await readsOf(roomObject(room), () => callAsServer("GET", `/v1/rooms/${room}/receipts`));
    expect(reads).toBeLessThan(40);
  });

  it("[K11] writes a row for a new position that no socket keeps, also when a user enters the list", async () => {
    const room = uniqueName("room");
    const ada = await join(room, "ada");
    await fill(ada, 3);
    const meter = await measure(roomObject(room));
    const rows = [];
    for (const seq of [1, 2]) {
      await meter.sleep();
      await meter.take();
      // Later than the delay of position writes.
      advanceClock(seq * 10_000);
      await callAsServer("GET", `/v1/rooms/${room}`);
      await runInDurableObject(roomObject(room), (object) => object.read(actorOf("bo"), "bo", seq));
      rows.push((await meter.take()).rowsWritten);
    }
    expect(rows).toEqual([1, 1]);
  });

  it("[K12] finds whether a user is banned, and whether any ban exists, without reading the rows of others", async () => {
    const room = uniqueName("banned");
    await join(room, "ada");
    const columns = "(user, banned_until, banned_at)";
    const until = Date.now() + 3_600_000;
    await insert(roomObject(room), `INSERT INTO users ${columns} SELECT 'old' || n, n, 0 FROM n`, 50_000);
    await insert(
      roomObject(room),
      `INSERT INTO users ${columns} SELECT 'u' || n, ${until} + n, 0 FROM n`,
      1_500,
    );
    await insert(roomObject(room), "INSERT INTO users (user) SELECT 'v' || n FROM n", 50_000);
    const path = `/v1/rooms/${room}/bans`;
    let page: { bans: { user: string }[]; more?: boolean } = { bans: [] };
    const read = async (query: string) => {
      page = await (await callAsServer("GET", path + query)).json();
    };
    expect(await readsOf(roomObject(room), () => read(""))).toBeLessThan(2_100);
    expect([page.bans.length, page.more]).toEqual([1_000, true]);
    expect(await readsOf(roomObject(room), () => read(`?after=${page.bans.at(-1)?.user}`))).toBeLessThan(
      1_100,
    );
    expect([page.bans.length, page.more]).toEqual([500, undefined]);
    expect((await callAsServer("GET", `${path}?after=old7`)).status).toBe(404);
    const reads = await runInDurableObject<DurableObject, number[]>(roomObject(room), (_, { storage }) =>
      [until, until + 100_000].map((now) => {
        const cursor = storage.sql.exec("SELECT 1 FROM users WHERE banned_until > ? LIMIT 1", now);
        cursor.toArray();
        return cursor.rowsRead;
      }),
    );
    for (const rowsRead of reads) expect(rowsRead).toBeLessThanOrEqual(2);
  });

  it("[K12] admits a user with as few rows read as a new room does", async () => {
    const room = uniqueName("crowd");
    await join(room, "ada");
    await insert(roomObject(room), "INSERT INTO users (user, is_known) SELECT 'u' || n, 1 FROM n", 50_000);
    const reads = await readsOf(roomObject(room), () => join(room, "u777"));
    expect(reads).toBeLessThan(60);
  });
});

describe("a user who has been in very many rooms", () => {
  it("[K13] is served with a bounded number of rows read", async () => {
    const user = uniqueName("bo");
    await openSession(user);
    // As many rooms as an idle object keeps: test/unit/user/known-rooms.test.ts tests how the others are removed.
    await insert(userObject(user), "INSERT INTO rooms SELECT 'r' || n, 0, n <= 500 FROM n", 2_000);
    const calls: [string, () => Promise<unknown>, number][] = [
      ["opening a room", () => join(uniqueName("room"), user), 2_600],
      ["notify", () => callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" }), 60],
      ["following", () => callAsServer("PUT", `/v1/users/${user}/rooms/r7`), 2_600],
      ["what is revoked", () => userObject(user).revokedTokens(null), 60],
    ];
    for (const [what, call, most] of calls)
      expect(await readsOf(userObject(user), call), what).toBeLessThanOrEqual(most);
  });
});
