// Reading without a token and without a socket: one answer for all who ask the same.

import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RoomObject } from "../../src/index.ts";
import { until } from "../support/until.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

interface Answer {
  readonly events: readonly { readonly type: string; readonly seq: number; readonly data?: unknown }[];
  readonly cursor: string;
  readonly recovery: string;
  readonly more?: true;
  readonly floor: number;
  readonly members: readonly unknown[];
  readonly occupancy: { readonly members: number; readonly connections: number };
}

const APP = "https://app.example.com";

const get = (room: string, query = "", headers: Record<string, string> = {}) =>
  call(`/v1/rooms/${room}/events${query}`, { headers });

const watch = async (room: string, query = ""): Promise<Answer> => (await get(room, query)).json<Answer>();

const say = (room: string, data: unknown) => callAsServer("POST", `/v1/rooms/${room}/messages`, { data });

/** By which the clock is ahead: what is kept for a second is over by then. */
let aheadMs = 0;

beforeEach(() => {
  aheadMs = 0;
  const now = Date.now.bind(Date);
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + aheadMs);
  return () => clock.mockRestore();
});

const aSecondLater = () => {
  aheadMs += 1_000;
};

const { watch: look } = RoomObject.prototype;

/** Of this test: others may look at their rooms in the same runtime. */
function calls() {
  const spy = vi.spyOn(RoomObject.prototype, "watch");
  spy.mockClear();
  return spy;
}

describe("watching a room", () => {
  it("[L100] a thousand calls for one cursor are one call to the room in a second", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const { cursor } = await watch(room);
    const spy = calls();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => watch(room, `?since=${cursor}`)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toEqual({
      events: [],
      cursor,
      recovery: "complete",
      floor: 0,
      occupancy: { members: 0, connections: 0 },
      members: [],
    });
    expect(spy).toHaveBeenCalledTimes(1);
    aSecondLater();
    await watch(room, `?since=${cursor}`);
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it("[L100] spellings of one question are one question, and a HEAD is one too", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const spy = calls();
    await watch(room, "?topics=a,b&history=5");
    await watch(room, "?history=5&topics=b,a,b&wait=0&presence=off");
    const head = await call(`/v1/rooms/${room}/events?topics=a,b&history=5`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(spy).toHaveBeenCalledTimes(1);
    await watch(room, "?since=nonsense");
    await watch(room, "?since=..");
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it("[L101] all are answered if the room fails, and it is asked again a second later", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const spy = calls().mockRejectedValueOnce(Object.assign(new Error("moved"), { retryable: true }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(room)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers[0]?.headers.get("Retry-After")).toBe("1");
    expect(answers[0]?.headers.get("Cache-Control")).toBe("no-store");
    expect(spy).toHaveBeenCalledTimes(1);
    aSecondLater();
    expect((await watch(room)).events).toHaveLength(1);
  });

  it("[L101] who asks and is gone before the answer holds up nobody", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const answer = Promise.withResolvers<void>();
    const spy = calls().mockImplementationOnce(async function (this: RoomObject, ...args) {
      await answer.promise;
      return look.apply(this, args);
    });
    const going = new AbortController();
    const gone = call(`/v1/rooms/${room}/events`, { signal: going.signal }).catch(() => "gone");
    await until(() => expect(spy).toHaveBeenCalled());
    going.abort();
    expect(await gone).toBe("gone");
    const waits = watch(room);
    answer.resolve();
    expect((await waits).events).toHaveLength(1);
    // The second one would have asked itself, 5 s later.
    expect(spy).toHaveBeenCalledTimes(1);
  });

  it("[L102] only such an answer may be cached, for each origin by itself", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const headersOf = ({ headers }: Response) =>
      ["Cache-Control", "Vary", "Access-Control-Allow-Origin"].map((name) => headers.get(name));
    const forAll = ["public, max-age=1, must-revalidate", "Origin, Authorization"];
    expect(headersOf(await get(room))).toEqual([...forAll, null]);
    expect(headersOf(await get(room, "", { Origin: APP }))).toEqual([...forAll, APP]);
    expect(headersOf(await get(room, "", { Origin: "https://a.example.org" }))).toEqual([
      ...forAll,
      "https://a.example.org",
    ]);
    const foreign = await get(room, "", { Origin: "https://evil.example" });
    expect([foreign.status, foreign.headers.get("Cache-Control")]).toEqual([403, "no-store"]);
    const wrong = await get(room, "?history=-1");
    expect([wrong.status, wrong.headers.get("Cache-Control")]).toEqual([400, "no-store"]);
  });

  it("[L102] a token, an API key, a wait and a private room are answered for the caller alone", async () => {
    const room = uniqueName("public_watched");
    const secret = uniqueName("private");
    await say(room, 1);
    await say(secret, 1);
    const spy = calls();
    const path = `/v1/rooms/${room}/events`;
    const offered = { "Sec-WebSocket-Protocol": `token.${await tokenFor("ada")}` };
    const answers = [
      await callAs(await tokenFor("ada"), "GET", path),
      await callAsServer("GET", path),
      await get(room, "?wait=1"),
      await get(room, "", offered),
      await get(room, "", { Authorization: "Bearer nonsense" }),
      await get(room, "", { Authorization: "Basic YTpi" }),
      await get(secret),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 401, 401, 401]);
    for (const { headers } of answers) expect(headers.get("Cache-Control")).toBe("no-store");
    expect(spy).not.toHaveBeenCalled();
    expect(await errorOf(await get(secret))).toMatchObject({ code: "unauthorized" });
    // Also once the room is not for everybody any more, while what it said is still kept.
    expect((await get(room)).status).toBe(200);
    expect((await callWith({ ANONYMOUS_ROOMS: "others_*" }, path)).status).toBe(401);
  });

  it("[L103] whoever asks within a second is moved to the same cursor", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const first = await watch(room);
    aSecondLater();
    await say(room, 2);
    const second = await watch(room, `?since=${first.cursor}`);
    await say(room, 3);
    // Others, with other cursors and without one, in the same second.
    const newcomer = await watch(room, "?history=1");
    const [epoch] = first.cursor.split(".");
    const late = await watch(room, `?since=${epoch}.0`);
    expect([second, newcomer, late].map(({ cursor }) => cursor)).toEqual(Array(3).fill(`${epoch}.2`));
    expect([second, newcomer, late].map(({ events }) => events.map(({ seq }) => seq))).toEqual([
      [2],
      [2],
      [1, 2],
    ]);
    aSecondLater();
    const next = await watch(room, `?since=${epoch}.2`);
    expect([next.cursor, next.events.map(({ data }) => data)]).toEqual([`${epoch}.3`, [3]]);
  });

  it("[L103] a cursor that is ahead, as of a socket, does not go back", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const { cursor } = await watch(room);
    await say(room, 2);
    const [epoch] = cursor.split(".");
    expect(await watch(room, `?since=${epoch}.2`)).toMatchObject({
      events: [],
      cursor: `${epoch}.2`,
      recovery: "complete",
    });
  });

  it("[L103] a change is told once it lies behind the cursor, and the message is as it is now", async () => {
    const room = uniqueName("public_watched");
    await say(room, "first");
    const { cursor } = await watch(room);
    await say(room, "second");
    aSecondLater();
    await watch(room, "?history=0");
    await callAsServer("PATCH", `/v1/rooms/${room}/messages/1`, { data: "edited" });
    await callAsServer("PATCH", `/v1/rooms/${room}/messages/2`, { data: "edited too" });
    const now = await watch(room, `?since=${cursor}`);
    expect(now.events).toMatchObject([{ type: "message", seq: 2, data: "edited too", changed: 4 }]);
    aSecondLater();
    const then = await watch(room, `?since=${now.cursor}`);
    expect(then.events.map(({ type, seq }) => [type, seq])).toEqual([
      ["messageUpdated", 3],
      ["messageUpdated", 4],
    ]);
  });

  it("[L104] a purge is `lost`, and what retention has removed too", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const { cursor } = await watch(room);
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    aSecondLater();
    const purged = await watch(room, `?since=${cursor}`);
    expect([purged.recovery, purged.events]).toEqual(["lost", []]);
    // More than are kept, within one second: the head of a second ago is below the floor by then.
    for (let n = 0; n < 60; n++) await say(room, n);
    const newcomer = await watch(room, "?history=3");
    expect(newcomer.floor).toBe(10);
    const [epoch, seq] = newcomer.cursor.split(".");
    expect(Number(seq)).toBeGreaterThanOrEqual(10);
    expect(await watch(room, `?since=${epoch}.5`)).toMatchObject({ recovery: "lost" });
    expect(await watch(room, `?since=${epoch}.10`)).toMatchObject({ recovery: "complete" });
  });

  it("[L104] a long replay comes in pages", async () => {
    const room = uniqueName("public_watched");
    const { cursor } = await watch(room);
    await callAsServer("PATCH", `/v1/rooms/${room}`, { historyLimit: 400 });
    const batch = Array.from({ length: 300 }, (_, n) => say(room, n));
    await Promise.all(batch);
    aSecondLater();
    const page = await watch(room, `?since=${cursor}`);
    expect([page.recovery, page.more, page.events.length]).toEqual(["partial", true, 250]);
    const rest = await watch(room, `?since=${page.cursor}`);
    expect([rest.recovery, rest.more, rest.events.length]).toEqual(["complete", undefined, 50]);
  });

  it("[L105] makes no room, and goes on where it began once there is one", async () => {
    const room = uniqueName("public_watched");
    const { cursor } = await watch(room);
    aSecondLater();
    expect(await watch(room, `?since=${cursor}`)).toMatchObject({ cursor, recovery: "complete" });
    expect(
      await runInDurableObject<DurableObject, unknown>(roomObject(room), async (_, { storage }) => ({
        tables: storage.sql.exec("SELECT 1 FROM sqlite_master").toArray().length,
        alarm: await storage.getAlarm(),
      })),
    ).toEqual({ tables: 0, alarm: null });
    await say(room, "first");
    aSecondLater();
    const next = await watch(room, `?since=${cursor}`);
    expect([next.recovery, next.events.map(({ data }) => data)]).toEqual(["complete", ["first"]]);
  });

  it("[L106] only the call that reaches the room spends the allowance of its address", async () => {
    const room = uniqueName("public_watched");
    await say(room, 1);
    const keys: string[] = [];
    let success = true;
    const RATE_LIMITER = {
      limit: async ({ key }: { key: string }) => {
        keys.push(key);
        return { success };
      },
    };
    const from = (address: string) =>
      callWith({ RATE_LIMITER }, `/v1/rooms/${room}/events`, { headers: { "CF-Connecting-IP": address } });
    const ofMany = await Promise.all(Array.from({ length: 10 }, (_, n) => from(`192.0.2.${n}`)));
    expect(ofMany.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(keys).toEqual(["address 192.0.2.0", "address 192.0.2.0"]);
    success = false;
    expect((await from("192.0.2.1")).status).toBe(200);
    aSecondLater();
    expect((await from("192.0.2.1")).status).toBe(429);
    success = true;
    expect((await from("192.0.2.2")).status).toBe(200);
  });

  it("[L108] of a message that streams there are the beginning and the end", async () => {
    const room = uniqueName("public_watched");
    const opened = await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: {}, stream: true });
    const { seq } = await opened.json<{ seq: number }>();
    const { cursor, events } = await watch(room);
    expect(events).toMatchObject([{ seq, stream: "open" }]);
    const path = `/v1/rooms/${room}/messages/${seq}`;
    await callAsServer("POST", `${path}/append`, { n: 1, text: "so far" });
    aSecondLater();
    expect((await watch(room, `?since=${cursor}`)).events).toEqual([]);
    await callAsServer("POST", `${path}/finish`, { status: "complete" });
    aSecondLater();
    expect((await watch(room, `?since=${cursor}`)).events).toMatchObject([
      { type: "messageUpdated", message: { seq, stream: "complete", data: { text: "so far" } } },
    ]);
  });
});
