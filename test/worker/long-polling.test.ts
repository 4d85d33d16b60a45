import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Poll } from "../../src/http/poll.ts";
import { waitingText } from "../../src/http/waiting-text.ts";
import { RoomObject } from "../../src/index.ts";
import { advanceClock, configureRoom } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

interface Polled {
  readonly events: { readonly type: string; readonly seq?: number }[];
  readonly cursor: string;
  readonly recovery: string;
  readonly floor: number;
  readonly more?: true;
  readonly members: { readonly id: string }[];
  readonly occupancy: { readonly members: number; readonly connections: number };
}

async function poll(room: string, query: string, user = "ada"): Promise<Polled> {
  const response = await callAs(await tokenFor(user), "GET", `/v1/rooms/${room}/events${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

const seqs = ({ events }: Polled) => events.flatMap(({ seq }) => seq ?? []);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

it("[H4] a poll that the room has not greeted is answered with when to come again", async () => {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const waiting = new Poll(client);
  waiting.end();
  expect(await waiting.replayed()).toMatchObject({ code: "overloaded", retryAfterMs: 5_000 });
});

it("[H16] a failed write of an answer ends that answer and nothing else", async () => {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const waiting = new Poll(client);
  const answer = new Response(
    waitingText(waiting, 60_000, () => {
      throw new Error("not greeted");
    }),
  ).text();
  // The error thrown here says that the poll was never greeted; once the stream has ended, the write throws.
  waiting.end();
  await expect(answer).rejects.toThrow();
});

describe("long polling", () => {
  it("[H4] answers at once if there are events", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    await fill(bo, 3);
    const { epoch } = await bo.next("connected");
    const before = Date.now();
    const latest = await poll(room, "?wait=30&history=2");
    expect([seqs(latest), latest.cursor, latest.recovery]).toEqual([[2, 3], `${epoch}.3`, "none"]);
    const missed = await poll(room, `?wait=30&since=${epoch}.1`);
    expect([seqs(missed), missed.cursor, missed.recovery]).toEqual([[2, 3], `${epoch}.3`, "complete"]);
    expect(missed).not.toHaveProperty("more");
    const lost = await poll(room, "?wait=30&since=other.1");
    expect([seqs(lost), lost.recovery]).toEqual([[1, 2, 3], "lost"]);
    expect(Date.now() - before).toBeLessThan(20_000);
  });

  it("[F11] says how far back the log reaches, also if nothing is missing: a deletion may have left no row", async () => {
    const room = uniqueName("poll");
    await configureRoom(room, { HISTORY_LIMIT: 10 });
    const bo = await join(room, "bo");
    await fill(bo, 5);
    const held = await poll(room, "?history=10");
    expect([seqs(held), held.floor]).toEqual([range(1, 5), 0]);
    await bo.ask({ type: "delete", id: "d", seq: 2 });
    await fill(bo, 9);
    const { epoch } = await bo.next("connected");
    const complete = await poll(room, `?since=${held.cursor}`);
    // The only trace of the deletion is that 2 is below `floor`.
    expect([complete.recovery, complete.floor]).toEqual(["complete", 4]);
    expect(complete.events.every(({ type }) => type === "message")).toBe(true);
    expect((await poll(room, `?since=${epoch}.15`)).floor).toBe(4);
  });

  it("[H4] without wait answers at once with an empty list", async () => {
    const room = uniqueName("poll");
    const { epoch } = await (await join(room, "bo")).next("connected");
    expect(await poll(room, "")).toEqual({
      events: [],
      cursor: `${epoch}.0`,
      recovery: "none",
      floor: 0,
      members: [expect.objectContaining({ id: "bo" })],
      occupancy: { members: 1, connections: 1 },
    });
  });

  it("[H4] is answered by the first event, a message or a signal", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const { epoch } = await bo.next("connected");
    const first = poll(room, `?wait=20&since=${epoch}.0`);
    await bo.next("memberJoined");
    await bo.ask({ type: "send", id: "m", data: 1 });
    const woken = await first;
    expect(woken).toMatchObject({ events: [{ type: "message", seq: 1 }], cursor: `${epoch}.1` });
    // The socket of the first poll may still be open.
    await roomHas(room, 1);
    const second = poll(room, `?wait=20&presence=off&since=${woken.cursor}`);
    await roomHas(room, 2);
    bo.send({ type: "signal", event: "typing" });
    expect(await second).toMatchObject({
      events: [{ type: "signal", event: "typing" }],
      cursor: `${epoch}.1`,
    });
  });

  it("[H4] ends when its client aborts, and the member leaves with it", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const gaveUp = new AbortController();
    const headers = { Authorization: `Bearer ${await tokenFor("ada")}` };
    const polled = call(`/v1/rooms/${room}/events?wait=20`, { headers, signal: gaveUp.signal });
    await bo.next("memberJoined");
    gaveUp.abort();
    await polled.catch(() => {});
    await roomHas(room, 1);
  });

  it("[H14] counts wait from the arrival of the request, however long the room takes", async () => {
    const room = uniqueName("poll");
    const { cursor } = await poll(room, "?wait=0");
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { fetch } = RoomObject.prototype;
    const slow = vi.spyOn(RoomObject.prototype, "fetch").mockImplementation(async function (
      this: RoomObject,
      request,
    ) {
      await held;
      return fetch.call(this, request);
    });
    onTestFinished(() => slow.mockRestore());
    const before = Date.now();
    const polled = poll(room, `?wait=20&since=${cursor}`);
    await expect.poll(() => slow.mock.calls.length).toBe(1);
    advanceClock(19_500);
    release();
    expect(await polled).toMatchObject({ events: [], cursor });
    // Half a second of the twenty is left.
    expect(Date.now() - 19_500 - before).toBeLessThan(15_000);
  });

  it("[H15] begins its answer with white space while it waits, and has the usual headers", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const headers = { Authorization: `Bearer ${await tokenFor("ada")}`, Origin: "https://app.example.com" };
    const response = await call(`/v1/rooms/${room}/events?wait=20`, { headers });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      "access-control-allow-origin": "https://app.example.com",
    });
    await bo.next("memberJoined");
    await fill(bo, 1);
    const text = await response.text();
    expect(text).toMatch(/^ +\{"events":\[\{/);
    expect(JSON.parse(text)).toMatchObject({ events: [{ seq: 1 }] });
  });

  it("[H16] gives up its place in the room when its client has left", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const response = await callAs(await tokenFor("ada"), "GET", `/v1/rooms/${room}/events?wait=20`);
    await bo.next("memberJoined");
    await response.body?.cancel();
    await roomHas(room, 1);
  });

  it("[H4] answers with an empty list after wait", async () => {
    const room = uniqueName("poll");
    const { cursor } = await poll(room, "?wait=0");
    const before = Date.now();
    const polled = await poll(room, `?wait=1&since=${cursor}`);
    expect(polled).toMatchObject({ events: [], cursor, recovery: "complete", members: [{ id: "ada" }] });
    expect(Date.now() - before).toBeGreaterThanOrEqual(950);
    expect(Date.now() - before).toBeLessThan(20_000);
  });

  it("[H4] with since=cursor continues without gaps or repeats, over many polls with concurrent sends", async () => {
    const room = uniqueName("poll");
    await configureRoom(room, { HISTORY_LIMIT: 1_000 });
    const bo = await join(room, "bo");
    let { cursor } = await poll(room, "");
    const delivered: number[] = [];
    let polls = 0;
    const reading = (async () => {
      while (delivered.at(-1) !== 200) {
        const polled = await poll(room, `?wait=5&presence=off&since=${cursor}`);
        expect(polled.recovery).toBe("complete");
        delivered.push(...seqs(polled));
        cursor = polled.cursor;
        polls++;
      }
    })();
    for (let n = 1; n <= 200; n++) await bo.ask({ type: "send", id: `m${n}`, data: n });
    await reading;
    expect(delivered).toEqual(range(1, 200));
    expect(polls).toBeGreaterThan(3);
  });

  it("[H4] with a filter advances the cursor", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const { epoch } = await bo.next("connected");
    await fill(bo, 3);
    expect(await poll(room, `?topics=note&since=${epoch}.0`)).toMatchObject({
      events: [],
      cursor: `${epoch}.3`,
    });
  });

  it("[H4] answers a partial page with more, and the next poll continues", async () => {
    const room = uniqueName("poll");
    await configureRoom(room, { HISTORY_LIMIT: 5_000, RATE_BURST: 10_000 });
    const bo = await join(room, "bo");
    const { epoch } = await bo.next("connected");
    await fill(bo, 1_050);
    const part = await poll(room, `?since=${epoch}.0`);
    expect([part.recovery, part.more, part.cursor, seqs(part).length]).toEqual([
      "partial",
      true,
      `${epoch}.1000`,
      1_000,
    ]);
    const rest = await poll(room, `?since=${part.cursor}`);
    expect([rest.recovery, rest.more, seqs(rest)]).toEqual(["complete", undefined, range(1_001, 1_050)]);
  });

  it("[H4][P3] with wait makes its user a member, also between two polls; without wait it does not", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    await poll(room, "");
    const { cursor } = await poll(room, "?wait=1");
    expect(await bo.next("memberJoined")).toMatchObject({ member: { id: "ada" } });
    const polled = await poll(room, `?wait=1&since=${cursor}`);
    expect(polled.members.map(({ id }) => id).sort()).toEqual(["ada", "bo"]);
    await bo.settled();
    expect(bo.ofType("memberJoined")).toHaveLength(1);
    expect(bo.ofType("memberLeft")).toEqual([]);
  });

  it("[H4][A11] of server code or an anonymous reader is not visible, and anonymous readers see no members", async () => {
    const room = uniqueName("public_poll");
    const bo = await join(room, "bo");
    await fill(bo, 1);
    const nobody = await call(`/v1/rooms/${room}/events?wait=5`);
    expect(await nobody.json()).toMatchObject({
      events: [{ seq: 1 }],
      members: [],
      occupancy: { members: 1 },
    });
    const server = await callAsServer("GET", `/v1/rooms/${room}/events?wait=5`);
    expect(await server.json()).toMatchObject({
      events: [{ seq: 1 }],
      members: [{ id: "bo" }],
      occupancy: { members: 1 },
    });
    await bo.settled();
    expect(bo.ofType("memberJoined")).toEqual([]);
  });

  it("[H4][H1] is refused like any other call: no permission, a full room, an invalid wait", async () => {
    const room = uniqueName("poll");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
    const none = await callAs(await tokenFor("ada", { rooms: {} }), "GET", `/v1/rooms/${room}/events`);
    expect([none.status, (await errorOf(none)).code]).toEqual([403, "forbidden"]);
    await join(room, "bo");
    const full = await callAs(await tokenFor("ada"), "GET", `/v1/rooms/${room}/events`);
    expect([full.status, (await errorOf(full)).code]).toEqual([503, "room_full"]);
    const late = await callAs(await tokenFor("ada"), "GET", `/v1/rooms/${room}/events?wait=31`);
    expect(late.status).toBe(400);
  });

  it("[H15] ends with an error in its body when the room restarts, and the next poll continues", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    await fill(bo, 1);
    const { cursor } = await poll(room, "");
    const token = await tokenFor("ada");
    const waiting = await callAs(token, "GET", `/v1/rooms/${room}/events?wait=20&since=${cursor}`);
    await roomHas(room, 2);
    await evictDurableObject(roomObject(room), { webSockets: "close" });
    const ended = { events: [], cursor, recovery: "complete", error: { code: "overloaded" } };
    expect(await waiting.json()).toMatchObject(ended);
    await fill(await join(room, "bo"), 2);
    expect(seqs(await poll(room, `?since=${cursor}`))).toEqual([2, 3]);
  });

  it("[H15][M9] ends empty when its token expires, and both requests report it", async () => {
    const room = uniqueName("poll");
    const bo = await join(room, "bo");
    const token = await tokenFor("ada", { expiresInS: 1 });
    const waiting = await callAs(token, "GET", `/v1/rooms/${room}/events?wait=20`);
    await bo.next("memberJoined");
    advanceClock(2_000);
    await fill(bo, 1);
    expect(await waiting.json()).toMatchObject({ events: [], error: { code: "token_expired" } });
    const next = await callAs(token, "GET", `/v1/rooms/${room}/events?wait=20`);
    expect([next.status, (await errorOf(next)).code]).toEqual([401, "token_expired"]);
  });
});
