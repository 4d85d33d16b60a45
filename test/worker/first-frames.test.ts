import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { configureRoom } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import { cursorOf, fill, join, openRoom, roomObject, uniqueName } from "./support/worker.ts";

const seqs = (socket: TestSocket) => socket.ofType("message").map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const types = (socket: TestSocket) => socket.received.map(({ type }) => type);

/** Waits until the member events of joining are over, so that what comes next is caused by the test. */
async function roomWith(count: number, data?: (n: number) => unknown) {
  const room = uniqueName("first");
  const ada = await join(room, "ada");
  await fill(ada, count, data);
  return { room, ada, epoch: String((await ada.next("connected")).epoch) };
}

describe("the first frames", () => {
  it("[F1] are connected, then the replay in a batch, then caughtUp, then live events", async () => {
    const { room, ada } = await roomWith(3);
    const bo = await openRoom(room, "bo");
    const writing = fill(ada, 20);
    await bo.next("caughtUp");
    await writing;
    await bo.settled();
    const at = types(bo).indexOf("caughtUp");
    expect(types(bo)[0]).toBe("connected");
    expect(types(bo).filter((type) => type === "connected" || type === "caughtUp")).toHaveLength(2);
    const replayed = bo.received.slice(1, at);
    expect(replayed.every(({ type, replay }) => type === "message" && replay === true)).toBe(true);
    expect(bo.received.slice(at).some(({ replay }) => replay === true)).toBe(false);
    expect(bo.received[at]?.seq).toBe(replayed.length);
    expect(seqs(bo)).toEqual(range(1, 23));
  });

  it("[F1] have a replay of one event in a batch too, and none for an empty replay", async () => {
    const { room } = await roomWith(1);
    const bo = await join(room, "bo");
    expect(bo.texts.slice(1)).toEqual([
      expect.stringMatching(/^\{"type":"batch","replay":true,"events":\[\{"type":"message",/),
      '{"type":"caughtUp","seq":1}',
    ]);
    const empty = await join(uniqueName("empty"), "bo");
    expect(empty.texts.slice(1)).toEqual(['{"type":"caughtUp","seq":0}']);
  });

  it("[F2] have the fields of connected that the protocol lists, with the joiner in its own members", async () => {
    const { room, ada, epoch } = await roomWith(2);
    ada.send({ type: "presence", id: "p", status: "away", data: { desk: 4 } });
    await ada.settled();
    const before = Date.now();
    const bo = await openRoom(room, "bo", { name: "Bo", claims: { picture: "https://p.example/bo" } });
    const { members, ...connected } = await bo.next("connected");
    const member = { status: "online", data: null, joinedAt: expect.any(Number) };
    expect(members).toEqual([
      { ...member, id: "ada", status: "away", data: { desk: 4 } },
      { ...member, id: "bo", name: "Bo", picture: "https://p.example/bo" },
    ]);
    expect(connected).toEqual({
      type: "connected",
      protocol: 1,
      connection: expect.stringMatching(/^c_\w+(\.\d+)?$/),
      room,
      user: { id: "bo", name: "Bo", picture: "https://p.example/bo" },
      permission: "write",
      expiresAt: expect.any(Number),
      epoch,
      head: 2,
      floor: 0,
      recovery: "none",
      read: { seq: 0, unread: 2 },
      occupancy: { members: 2, connections: 2 },
      limits: {
        messageBytes: 1_000,
        frameBytes: 1_048_576,
        ratePerSecond: 1_000,
        rateBurst: 1_000,
        slowModeMs: 0,
        listedMembers: 200,
        pingMs: 25_000,
        pongMs: 10_000,
      },
      reconnect: { minMs: 1_000, maxMs: 30_000 },
      at: expect.any(Number),
    });
    expect(connected.at).toBeGreaterThanOrEqual(before);
    expect(Number(connected.expiresAt) - before).toBeGreaterThan(3_590_000);
  });

  it("[F3] without since have the latest history messages, oldest first, 50 by default", async () => {
    const room = uniqueName("latest");
    await configureRoom(room, { HISTORY_LIMIT: 100 });
    const ada = await join(room, "ada");
    await fill(ada, 70);
    const ask = async (query: string) => seqs(await join(room, "bo", { query }));
    expect(await ask("")).toEqual(range(21, 70));
    expect(await ask("?history=3")).toEqual([68, 69, 70]);
    expect(await ask("?history=0")).toEqual([]);
    expect(await ask("?history=200")).toEqual(range(1, 70));
  });

  it("[F4] with a cursor have everything after it, in order, once, whatever history says", async () => {
    const { room, ada, epoch } = await roomWith(5);
    const bo = await join(room, "bo", { query: `?since=${epoch}.2&history=1` });
    expect(await bo.next("connected")).toMatchObject({ recovery: "complete", head: 5 });
    expect(seqs(bo)).toEqual([3, 4, 5]);
    const current = await join(room, "bo", { query: `?since=${epoch}.5` });
    expect(await current.next("connected")).toMatchObject({ recovery: "complete" });
    expect(types(current)).toEqual(["connected", "caughtUp"]);
    await fill(ada, 1);
    await Promise.all([bo.settled(), current.settled()]);
    expect([seqs(bo), seqs(current)]).toEqual([[3, 4, 5, 6], [6]]);
  });

  it("[F6] with a cursor of another epoch, above head or below floor are lost and have the latest messages", async () => {
    const { room, epoch } = await roomWith(60);
    for (const since of ["other.5", `${epoch}.61`, `${epoch}.9`]) {
      const bo = await join(room, "bo", { query: `?since=${since}&history=2` });
      expect(await bo.next("connected"), since).toMatchObject({ recovery: "lost", head: 60, floor: 10 });
      expect(seqs(bo), since).toEqual([59, 60]);
      expect(await bo.ofType("caughtUp")[0], since).toEqual({ type: "caughtUp", seq: 60 });
    }
    const edge = await join(room, "bo", { query: `?since=${epoch}.10` });
    expect(await edge.next("connected")).toMatchObject({ recovery: "complete" });
    expect(seqs(edge)).toEqual(range(11, 60));
  });

  it("[F7][S13] have a floor that never falls: a larger HISTORY_LIMIT does not bring back what a smaller one removed", async () => {
    const room = uniqueName("floor");
    await configureRoom(room, { HISTORY_LIMIT: 5 });
    const ada = await join(room, "ada");
    await fill(ada, 12);
    const again = async (settings: Record<string, number>) => {
      await evictDurableObject(roomObject(room), { webSockets: "close" });
      await configureRoom(room, settings);
      const bo = await join(room, "bo");
      const { head, floor } = await bo.next("connected");
      return { bo, head, floor };
    };
    const larger = await again({ HISTORY_LIMIT: 50 });
    expect([larger.head, larger.floor]).toEqual([12, 7]);
    await fill(larger.bo, 10);
    expect(seqs((await again({ HISTORY_LIMIT: 50 })).bo)).toEqual(range(8, 22));
    const smaller = await again({ HISTORY_LIMIT: 3 });
    expect([smaller.floor, seqs(smaller.bo)]).toEqual([19, [20, 21, 22]]);
    expect((await again({ HISTORY_LIMIT: 50 })).floor).toBe(19);
  });

  it("[F8] have a reconnect.minMs of 2 ms per connection, if that is more than the setting", async () => {
    const room = uniqueName("spread");
    await configureRoom(room, { RECONNECT_MIN_MS: 5, RECONNECT_MAX_MS: 7 });
    const asked: unknown[] = [];
    for (let n = 1; n <= 4; n++) asked.push((await (await join(room, "ada")).next("connected")).reconnect);
    expect(asked).toEqual([5, 5, 6, 8].map((minMs) => ({ minMs, maxMs: Math.max(7, minMs) })));
  });
});

describe("a replay that is too long for one pass", () => {
  const page = async (socket: TestSocket, after: unknown, limit?: number) =>
    socket.ask({ type: "history", id: crypto.randomUUID(), after, ...(limit !== undefined && { limit }) });

  async function longRoom(settings: Record<string, number>, count: number, data?: (n: number) => unknown) {
    const room = uniqueName("long");
    await configureRoom(room, { RATE_BURST: 100_000, ...settings });
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    await fill(ada, count, data);
    return { room, ada, cursor };
  }

  it("[F5] of over 1,000 events is partial: it is paged with history, and live events follow", async () => {
    const { room, ada, cursor } = await longRoom({ HISTORY_LIMIT: 5_000 }, 1_500);
    const bo = await openRoom(room, "bo", { query: `?since=${cursor}` });
    expect(await bo.next("connected")).toMatchObject({ recovery: "partial", head: 1_500 });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_000, more: true });
    expect(seqs(bo)).toEqual(range(1, 1_000));

    await fill(ada, 10);
    ada.send({ type: "signal", event: "x" });
    await bo.next("signal");
    const stored = await bo.ask({ type: "send", id: "own", data: 1, echo: false });
    expect(stored).toMatchObject({ type: "ok", seq: 1_511 });
    expect(seqs(bo)).toHaveLength(1_000);

    const second = await page(bo, 1_000, 300);
    expect(second).toMatchObject({ type: "ok", seq: 1_300, more: true });
    const last = await page(bo, 1_300);
    expect(last).toMatchObject({ type: "ok", seq: 1_511, floor: 0 });
    expect(last).not.toHaveProperty("more");
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_511, floor: 0 });
    await fill(ada, 1);
    expect((await bo.next("message", ({ seq }) => seq === 1_512)).seq).toBe(1_512);
    const paged = [second, last].flatMap(({ events }) => (Array.isArray(events) ? events : []));
    expect(paged.map(({ seq }) => seq)).toEqual(range(1_001, 1_511));
    expect(paged.at(-1)).toMatchObject({ id: "own", from: { id: "bo" } });
  });

  it("[F5] is not moved by another history in between", async () => {
    const { room, cursor } = await longRoom({ HISTORY_LIMIT: 5_000 }, 1_100);
    const bo = await openRoom(room, "bo", { query: `?since=${cursor}` });
    await bo.next("caughtUp");
    expect(await page(bo, 500)).toMatchObject({ type: "ok", seq: 1_100, floor: 0 });
    expect(await bo.ask({ type: "history", id: "latest" })).toMatchObject({ type: "ok" });
    expect(await bo.ask({ type: "topics", id: "t", topics: null })).toMatchObject({ seq: 1_000 });
    expect(bo.ofType("caughtUp")).toHaveLength(1);
    expect(await page(bo, 1_000)).toMatchObject({ seq: 1_100, floor: 0 });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_100, floor: 0 });
  });

  it("[F5][M4] of over 1 MiB is partial too, and every frame fits", async () => {
    const text = "é".repeat(100_000);
    const { room, cursor } = await longRoom({ MAX_MESSAGE_BYTES: 262_144 }, 4, () => text);
    await fill(await join(room, "cy"), 4, () => text);
    const bo = await openRoom(room, "bo", { query: `?since=${cursor}` });
    expect(await bo.next("connected")).toMatchObject({ recovery: "partial" });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 5, more: true });
    expect(await page(bo, 5)).toMatchObject({ seq: 8 });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 8, floor: 0 });
    const sizes = bo.texts.map((frame) => new TextEncoder().encode(frame).byteLength);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
    expect(Math.max(...sizes)).toBeGreaterThan(900_000);
  });

  it("[F9] is refused with not_found if retention has passed the start of the requested page", async () => {
    const { room, ada, cursor } = await longRoom({ HISTORY_LIMIT: 1_100 }, 1_050);
    const bo = await openRoom(room, "bo", { query: `?since=${cursor}` });
    await bo.next("caughtUp");
    await fill(ada, 1_100);
    expect(await page(bo, 1_000)).toMatchObject({ type: "error", code: "not_found", path: ["after"] });
    expect(await page(bo, 3_000)).toMatchObject({ type: "error", code: "not_found" });
  });
});
