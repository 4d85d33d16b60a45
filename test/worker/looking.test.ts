// Clients that only read or listen create nothing in rooms and users.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { itAtRoom } from "./support/at-relays.ts";
import { type AnyStub, configureRoom, sleep } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  join,
  openRoom,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const sizeOf = (stub: AnyStub) =>
  runInDurableObject<DurableObject, { tables: number; alarm: number | null }>(
    stub,
    async (_, { storage }) => ({
      tables: storage.sql.exec("SELECT 1 FROM sqlite_master").toArray().length,
      alarm: await storage.getAlarm(),
    }),
  );

const NOTHING = { tables: 0, alarm: null };

const ROOM_READS = [
  "",
  "/messages",
  "/messages?before=5&limit=200&topics=a",
  "/members",
  "/receipts",
  "/events",
  "/events?since=abc.5&topics=a",
  "/bans",
  "/bans?after=x",
];
const USER_READS = ["/v1/me/notifications", "/v1/me/preferences", "/v1/me/rooms", "/v1/push/key"];

describe("a read call of the HTTP API", () => {
  it.each(ROOM_READS)("[H25] creates no room for any caller: GET rooms/:room%s", async (rest) => {
    const room = uniqueName("public_looked");
    const path = `/v1/rooms/${room}${rest}`;
    const moderator = await tokenFor("mo", { rooms: { "*": "moderate" } });
    const answers = [await call(path), await callAs(moderator, "GET", path), await callAsServer("GET", path)];
    const isForUsers = /members|receipts|bans/.test(rest);
    expect(answers.map(({ status }) => status)).toEqual([isForUsers ? 401 : 200, 200, 200]);
    expect(await sizeOf(roomObject(room))).toEqual(NOTHING);
  });

  it.each(USER_READS)("[H25] creates no user: GET %s", async (path) => {
    const user = uniqueName("looked");
    expect((await callAs(await tokenFor(user), "GET", path)).status).toBe(200);
    expect((await callAsServer("GET", `/v1/users/${user}`)).status).toBe(200);
    expect(await sizeOf(userObject(user))).toEqual(NOTHING);
  });

  it("[H25] creates no room, like an unban, a signal, a change or a read position that changes nothing", async () => {
    const room = uniqueName("public_looked");
    const path = `/v1/rooms/${room}`;
    const bearer = await tokenFor(uniqueName("looked"), { rooms: { "*": "moderate" } });
    await callAs(bearer, "DELETE", `${path}/bans/somebody`);
    await callAs(bearer, "POST", `${path}/signals`, { event: "e" });
    await callAs(bearer, "PATCH", `${path}/messages/1`, { data: 1 });
    await callAs(bearer, "PUT", `${path}/receipts/me`, { seq: 5 });
    expect(await sizeOf(roomObject(room))).toEqual(NOTHING);
  });
});

describe("an anonymous reader", () => {
  itAtRoom(
    "a relay that begins is a row of its room",
    "[H25] creates nothing in a room without messages, also while it sends commands, polls and sleeps",
    async () => {
      const room = uniqueName("public_listened");
      const reader = await join(room, null);
      expect(await reader.ask({ type: "history", id: "h" })).toMatchObject({ messages: [] });
      await reader.ask({ type: "topics", id: "t", topics: ["chat"] });
      await join(room, null);
      await sleep(roomObject(room));
      await reader.settled();
      await callAsServer("GET", `/v1/rooms/${room}/events`);
      const occupancy = { members: 0, connections: 2 };
      expect(await (await callAsServer("GET", `/v1/rooms/${room}`)).json()).toMatchObject({
        head: 0,
        occupancy,
      });
      reader.close(1000);
      await reader.closed;
      expect(await sizeOf(roomObject(room))).toEqual(NOTHING);
    },
  );

  it("[H26] keeps the epoch that it received, also through a sleep, and receives what is sent then", async () => {
    const room = uniqueName("public_listened");
    const reader = await join(room, null);
    const { epoch } = await reader.next("connected");
    await sleep(roomObject(room));
    const other = await join(room, null);
    expect(await other.next("connected")).toMatchObject({ epoch });
    await sleep(roomObject(room));
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(await reader.next("message")).toMatchObject({ seq: 1 });
    expect(await (await callAsServer("GET", `/v1/rooms/${room}`)).json()).toMatchObject({ epoch, head: 1 });
    const back = await join(room, null, { query: `?since=${epoch}.0` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete" });
    await sleep(roomObject(room));
    const later = await join(room, null, { query: `?since=${epoch}.1` });
    expect(await later.next("connected")).toMatchObject({ recovery: "complete", head: 1 });
  });

  it("[M22] is refused beyond the rate limit of its address, over sockets and HTTP; another address and a member are not", async () => {
    const room = uniqueName("public_flooded");
    await configureRoom(room, { RATE_PER_SECOND: 0.01, RATE_BURST: 3 });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    const path = `/v1/rooms/${room}/messages`;
    const from = (address: string) => call(path, { headers: { "CF-Connecting-IP": address } });
    const reader = await join(room, null, { address: "2001:db8:1:2::1" });
    expect(await reader.ask({ type: "history", id: "h" })).toMatchObject({ type: "ok" });
    expect((await from("2001:db8:1:2:ffff::2")).status).toBe(200);
    expect(await reader.ask({ type: "ping", id: "p" })).toMatchObject({ code: "rate_limited" });
    const refused = await from("2001:db8:1:2:3::4");
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, expect.any(String)]);
    const socket = await openRoom(room, null, { address: "2001:db8:1:2::5" });
    expect(await socket.closed).toMatchObject({ code: 4429 });
    expect((await from("2001:db8:1:3::1")).status).toBe(200);
    await join(room, "ada");
  });
});
