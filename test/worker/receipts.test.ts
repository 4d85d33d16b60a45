import { describe, expect, it } from "vitest";
import { IS_RELAYED, itAtRoom } from "./support/at-relays.ts";
import { actorOf, ask, many, remove } from "./support/changes.ts";
import { shownGone } from "./support/members-shown.ts";
import {
  advanceClock,
  configureRoom,
  crash,
  crashRoom,
  failWrites,
  recordWrites,
  sleepRoom,
  stopClock,
} from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const read = (socket: TestSocket, seq?: number) =>
  ask(socket, { type: "read", ...(seq !== undefined && { seq }) });
const sentReceipts = (socket: TestSocket) => socket.ofType("receipt").map(({ user, seq }) => [user, seq]);

async function adaAndBo(prefix: string, messages: number) {
  const room = uniqueName(prefix);
  const ada = await join(room, "ada");
  const bo = await join(room, "bo");
  await fill(ada, messages);
  await bo.settled();
  return { room, ada, bo };
}

async function receiptsOf(room: string): Promise<Record<string, number>> {
  const response = await callAsServer("GET", `/v1/rooms/${room}/receipts`);
  expect(response.status).toBe(200);
  const { receipts } = await response.json<{ receipts: { user: string; seq: number; at: number }[] }>();
  for (const receipt of receipts) expect(Object.keys(receipt).sort()).toEqual(["at", "seq", "user"]);
  return Object.fromEntries(receipts.map(({ user, seq }) => [user, seq]));
}

describe("read", () => {
  it("[R1] never moves back; 0 only asks, a value above head counts as head, and so does no value", async () => {
    const { bo } = await adaAndBo("read", 10);
    expect(await bo.ask({ type: "read", id: "r", seq: 0 })).toEqual({
      type: "ok",
      id: "r",
      seq: 0,
      unread: 10,
    });
    expect(await read(bo, 4)).toMatchObject({ seq: 4, unread: 6 });
    expect(await read(bo, 3)).toMatchObject({ seq: 4, unread: 6 });
    expect(await read(bo, 0)).toMatchObject({ seq: 4, unread: 6 });
    expect(await read(bo, 1_000_000)).toMatchObject({ seq: 10, unread: 0 });
    expect(await read(bo)).toMatchObject({ seq: 10, unread: 0 });
    expect(await read(bo, Number.MAX_SAFE_INTEGER)).toMatchObject({ seq: 10 });
  });

  it("[R1] in an empty room is 0", async () => {
    const room = uniqueName("empty");
    const ada = await join(room, "ada");
    expect(await read(ada)).toMatchObject({ type: "ok", seq: 0, unread: 0 });
    expect(await read(ada, 5)).toMatchObject({ seq: 0, unread: 0 });
    await fill(await join(room, "bo"), 1);
    expect(await read(ada, 0)).toMatchObject({ seq: 0, unread: 1 });
    expect(await receiptsOf(room)).toEqual({});
  });

  it("[R1] unread does not count one's own messages, deleted ones and changes", async () => {
    const { room, ada, bo } = await adaAndBo("unread", 5);
    await fill(bo, 3);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 2, from: { id: "bo" } });
    for (const command of [remove(2), remove(4), { type: "edit", seq: 1, data: 0 }]) await ask(ada, command);
    expect(await read(bo, 0)).toMatchObject({ unread: 4 });
    expect(await read(ada, 0)).toMatchObject({ unread: 5 });
    expect(await read(bo, 3)).toMatchObject({ seq: 3, unread: 2 });
    // 13 is a change, and a valid position.
    expect(await read(bo, 13)).toMatchObject({ seq: 13, unread: 0 });
  });

  it("[R1] unread counts at most 1,000, and only messages in the log", async () => {
    const room = uniqueName("many");
    await configureRoom(room, { HISTORY_LIMIT: 1_200, RATE_BURST: 10_000 });
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    await fill(ada, 999);
    expect(await read(bo, 0)).toMatchObject({ unread: 999 });
    await fill(bo, 10);
    await fill(ada, 1);
    expect(await read(bo, 0)).toMatchObject({ unread: 1_000 });
    await fill(ada, 1);
    expect(await read(bo, 0)).toMatchObject({ unread: 1_000 });
    await fill(bo, 1_150);
    expect(await read(bo, 0)).toMatchObject({ unread: 40 });
  });

  it("[R1][M2] requires an integer of 0 or more", async () => {
    const { room, ada, bo } = await adaAndBo("wrong", 3);
    const token = await tokenFor("bo");
    for (const seq of [-1, 1.5, "1", null, 2 ** 53, [2], {}, true]) {
      expect(await ask(bo, { type: "read", seq }), String(seq)).toMatchObject({
        code: "bad_request",
        path: ["seq"],
      });
      const response = await callAs(token, "PUT", `/v1/rooms/${room}/receipts/me`, { seq });
      expect(response.status, String(seq)).toBe(400);
      await read(bo, 0);
    }
    await ada.settled();
    expect(sentReceipts(ada)).toEqual([]);
    expect(await read(bo, 0)).toMatchObject({ seq: 0, unread: 3 });
  });

  it("[R1][R4] is the same over HTTP", async () => {
    const { room, ada, bo } = await adaAndBo("http", 5);
    const path = `/v1/rooms/${room}/receipts/me`;
    const put = async (body: unknown) => (await callAs(await tokenFor("bo"), "PUT", path, body)).json();
    expect(await put({ seq: 2, user: "ada", unknown: 1 })).toEqual({ seq: 2, unread: 3 });
    expect(await put({ seq: 1 })).toEqual({ seq: 2, unread: 3 });
    expect(await read(bo, 0)).toMatchObject({ seq: 2 });
    expect(await ada.next("receipt")).toEqual({
      type: "receipt",
      user: "bo",
      seq: 2,
      at: expect.any(Number),
    });
    expect(await put({ seq: 99 })).toEqual({ seq: 5, unread: 0 });
    expect(await receiptsOf(room)).toEqual({ bo: 5 });
  });

  it("[R4] is for users: server code and anonymous readers have no position", async () => {
    const room = uniqueName("public_receipts");
    const nobody = await join(room, null);
    const ada = await join(room, "ada");
    await fill(ada, 2);
    expect(await read(nobody)).toMatchObject({ code: "forbidden" });
    const paths = [
      ["PUT", `/v1/rooms/${room}/receipts/me`, { seq: 1 }] as const,
      ["GET", `/v1/rooms/${room}/receipts`] as const,
    ];
    for (const [method, path, body] of paths) {
      const response = await call(path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect([response.status, (await errorOf(response)).code], path).toEqual([401, "unauthorized"]);
    }
    const server = await callAsServer("PUT", `/v1/rooms/${room}/receipts/me`, { seq: 1 });
    expect([server.status, (await errorOf(server)).code]).toEqual([403, "forbidden"]);
    expect(await receiptsOf(room)).toEqual({});
    const reader = await callAs(
      await tokenFor("bo", { rooms: { "*": "read" } }),
      "PUT",
      `/v1/rooms/${room}/receipts/me`,
      { seq: 1 },
    );
    expect(await reader.json()).toEqual({ seq: 1, unread: 1 });
    const none = await callAs(
      await tokenFor("cy", { rooms: {} }),
      "GET",
      `/v1/rooms/${uniqueName("r")}/receipts`,
    );
    expect(none.status).toBe(403);
    expect(await receiptsOf(room)).toEqual({ bo: 1 });
  });
});

describe("receipts", () => {
  it("[R2] are sent at most once per second, the last of each user", async () => {
    const { ada, bo } = await adaAndBo("receipts", 30);
    // All of it within a second, however busy the machine is.
    const now = stopClock();
    await read(bo, 1);
    for (let seq = 2; seq <= 10; seq++) bo.send({ type: "read", id: `r${seq}`, seq });
    for (let seq = 1; seq <= 12; seq++) ada.send({ type: "read", id: `r${seq}`, seq });
    await Promise.all([ada.settled(), bo.settled()]);
    expect(sentReceipts(bo)).toEqual([["bo", 1]]);
    stopClock(now + 1_000);
    await bo.next("receipt", ({ user, seq }) => user === "ada" && seq === 12);
    const receipts = sentReceipts(bo);
    expect(receipts[0]).toEqual(["bo", 1]);
    expect(receipts.slice(1).sort()).toEqual([
      ["ada", 12],
      ["bo", 10],
    ]);
    await ada.settled();
    expect(sentReceipts(ada)).toEqual(receipts);
    expect(await read(bo, 5)).toMatchObject({ seq: 10 });
    await bo.settled();
    expect(sentReceipts(bo)).toHaveLength(3);
  });

  it("[R2] are sent to users only, also without presence, filtered or during a replay", async () => {
    const room = uniqueName("public_told");
    const [ada, off, topics, nobody] = [
      await join(room, "ada"),
      await join(room, "bo", { query: "?presence=off" }),
      await join(room, "cy", { query: "?topics=none" }),
      await join(room, null),
    ];
    await fill(ada, 1);
    await read(ada);
    await Promise.all([ada, off, topics].map((socket) => socket.next("receipt")));
    await nobody.settled();
    expect(nobody.ofType("receipt")).toEqual([]);
    const back = await join(room, "di", { query: "?history=10" });
    await back.settled();
    expect(back.ofType("receipt")).toEqual([]);
  });

  it("[R2][P5] are sent to no one in a room that counts its members, but are stored", async () => {
    const room = uniqueName("crowd");
    const ada = await join(room, "ada");
    await fill(ada, 3);
    for (let at = 0; at < 201; at += 67)
      await Promise.all(many(67, (n) => join(room, `user${at + n}`, { query: "?history=0&presence=off" })));
    const { occupancy } = await (await callAsServer("GET", `/v1/rooms/${room}`)).json<{
      occupancy: object;
    }>();
    expect(occupancy).toMatchObject({ members: 202 });
    await read(ada, 2);
    advanceClock(2_000);
    await fill(ada, 1);
    expect(sentReceipts(ada)).toEqual([]);
    expect(await receiptsOf(room)).toEqual({ ada: 2 });
  });

  itAtRoom(
    "a room writes how far readers at relays have read",
    "[R40] are kept by the socket without a row, and one row is written when it leaves",
    async () => {
      const { room, ada, bo } = await adaAndBo("written", 40);
      const writes = await recordWrites(roomObject(room));
      for (let seq = 1; seq <= 20; seq++) await read(bo, seq);
      expect([writes.statements, writes.rows()]).toEqual([[], 0]);
      expect(await receiptsOf(room)).toEqual({ bo: 20 });
      bo.close();
      await ada.next("memberLeft", ({ user }) => user === "bo");
      expect(writes.statements.filter((statement) => statement.includes("read_sheets"))).toHaveLength(1);
      await crash(roomObject(room));
      expect(await receiptsOf(room)).toEqual({ bo: 20 });
    },
  );

  it("[R40] survive a sleep in the socket's attachment, and are written if its close wakes the room", async () => {
    const { room, ada, bo } = await adaAndBo("attached", 10);
    await read(bo, 7);
    await sleepRoom(room);
    expect(await receiptsOf(room)).toEqual({ bo: 7 });
    expect(await read(bo, 2)).toMatchObject({ seq: 7, unread: 3 });
    await sleepRoom(room);
    bo.close();
    await shownGone(ada, "bo");
    await crashRoom(room);
    expect(await receiptsOf(room)).toEqual({ bo: 7 });
  });

  itAtRoom(
    "a room writes how far readers at relays have read",
    "[R43] of users who are here are lost in a crash until their clients say them again, those of others are not",
    async () => {
      const { room, bo } = await adaAndBo("crashed", 10);
      const cy = await join(room, "cy");
      await read(cy, 4);
      cy.close();
      await bo.next("memberLeft", ({ user }) => user === "cy");
      await read(bo, 3);
      await crash(roomObject(room));
      expect(await receiptsOf(room)).toEqual({ cy: 4 });
      const back = await join(room, "bo");
      expect(back.ofType("connected")).toMatchObject([{ read: { seq: 0, unread: 10 } }]);
      expect(await read(back, 3)).toMatchObject({ seq: 3, unread: 7 });
    },
  );

  it("[R40] reported over HTTP are kept by a socket of their user, if there is one", async () => {
    const { room } = await adaAndBo("reported", 5);
    const writes = await recordWrites(roomObject(room));
    const path = `/v1/rooms/${room}/receipts/me`;
    await callAs(await tokenFor("cy"), "PUT", path, { seq: 2 });
    const rows = () => writes.statements.filter((statement) => statement.includes("read_sheets")).length;
    expect(rows()).toBe(1);
    await callAs(await tokenFor("bo"), "PUT", path, { seq: 2 });
    expect(rows()).toBe(1);
  });

  it("[R41] are written after three minutes, by whatever wakes the room", async () => {
    const { room, ada, bo } = await adaAndBo("waited", 10);
    const writes = await recordWrites(roomObject(room));
    const rows = () => writes.statements.filter((statement) => statement.includes("read_sheets")).length;
    const now = stopClock();
    await read(bo, 7);
    // Heartbeats meanwhile, without which both would be gone: who leaves has their position written.
    for (const later of [60_000, 120_000, 179_999]) {
      stopClock(now + later);
      await Promise.all([ada.settled(), bo.settled()]);
    }
    if (!IS_RELAYED) expect(rows()).toBe(0);
    stopClock(now + 180_000);
    await fill(ada, 1);
    await crash(roomObject(room));
    expect(await receiptsOf(room)).toEqual({ bo: 7 });
  });

  it("[R3][R42] survive a restart, and are written at most every 5 s where no socket keeps them", async () => {
    const { room, ada } = await adaAndBo("restart", 10);
    const now = stopClock();
    const put = (seq: number) => roomObject(room).read(actorOf("cy", "read"), "cy", seq);
    const writes = await recordWrites(roomObject(room));
    for (const seq of [3, 5, 9]) await put(seq);
    expect(writes.statements).toHaveLength(1);
    expect(await receiptsOf(room)).toEqual({ cy: 9 });
    stopClock(now + 5_000);
    await fill(ada, 1);
    await crash(roomObject(room));
    expect(await receiptsOf(room)).toEqual({ cy: 9 });
    expect(sentReceipts(ada)).toContainEqual(["cy", 3]);
  });

  it("[R3][R4] of hundreds of users are a few rows, and all are listed", async () => {
    const { room, ada } = await adaAndBo("hundreds", 20);
    const users = many(300, (at) => `reader${at}`);
    const writes = await recordWrites(roomObject(room));
    // The users' objects are asked first, which may take longer than the time between two writes of one position.
    const now = stopClock();
    for (const seq of [1, 5, 20])
      await Promise.all(
        users.map((user, at) =>
          roomObject(room).read(actorOf(user, "read"), user, Math.min(seq, (at % 20) + 1)),
        ),
      );
    const rows = () => writes.statements.filter((statement) => statement.includes("read_sheets")).length;
    // At most one each 5 s for each sheet, and a second one as the last of these are late.
    expect(rows()).toBeLessThanOrEqual(4);
    stopClock(now + 5_000);
    await fill(ada, 1);
    expect(rows()).toBeLessThanOrEqual(6);
    const expected = Object.fromEntries(users.map((user, at) => [user, (at % 20) + 1]));
    expect(await receiptsOf(room)).toEqual(expected);
    await ada.next("receipt", ({ user }) => user === "reader299");
    for (const user of users)
      expect(sentReceipts(ada).filter(([reader]) => reader === user).length).toBeLessThanOrEqual(3);
    await crash(roomObject(room));
    expect(await receiptsOf(room)).toEqual(expected);
  });

  it("[R3][S14] whose write fails are written again, and the room continues to work meanwhile", async () => {
    const { room, ada, bo } = await adaAndBo("failing", 9);
    const now = stopClock();
    const heal = await failWrites(roomObject(room), (query) => query.includes("INTO read_sheets"));
    await roomObject(room).read(actorOf("cy", "read"), "cy", 3);
    await fill(ada, 1);
    expect(await read(bo, 0)).toMatchObject({ type: "ok", seq: 0, unread: 10 });
    expect(await receiptsOf(room)).toEqual({ cy: 3 });
    heal();
    stopClock(now + 5_000);
    await fill(ada, 1);
    await crash(roomObject(room));
    expect(await receiptsOf(room)).toEqual({ cy: 3 });
    expect(ada.texts.join() + bo.texts.join()).not.toContain("DETAIL-OF-THE-FAULT");
  });
});
