import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { until } from "../support/until.ts";
import { IS_RELAYED } from "./support/at-relays.ts";
import { ask, edit, many, react, remove, sequencedTo } from "./support/changes.ts";
import {
  advanceClock,
  configureRoom,
  crash,
  failWrites,
  sleep,
  storedMessages,
  storedText,
} from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  openRoom,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const DELETED = { code: 4410, reason: "deleted" };

async function adaIn(prefix: string, settings: Record<string, number> = {}) {
  const room = uniqueName(prefix);
  await configureRoom(room, settings);
  const ada = await join(room, "ada");
  const { epoch } = await ada.next("connected");
  const path = `/v1/rooms/${room}`;
  const purge = async () => (await callAsServer("DELETE", path)).status;
  const info = async () => (await callAsServer("GET", path)).json<Record<string, unknown>>();
  return { room, path, ada, epoch, purge, info };
}

const range = (from: number, to: number) => many(to - from + 1, (at) => from + at);

describe("a purge", () => {
  it("[B4] closes all connections and deletes the log; a new epoch begins with seq 1", async () => {
    const { room, path, ada, epoch, purge, info } = await adaIn("purge");
    const others = [
      await join(room, "bo"),
      await join(room, "bo"),
      await join(room, "cy", { query: "?topics=x" }),
    ];
    await ada.ask({ type: "send", id: "m", data: "SECRET", mentions: ["MENTIONED"] });
    await ask(ada, react(1, "👍"));
    await ask(ada, edit(1, "SECRET-TOO"));
    await ask(ada, { type: "read" });
    await callAsServer("POST", `${path}/messages`, { data: 1, id: "KEYED" });
    expect(await purge()).toBe(200);
    for (const socket of [ada, ...others]) expect(await socket.closed).toEqual(DELETED);
    expect(await storedText(roomObject(room))).not.toMatch(/SECRET|MENTIONED|👍|KEYED/);
    const after = await info();
    expect(after).toMatchObject({ head: 0, floor: 0, occupancy: { members: 0, connections: 0 } });
    expect(after.epoch).not.toBe(epoch);
    const back = await join(room, "ada");
    expect(await back.next("connected")).toMatchObject({
      epoch: after.epoch,
      head: 0,
      members: [{ id: "ada" }],
    });
    expect(await back.ask({ type: "send", id: "m", data: 2 })).toEqual({
      type: "ok",
      id: "m",
      seq: 1,
      at: expect.any(Number),
    });
    const keyed = await callAsServer("POST", `${path}/messages`, { data: 2, id: "KEYED" });
    expect([keyed.status, await keyed.json()]).toMatchObject([201, { seq: 2 }]);
    expect(await ask(back, { type: "read", seq: 0 })).toMatchObject({ seq: 0, unread: 1 });
    expect(await (await callAsServer("GET", `${path}/receipts`)).json()).toEqual({ receipts: [] });
  });

  it("[B4][F6] makes an old cursor lost and a retry of the old epoch stale", async () => {
    const { room, ada, epoch, purge } = await adaIn("cursor");
    await ada.ask({ type: "send", id: "old", data: "old" });
    await purge();
    await ada.closed;
    const bo = await join(room, "bo");
    await fill(bo, 3);
    for (const seq of [0, 1, 2, 3]) {
      const back = await join(room, "ada", { query: `?since=${epoch}.${seq}` });
      expect(await back.next("connected")).toMatchObject({ recovery: "lost", head: 3 });
      expect(sequencedTo(back).map((event) => event.seq)).toEqual([1, 2, 3]);
    }
    const back = await join(room, "ada");
    const retry = { type: "send", id: "old", data: "old", retryOf: `${epoch}.0` };
    expect(await back.ask(retry)).toMatchObject({ type: "error", code: "stale_retry" });
    expect(await ask(back, { type: "history", after: 4 })).toMatchObject({ code: "not_found" });
    expect(await back.ask({ type: "send", id: "old", data: "new" })).toMatchObject({ type: "ok", seq: 4 });
    expect(await back.ask(retry)).toMatchObject({ seq: 4, duplicate: true });
  });

  it("[B4] closes joining, paging, live and polling clients in one pass", async () => {
    const { room, path, ada, epoch, purge, info } = await adaIn("stages", {
      HISTORY_LIMIT: 5_000,
      RATE_BURST: 10_000,
    });
    await fill(ada, 1_100);
    const paging = await openRoom(room, "bo", { query: `?since=${epoch}.0` });
    expect(await paging.next("caughtUp")).toMatchObject({ more: true });
    const session = await openSession("eve");
    await session.ask({ type: "join", id: "j", room });
    const polled = await callAs(await tokenFor("di"), "GET", `${path}/events?wait=20&history=0`);
    await ada.next("memberJoined", ({ member }) => JSON.stringify(member).includes('"di"'));
    const joining = many(6, (at) => openRoom(room, `user${at}`));
    paging.send({ type: "history", id: "page", after: 1_000 });
    const purged = purge();
    for (const socket of [ada, paging]) expect(await socket.closed).toEqual(DELETED);
    expect(await purged).toBe(200);
    expect([polled.status, (await errorOf(polled)).code]).toEqual([200, "deleted"]);
    expect(await session.next("left")).toEqual({ type: "left", room, code: "deleted" });
    const { epoch: newEpoch } = await info();
    for (const socket of await Promise.all(joining)) {
      // Each is closed, or comes after the purge and then receives nothing of the old log.
      const come = socket.next("caughtUp").catch(() => undefined);
      if ((await Promise.race([come, socket.closed.then(() => undefined)])) === undefined) continue;
      const connected = await socket.next("connected");
      if (connected.epoch === newEpoch) expect(sequencedTo(socket)).toEqual([]);
      else expect(await socket.closed).toEqual(DELETED);
    }
  });

  it("[B4] amid concurrent sends: what was answered in the new epoch is in the new log", async () => {
    const { room, path, ada, epoch, purge } = await adaIn("amid", { HISTORY_LIMIT: 1_000 });
    await fill(ada, 20);
    const publish = async (data: number) => {
      const response = await callAsServer("POST", `${path}/messages`, { data, id: `k${data}` });
      return { status: response.status, data, ...(await response.json<{ seq: number }>()) };
    };
    const published = many(40, (at) => (at === 20 ? purge() : publish(at)));
    for (let at = 0; at < 20; at++) ada.send({ type: "send", id: `s${at}`, data: "OF-ADA" });
    const answers = await Promise.all(published);
    expect(await ada.closed).toEqual(DELETED);
    const back = await join(room, "bo", { query: "?history=200" });
    const connected = await back.next("connected");
    expect(connected.epoch).not.toBe(epoch);
    const held = sequencedTo(back).map(({ seq, data }) => [seq, data]);
    expect(held.map(([seq]) => seq)).toEqual(range(1, Number(connected.head)));
    const answered = answers.flatMap((answer) => (typeof answer === "number" ? [] : [answer]));
    expect(answered.filter(({ status }) => status !== 201)).toEqual([]);
    // Each was in the old log, or is where its answer says.
    const inNew = answered.filter(({ seq, data }) => held.some(([at, of]) => at === seq && of === data));
    expect(inNew).toHaveLength(held.filter(([, data]) => data !== "OF-ADA").length);
    const seqsOfOld = answered.filter((one) => !inNew.includes(one)).map(({ seq }) => seq);
    expect(Math.min(...seqsOfOld, 99)).toBeGreaterThan(20);
    expect(ada.ofType("message").map(({ seq }) => seq)).toEqual(range(1, ada.ofType("message").length));
  });

  it("[B4] keeps settings and bans, also after a sleep and a second purge", async () => {
    const { room, path, ada, purge, info } = await adaIn("stay");
    const own = { slowModeMs: 60_000, maxConnections: 7, historyLimit: 30, historySeconds: 86_400 };
    await callAsServer("PATCH", path, own);
    await callAsServer("POST", `${path}/kick`, { user: "bo", reason: "why" });
    await ask(ada, { type: "send", data: 1 });
    for (const restart of [undefined, sleep, crash]) {
      expect(await purge()).toBe(200);
      await restart?.(roomObject(room));
      const { settings, head } = await info();
      expect([settings, head]).toEqual([{ ...own, maxAgentTurns: 0 }, 0]);
      const { bans } = await (await callAsServer("GET", `${path}/bans`)).json<{ bans: object[] }>();
      expect(bans).toMatchObject([{ user: "bo", reason: "why" }]);
      expect((await (await openRoom(room, "bo")).closed).reason).toMatch(/^banned /);
    }
  });

  it("[B4][E7] followed by a sleep and a wake continues the new log in its own epoch", async () => {
    const { room, ada, purge, info, epoch } = await adaIn("asleep", { HISTORY_LIMIT: 400 });
    await fill(ada, 300);
    await ask(ada, react(299, "👍"));
    await purge();
    await sleep(roomObject(room));
    await configureRoom(room, { HISTORY_LIMIT: 400 });
    const first = await info();
    expect(first).toMatchObject({ head: 0, floor: 0 });
    expect(first.epoch).not.toBe(epoch);
    const bo = await join(room, "bo");
    await fill(bo, 3);
    await ask(bo, edit(2, "changed"));
    await crash(roomObject(room));
    await configureRoom(room, { HISTORY_LIMIT: 400 });
    expect(await info()).toMatchObject({ head: 4, floor: 0, epoch: first.epoch });
    const back = await join(room, "bo", { query: `?since=${first.epoch}.3` });
    expect(sequencedTo(back)).toMatchObject([
      { type: "messageUpdated", seq: 4, message: { data: "changed" } },
    ]);
    await fill(back, 300);
    expect(await info()).toMatchObject({ head: 304, floor: 0 });
  });

  it("[B4] works in an empty room, in a room that never existed, and twice at once", async () => {
    const { room, ada, purge } = await adaIn("twice");
    await fill(ada, 2);
    expect(await Promise.all([purge(), purge(), purge()])).toEqual([200, 200, 200]);
    expect(await storedMessages(room)).toBe(0);
    expect((await callAsServer("DELETE", `/v1/rooms/${uniqueName("never")}`)).status).toBe(200);
    expect((await callAsServer("DELETE", "/v1/rooms/no%20room")).status).toBe(400);
  });

  it("[B4] replaces tables that were read only in part", async () => {
    const { room, path, ada, purge, info } = await adaIn("partly");
    const readPartly = async (socket: TestSocket) => {
      await fill(socket, 30);
      await ask(socket, remove(3));
      for (const query of [
        { limit: 2 },
        { before: 20, limit: 1 },
        { after: 5, limit: 1 },
        { after: 0, limit: 3 },
      ])
        await ask(socket, { type: "history", ...query });
      await join(room, "bo", { query: "?history=1" });
      await callAsServer("GET", `${path}/messages?limit=1`);
      await ask(socket, { type: "send", data: 1, id: "r", retryOf: "other.1" });
      await ask(socket, { type: "read", seq: 1 });
    };
    await readPartly(ada);
    expect((await callAsServer("PATCH", path, { historyLimit: 20 })).status).toBe(200);
    expect(await info()).toMatchObject({ settings: { historyLimit: 20 } });
    await readPartly(ada);
    expect(await purge()).toBe(200);
    const back = await join(room, "ada");
    await readPartly(back);
    expect((await callAsServer("PATCH", path, { slowModeMs: 3_600_000, historyLimit: 90 })).status).toBe(200);
    expect(await ask(back, { type: "send", data: 1 })).toMatchObject({ code: "rate_limited" });
    expect(await purge()).toBe(200);
  });

  it("[B4][S14] that fails is internal: no one is closed, nothing is deleted, and it can be tried again", async () => {
    const { room, ada, epoch, purge, info } = await adaIn("failing");
    await fill(ada, 3);
    const heal = await failWrites(roomObject(room), (query) => query.startsWith("UPDATE room SET epoch"));
    expect(await purge()).toBe(500);
    expect(await info()).toMatchObject({ epoch, head: 3, occupancy: { connections: 1 } });
    expect(await ask(ada, { type: "history" })).toMatchObject({
      messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }],
    });
    expect(await ask(ada, { type: "send", data: 4 })).toMatchObject({ type: "ok", seq: 4 });
    heal();
    expect(await purge()).toBe(200);
    expect(await ada.closed).toEqual(DELETED);
  });

  it("[B4][G4] leaves a room that is removed an hour later, if nothing else is kept", async () => {
    const { room, ada, purge, info } = await adaIn("forgotten");
    await fill(ada, 1);
    await purge();
    const { epoch } = await info();
    advanceClock(2 * 3_600_000);
    let alarms = 0;
    await until(async () => {
      expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
      alarms++;
      expect(await storedText(roomObject(room))).toBe("[]");
    });
    // A room that has just heard from a hub has work, and sets another alarm: an hour later it has none.
    if (!IS_RELAYED) expect(alarms).toBe(1);
    expect((await info()).epoch).not.toBe(epoch);
  });
});
