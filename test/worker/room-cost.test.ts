// Counts what a room uses: the figures of the cost model are compared with these counts, so that they stay correct.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { RELAY_COUNTERS, ROOM_COUNTERS } from "../../src/tools/measured-counters.ts";
import { IS_RELAYED, itAtRoom } from "./support/at-relays.ts";
import { type Meter, measure, type Usage } from "./support/meter.ts";
import { advanceClock, configureRoom } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import { call, callAsServer, cursorOf, fill, join, roomObject, uniqueName } from "./support/worker.ts";

const RING = 1_000;
const DATA_BYTES = 200;
const PING = '{"type":"ping"}';
const QUARTER_MS = 15 * 60_000;

/** No token expires meanwhile. */
const A_DAY = { expiresInS: 86_400 };

async function meteredRoom() {
  const room = uniqueName("cost");
  const stub = roomObject(room);
  const settings = { HISTORY_LIMIT: RING, RATE_BURST: 100_000 };
  await configureRoom(room, settings);
  const meter = await measure(stub, settings);
  return { room, stub, meter };
}

/** A room with a full log and one member. */
async function fullRoom(user = "ada") {
  const { room, stub, meter } = await meteredRoom();
  const ada = await join(room, user, A_DAY);
  await fill(ada, RING + 24);
  await meter.take();
  return { room, stub, meter, ada };
}

/** Of a whole log, without what is read and written once. */
const perMessage = ({ rowsRead, rowsWritten }: { rowsRead: number; rowsWritten: number }) => ({
  rowsRead: Math.floor(rowsRead / RING),
  rowsWritten: Math.floor(rowsWritten / RING),
});

type Rows = Pick<Usage, "rowsRead" | "rowsWritten">;

/** Of a room: with `more` if its sockets are at a relay. */
const withRelay = ({ rowsRead, rowsWritten }: Rows, more: Rows): Rows => ({
  rowsRead: rowsRead + (IS_RELAYED ? more.rowsRead : 0),
  rowsWritten: rowsWritten + (IS_RELAYED ? more.rowsWritten : 0),
});

const rowsOf = async (meter: Meter) => {
  const { rowsRead, rowsWritten } = await meter.take();
  return { rowsRead, rowsWritten };
};

describe("a message", () => {
  it("[K1][K6] is one row at steady state", async () => {
    const { meter, ada } = await fullRoom();
    await fill(ada, 256, (n) => ({ text: `message ${n}` }));
    const { rowsRead, rowsWritten } = await meter.take();
    expect(rowsWritten / 256).toBe(ROOM_COUNTERS.message.rowsWritten);
    expect(rowsRead / 256).toBe(ROOM_COUNTERS.message.rowsRead);
    expect(ROOM_COUNTERS.message.rowsWritten).toBeLessThanOrEqual(1.05);
  });

  it("[K1] costs no more under load: 1,000 of ten senders at once, ten in a frame", async () => {
    const { room, meter, ada } = await fullRoom();
    const senders: TestSocket[] = [];
    for (let n = 0; n < 10; n++) senders.push(await join(room, `sender${n}`));
    await meter.take();
    for (let frame = 0; frame < 100; frame++) {
      const commands = Array.from({ length: 10 }, (_, n) => ({
        type: "send",
        id: `m${frame}-${n}`,
        data: n,
      }));
      senders[frame % 10]?.send({ type: "batch", commands });
    }
    await Promise.all(senders.map((sender) => sender.settled()));
    await ada.settled();
    const used = await meter.take();
    expect(used.rowsWritten).toBeGreaterThanOrEqual(1_000);
    expect(used.rowsWritten / 1_000).toBeLessThanOrEqual(1.05);
    expect(used.alarmsSet).toBe(0);
    // With the 11 pings that checked whether all was done. A frame is one message, or a part of a call of a relay.
    const { requests, messages } = used;
    expect(messages).toBe(IS_RELAYED ? 0 : 111);
    // How many frames a call of a relay has depends on how many wait.
    if (IS_RELAYED) expect(requests).toBeLessThanOrEqual(111);
    else expect(requests).toBe(0);
  });

  it("[K1] over HTTP keeps its id as long as it is stored: one row more, and one when it is removed", async () => {
    const { room, meter } = await fullRoom();
    const publish = (id?: string) =>
      callAsServer("POST", `/v1/rooms/${room}/messages`, {
        event: "task.created",
        data: 1,
        ...(id && { id }),
      });
    await publish();
    expect(await meter.take()).toMatchObject({ rowsWritten: 1, requests: 1, messages: 0 });
    await publish("build-1");
    expect(await meter.take()).toMatchObject({ rowsWritten: 2, requests: 1, messages: 0 });
    await publish("build-1");
    expect(await meter.take()).toMatchObject({ rowsWritten: 0, requests: 1, messages: 0 });
  });

  it("[K6] takes its bytes and an envelope of storage", async () => {
    const { room, stub } = await meteredRoom();
    const ada = await join(room, "usr_0123456789ab", { name: "Ada Lovelace" });
    const size = () => runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize);
    const before = await size();
    expect(before).toBe(ROOM_COUNTERS.emptyBytes);
    // The messages have different sizes and replace each other several times: a row that replaces a smaller one splits
    // its page. With one size, the figure would depend on how many rows just fit a page.
    const sizes = (n: number) => DATA_BYTES / 2 + (((n * 7_919) % 997) / 996) * DATA_BYTES;
    await fill(ada, 6 * RING, (n) => "x".repeat(sizes(n) - 2));
    const envelope = ((await size()) - before) / RING - DATA_BYTES;
    expect(Math.abs(envelope / ROOM_COUNTERS.storedBytesBesideData - 1)).toBeLessThan(0.05);
  });
});

describe("what follows a message", () => {
  itAtRoom(
    "a room writes how far readers at relays have read",
    "[K6][K10] a new position is no row, and one when its user leaves",
    async () => {
      const { room, meter, ada } = await fullRoom();
      const bo = await join(room, "bo");
      await bo.settled();
      await meter.take();
      // The first position of a user reads a row more, and the first one of a room writes the first row.
      const { read, readSheet } = ROOM_COUNTERS;
      await bo.ask({ type: "read", id: "r1", seq: 1 });
      expect(await meter.take()).toMatchObject({ rowsWritten: 0 });
      await ada.ask({ type: "read", id: "r1" });
      ada.close();
      await bo.next("memberLeft", ({ user }) => user === "ada");
      await meter.take();
      advanceClock(6_000);
      await bo.ask({ type: "read", id: "r2" });
      expect(await rowsOf(meter)).toEqual(read);
      const cy = await join(room, "cy", A_DAY);
      await cy.settled();
      await meter.take();
      bo.close();
      await cy.next("memberLeft", ({ user }) => user === "bo");
      expect(await rowsOf(meter)).toEqual(readSheet);
    },
  );

  it("[K6] a change to a message is two rows", async () => {
    const { room, meter } = await fullRoom();
    const cy = await join(room, "cy", A_DAY);
    const { seq } = await cy.ask({ type: "send", id: "m", data: 1 });
    await cy.ask({ type: "edit", id: "e0", seq, data: 0 });
    await meter.take();
    for (const [id, command] of Object.entries({
      edit: { type: "edit", data: 2 },
      reaction: { type: "react", emoji: "👍", op: "add" },
      deletion: { type: "delete" },
    })) {
      await cy.ask({ id, seq, ...command });
      expect([id, await rowsOf(meter)]).toEqual([id, ROOM_COUNTERS.change]);
    }
  });

  it("[K6] an import is a row a message, an export reads one, and an erasure is two", async () => {
    // Of this test alone, as an erasure revokes tokens.
    const user = uniqueName("erased");
    const { meter, room } = await fullRoom(user);
    const path = `/v1/rooms/${room}`;
    const file = await (await callAsServer("GET", `${path}/export`)).arrayBuffer();
    const { importedMessage, exportedMessage, erasedMessage } = ROOM_COUNTERS;
    expect(perMessage(await rowsOf(meter))).toEqual(exportedMessage);
    await callAsServer("DELETE", path);
    await meter.take();
    const headers = { Authorization: `Bearer ${env.API_KEYS}` };
    await call(`${path}/import`, { method: "POST", headers, body: file });
    expect(perMessage(await rowsOf(meter))).toEqual(importedMessage);
    // A slow machine takes more than one call.
    const erase = async () => (await callAsServer("DELETE", `/v1/users/${user}`)).json();
    await expect.poll(erase, { timeout: 20_000 }).toEqual({ done: true, rooms: 0 });
    expect(perMessage(await rowsOf(meter))).toEqual(erasedMessage);
  });

  it("[K15] a look-up of any message reads at most 20 rows, however unevenly the seqs are distributed", async () => {
    const { meter, ada } = await fullRoom();
    const seqs: unknown[] = [];
    for (let n = 0; n < 200; n++) {
      const { seq } = await ada.ask({ type: "send", id: `s${n}`, data: n });
      seqs.push(seq);
      const edits = n % 7 === 0 ? 40 : n % 3;
      for (let m = 0; m < edits; m++) ada.send({ type: "edit", id: `s${n}.${m}`, seq, data: m });
    }
    await ada.settled();
    // Every fifth: behind many edits and few, and between them.
    for (const seq of seqs.filter((_, n) => n % 5 === 0)) {
      await meter.take();
      expect(await ada.ask({ type: "edit", id: `t${seq}`, seq, data: 0 })).toMatchObject({ type: "ok" });
      const { rowsRead, rowsWritten } = await meter.take();
      expect(rowsRead).toBeLessThanOrEqual(20);
      expect(rowsWritten).toBeLessThanOrEqual(3);
    }
  });
});

describe("coming and going", () => {
  it("[K2][K6] the first opening of a room writes its tables, once", async () => {
    const { room, meter } = await meteredRoom();
    const ada = await join(room, "ada");
    await ada.settled();
    expect(await rowsOf(meter)).toEqual(withRelay(ROOM_COUNTERS.firstOpening, RELAY_COUNTERS.begin));
    ada.close(1000);
    await ada.closed;
    await (await join(room, "ada")).settled();
    expect(await rowsOf(meter)).toMatchObject({ rowsWritten: 0 });
  });

  itAtRoom(
    "the sweep of sockets at a relay is planned there",
    "[K2][K6] joining and leaving write nothing; the second connection plans the sweep",
    async () => {
      const { room, meter, ada } = await fullRoom();
      for (const user of ["bo", "cy", "di", "ed"]) {
        const visitor = await join(room, user);
        await visitor.ask({ type: "read", id: "r" });
        visitor.close(1000);
      }
      await runDurableObjectAlarm(roomObject(room));
      await meter.sleep();
      await ada.settled();
      await meter.take();
      const bo = await join(room, "bo");
      await ada.settled();
      // With nothing unread.
      const { newcomer, sweepPlanned } = ROOM_COUNTERS;
      expect(await meter.take()).toEqual({
        rowsRead: newcomer.rowsRead + sweepPlanned.rowsRead,
        rowsWritten: newcomer.rowsWritten + sweepPlanned.rowsWritten,
        alarmsSet: 1,
        requests: 1,
        messages: 1,
      });
      const others = await Promise.all(["cy", "di", "ed"].map((user) => join(room, user)));
      await ada.settled();
      expect(await meter.take()).toEqual({
        // Users who join at once share a flush, which reads for all of them once.
        rowsRead: expect.any(Number),
        rowsWritten: 0,
        alarmsSet: 0,
        requests: 3,
        messages: 1,
      });
      for (const socket of [bo, ...others]) {
        socket.close(1000);
        await socket.closed;
      }
      await ada.settled();
      expect(await rowsOf(meter)).toEqual(ROOM_COUNTERS.leave);
    },
  );

  it("[K6][R7] a connect counts what is unread: one row each, up to 1,000", async () => {
    const { room, meter, ada } = await fullRoom();
    const bo = await join(room, "bo");
    const { newcomer, unreadMessage } = ROOM_COUNTERS;
    await bo.ask({ type: "read", id: "r" });
    await fill(ada, 10);
    await meter.take();
    const again = await join(room, "bo");
    expect(again.ofType("connected")).toMatchObject([{ read: { unread: 10 } }]);
    // One row more finds where the first of them is, and one less is read as the room has bo in memory.
    // With relays it has the latest messages in memory too.
    const rows = (IS_RELAYED ? 3 : newcomer.rowsRead) + 10 * unreadMessage.rowsRead;
    expect(await rowsOf(meter)).toEqual({ rowsRead: rows, rowsWritten: 0 });
  });

  it("[K5][K6] a return reads what was missed, and little else", async () => {
    const { room, meter, ada } = await fullRoom();
    const bo = await join(room, "bo");
    await bo.ask({ type: "read", id: "r" });
    const cursor = await cursorOf(bo);
    await fill(ada, 100);
    await meter.take();
    const back = await join(room, "bo", { query: `?since=${cursor}` });
    expect(back.ofType("message")).toHaveLength(100);
    const { resumeOf100, unreadMessage } = ROOM_COUNTERS;
    // With relays it reads which are unread, and has what they say in memory.
    const unread = { rowsRead: 3 + 100 * unreadMessage.rowsRead, rowsWritten: 0 };
    expect(await rowsOf(meter)).toEqual(IS_RELAYED ? unread : resumeOf100);
  });

  it("[K5] 50 returns at once from the same cursor share what is read", async () => {
    const { room, meter, ada } = await fullRoom();
    const users = Array.from({ length: 50 }, (_, n) => `user${n}`);
    const before = await Promise.all(users.map((user) => join(room, user)));
    await Promise.all(before.map((socket) => socket.ask({ type: "read", id: "r" })));
    const cursor = await cursorOf(await join(room, "bo"));
    await fill(ada, 100);
    await meter.take();
    await Promise.all(users.map((user) => join(room, user, { query: `?since=${cursor}` })));
    // As many reads as flushes, not as members.
    const { rowsRead } = await meter.take();
    expect(rowsRead).toBeLessThan(50 * ROOM_COUNTERS.resumeOf100.rowsRead * 0.5);
  });
});

describe("sleep", () => {
  it("[K5][K6][K15] a wake reads the same few rows however much is stored and changed", async () => {
    const { meter, ada } = await fullRoom();
    await meter.sleep();
    await meter.take();
    await ada.settled();
    const first = await rowsOf(meter);
    expect(first).toEqual(withRelay(ROOM_COUNTERS.wake, RELAY_COUNTERS.wake));
    await fill(ada, 300);
    for (let n = 0; n < 300; n++) ada.send({ type: "edit", id: `e${n}`, seq: RING + 300, data: n });
    await ada.settled();
    await meter.sleep();
    await meter.take();
    await ada.settled();
    expect(await rowsOf(meter)).toEqual(first);
  });

  itAtRoom(
    "heartbeats at a relay wake and sweep that relay",
    "[K3][K6] an idle hour with 100 connections that ping is 4 requests and 4 rows",
    async () => {
      const { room, stub, meter, ada } = await fullRoom();
      const others = Array.from({ length: 99 }, (_, n) => join(room, `user${n}`, A_DAY));
      const everybody = [ada, ...(await Promise.all(others))];
      await ada.settled();
      await meter.take();
      for (let quarter = 1; quarter <= 4; quarter++) {
        await meter.sleep();
        for (const socket of everybody) socket.send(PING);
        await Promise.all(everybody.map((socket) => socket.next("pong", ({ id }) => id === undefined)));
        advanceClock(quarter * QUARTER_MS);
        // The runtime's own clock does not move, and with it the time at which it answered a ping.
        await runInDurableObject(stub, (_, state) => {
          const answeredAt = state.getWebSocketAutoResponseTimestamp.bind(state);
          const value = (ws: WebSocket) => {
            const at = answeredAt(ws);
            return at && new Date(at.getTime() + quarter * QUARTER_MS);
          };
          Object.defineProperty(state, "getWebSocketAutoResponseTimestamp", { configurable: true, value });
        });
        expect(await runDurableObjectAlarm(stub)).toBe(true);
      }
      const { requests, rowsRead, rowsWritten, messages } = await meter.take();
      expect({ requests, rowsRead, rowsWritten }).toEqual(ROOM_COUNTERS.idleHour);
      expect([requests, rowsWritten]).toEqual([4, 4]);
      // No ping reached the object, and no connection was closed for missing heartbeats.
      expect(messages).toBe(0);
      await ada.settled();
      expect(ada.ofType("memberLeft")).toEqual([]);
      expect(await runInDurableObject(stub, (_, state) => state.getWebSockets().length)).toBe(100);
    },
  );
});
