// Connections over calls as they are on the wire. What a client makes of them is in conformance.test.ts.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { startBackEnd } from "./support/back-end.ts";
import { advanceClock, configureRoom, crash, roomExists, sleep } from "./support/objects.ts";
import { type Frame, TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  join,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

interface Answer {
  /** Taken out of their batches. */
  readonly frames: readonly Frame[];
  readonly count: number;
  readonly last: Readonly<Record<string, unknown>>;
}

const lines = (head: object, frames: readonly object[] = []): string =>
  [head, ...frames].map((line) => JSON.stringify(line)).join("\n");

const post = async (path: string, user: string | null, body: string): Promise<Response> =>
  call(path, {
    method: "POST",
    body,
    ...(user !== null && { headers: { Authorization: `Bearer ${await tokenFor(user)}` } }),
  });

async function poll(room: string, user: string | null, head: object, query = ""): Promise<Answer> {
  const response = await post(`/v1/rooms/${room}/poll${query}`, user, lines(head));
  expect(response.status).toBe(200);
  const parsed = (await response.text())
    .split("\n")
    .map((line): Frame & { readonly events?: Frame[] } => JSON.parse(line));
  const frames = parsed.slice(0, -1);
  return {
    frames: frames.flatMap((frame) => (frame.type === "batch" ? (frame.events ?? []) : [frame])),
    count: frames.length,
    last: parsed.at(-1) ?? {},
  };
}

/** Opens a connection; `next` polls on, `say` sends. */
async function polled(room: string, user: string | null, query = "") {
  const opened = await poll(room, user, { wait: 10 }, query);
  const connection = String(opened.last.connection);
  let received = opened.count;
  let number = 0;
  return {
    connection,
    opened,
    async next(wait = 10): Promise<Answer> {
      const answer = await poll(room, user, { connection, received, wait });
      received += answer.count;
      return answer;
    },
    say: (...commands: object[]) =>
      post(`/v1/rooms/${room}/commands`, user, lines({ connection, number: ++number }, commands)),
  };
}

/** As the readers behind one address, who have no token. */
const pollFrom = (address: string, room: string, head: object, settings = {}) =>
  callWith(settings, `/v1/rooms/${room}/poll`, {
    method: "POST",
    body: lines(head),
    headers: { "CF-Connecting-IP": address },
  });

const lastOf = async (response: Response): Promise<{ connection?: string; type: string }> =>
  JSON.parse((await response.text()).split("\n").at(-1) ?? "");

const types = ({ frames }: Answer) => frames.map(({ type }) => type);

describe("a connection over calls", () => {
  it("[H41] gets the frames of a socket, in their order, and a last line that says how it goes on", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    expect(types(ada.opened)).toEqual(["connected", "caughtUp"]);
    expect(ada.opened.frames[0]).toMatchObject({ connection: ada.connection, user: { id: "ada" } });
    expect(ada.opened.last).toEqual({ type: "polled", connection: ada.connection });
    const waiting = ada.next();
    await bo.ask({ type: "send", id: "m1", data: 1 });
    expect(types(await waiting)).toEqual(["message"]);
    expect(
      await (await ada.say({ type: "send", id: "m2", data: 2 }, { type: "ping", id: "p" })).json(),
    ).toEqual({});
    // The answer of a command stands behind its event.
    const answer = await ada.next();
    expect(answer.frames).toMatchObject([
      { type: "message", seq: 2 },
      { type: "ok", id: "m2" },
      { type: "pong", id: "p" },
    ]);
    await bo.next("message", ({ seq }) => seq === 2);
  });

  it("[H41] is opened with the query of a socket", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    for (const id of ["1", "2", "3"]) await bo.ask({ type: "send", id, data: id });
    const ada = await polled(room, "ada", "?history=1&presence=off");
    expect(ada.opened.frames).toMatchObject([{ members: [] }, { seq: 3 }, { type: "caughtUp" }]);
    const again = await polled(room, "ada", `?replaces=${ada.connection}`);
    expect((await ada.next()).last).toMatchObject({ type: "closed", code: 4409 });
    expect(again.connection).not.toBe(ada.connection);
  });

  it("[O49] is for its user alone: to others it has ended, and it goes on", async () => {
    const room = uniqueName("public_polled");
    const ada = await polled(room, "ada");
    const { connection } = ada;
    for (const user of ["mallory", null]) {
      const heard = await poll(room, user, { connection, received: 0, wait: 10 });
      expect(heard).toMatchObject({ count: 0, last: { type: "closed" } });
      const command = { type: "send", id: "forged", data: "forged" };
      const said = await post(
        `/v1/rooms/${room}/commands`,
        user,
        lines({ connection, number: 1, leave: true }, [command]),
      );
      expect(said.status).not.toBe(200);
    }
    expect((await ada.say({ type: "send", id: "m1", data: 1 })).status).toBe(200);
    expect((await ada.next()).frames[0]).toMatchObject({ type: "message", seq: 1, data: 1 });
  });

  it("[H43] answers a repeated call with commands without doing it again, and misses none", async () => {
    const room = uniqueName("polled");
    const ada = await polled(room, "ada");
    const path = `/v1/rooms/${room}/commands`;
    const signal = { type: "signal", event: "once" };
    const bo = await join(room, "bo");
    for (const number of [1, 1]) {
      const body = lines({ connection: ada.connection, number }, [signal]);
      expect((await post(path, "ada", body)).status).toBe(200);
    }
    const gap = await post(path, "ada", lines({ connection: ada.connection, number: 3 }, [signal]));
    expect([gap.status, (await errorOf(gap)).code]).toEqual([404, "not_found"]);
    await bo.settled();
    expect(bo.ofType("signal").length).toBe(1);
  });

  it("[H44] ends with a leave at once, and with a kick in the next answer", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    await bo.next("memberJoined");
    const waiting = ada.next();
    await post(
      `/v1/rooms/${room}/commands`,
      "ada",
      lines({ connection: ada.connection, number: 1, leave: true }),
    );
    await bo.next("memberLeft");
    expect((await waiting).last.type).not.toBe("closed");
    expect((await ada.next()).last).toMatchObject({ type: "closed", code: 4408 });
    const cy = await polled(room, "cy");
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "cy", banSeconds: 60 });
    expect((await cy.next()).last).toMatchObject({
      type: "closed",
      code: 4403,
      reason: expect.stringMatching(/^banned/),
    });
    expect((await cy.say({ type: "ping", id: "p" })).status).toBe(404);
    const refused = await post(`/v1/rooms/${room}/poll`, "cy", "");
    expect([refused.status, (await errorOf(refused)).code]).toEqual([403, "banned"]);
  });

  it("[H44] loses its member 5 s after the last call, not before", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const before = Date.now();
    await polled(room, "ada");
    await bo.next("memberLeft");
    expect(Date.now() - before).toBeGreaterThanOrEqual(5_000);
    await roomHas(room, 1);
  });

  it("[H45] outlives a sleep of the room while a call waits, and ends with a crash", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    await bo.next("memberJoined");
    const waiting = ada.next();
    await bo.settled();
    await sleep(roomObject(room));
    bo.send({ type: "signal", event: "awake" });
    expect(types(await waiting)).toContain("signal");
    // The end of that call may have woken the room; it is the same connection.
    await ada.say({ type: "send", id: "m", data: 1 });
    expect(types(await ada.next())).toEqual(["message", "ok"]);
    const last = ada.next();
    await bo.settled();
    await crash(roomObject(room));
    expect((await last).last.type).toBe("closed");
    expect((await ada.next()).last).toMatchObject({ type: "closed", code: 4408 });
  });

  it("[H45] a call whose wait ends while the room sleeps wakes it, and the next call goes on", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    const waiting = ada.next(1);
    await bo.settled();
    await sleep(roomObject(room));
    expect(await waiting).toMatchObject({ frames: [], last: { type: "polled" } });
    bo.send({ type: "signal", event: "between" });
    await bo.settled();
    expect(types(await ada.next())).toContain("signal");
    expect(bo.ofType("memberLeft")).toEqual([]);
  });

  it("[H45] a call that is reported as failed and as closed has one connection", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    await bo.next("memberJoined");
    const waiting = ada.next();
    await bo.settled();
    await runInDurableObject(roomObject(room), async (object, ctx) => {
      const call = ctx.getWebSockets().find((ws) => ws.deserializeAttachment()?.poll !== undefined);
      if (call === undefined) throw new Error("no call waits");
      await object.webSocketError(call);
      await object.webSocketClose(call, 1006, "");
    });
    await waiting;
    await ada.say({ type: "signal", event: "once" });
    const { frames } = await ada.next(1);
    expect(frames.filter(({ type }) => type === "memberJoined")).toEqual([]);
    await roomHas(room, 2);
    await ada.say({ type: "send", id: "m", data: 1 });
    expect(types(await ada.next())).toEqual(["message", "ok"]);
    await post(
      `/v1/rooms/${room}/commands`,
      "ada",
      lines({ connection: ada.connection, number: 3, leave: true }),
    );
    await bo.next("memberLeft");
  });

  it("[H51] commands that come before the client is told of its kick have no effect", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "ada" });
    const sent = await ada.say({ type: "send", id: "late", data: 1 });
    expect(sent.status).toBe(404);
    await bo.settled();
    expect(bo.ofType("message")).toEqual([]);
    expect((await ada.next()).last).toMatchObject({ type: "closed", code: 4403 });
  });

  it("[H44] a room that is deleted, and a user who is disconnected, say so in the next answer", async () => {
    const room = uniqueName("polled");
    const user = uniqueName("user");
    const alone = await polled(room, "ada");
    await alone.say({ type: "send", id: "m", data: 1 });
    await alone.next();
    expect((await callAsServer("DELETE", `/v1/rooms/${room}`)).status).toBe(200);
    expect((await alone.next(0)).last).toMatchObject({
      type: "closed",
      reason: expect.stringMatching(/^deleted/),
    });
    const other = uniqueName("polled");
    const gone = await polled(other, user);
    await callAsServer("POST", `/v1/users/${user}/disconnect`);
    expect(
      (await poll(other, user, { connection: gone.connection, received: gone.opened.count })).last,
    ).toMatchObject({
      type: "closed",
      code: 4401,
    });
  });

  it("[H53] one call brings at most as many frames as a batch has commands", async () => {
    const room = uniqueName("polled");
    const ada = await polled(room, "ada");
    const frames = Array.from({ length: 101 }, (_, at) => ({ type: "ping", id: `${at}` }));
    const refused = await ada.say(...frames);
    expect([refused.status, (await errorOf(refused)).code]).toEqual([400, "bad_request"]);
  });

  it("[A64] is of its user alone: for anybody else there is no such connection", async () => {
    const room = uniqueName("polled");
    const ada = await polled(room, "ada");
    for (const user of ["bo", null]) {
      const name = user === null ? uniqueName("public") : room;
      const answer = await poll(name, user, { connection: ada.connection, received: 0 });
      expect(answer.last).toEqual({
        type: "closed",
        code: 4408,
        reason: "timeout: this connection has ended",
      });
      const sent = await post(
        `/v1/rooms/${name}/commands`,
        user,
        lines({ connection: ada.connection, number: 1 }),
      );
      expect(sent.status).toBe(404);
    }
    expect((await ada.next(0)).last.type).toBe("polled");
  });

  it("[A64] an anonymous reader has one of their own", async () => {
    const room = uniqueName("public");
    const bo = await join(room, "bo");
    const reader = await polled(room, null);
    expect(reader.opened.frames[0]).toMatchObject({ user: null });
    await bo.ask({ type: "send", id: "m", data: 1 });
    expect(types(await reader.next())).toEqual(["message"]);
    await reader.say({ type: "send", id: "x", data: 1 });
    expect((await reader.next()).frames).toMatchObject([{ type: "error", code: "forbidden" }]);
  });

  it("[A65] is refused as a call: token, permission, origin and form", async () => {
    const room = uniqueName("polled");
    const path = `/v1/rooms/${room}/poll`;
    const refusals = [
      [await post(path, null, ""), 401],
      [await callAs(await tokenFor("ada", { rooms: {} }), "POST", path), 403],
      [await callAsServer("POST", path), 403],
      [await post("/v1/poll", null, ""), 401],
      [await post(path, "ada", "{"), 400],
      [await post(path, "ada", lines({ wait: 31 })), 400],
      [await post(`/v1/rooms/${room}/commands`, "ada", lines({ connection: "c_1" })), 400],
      [await post(`${path}?history=x`, "ada", ""), 400],
      [await call(path, { method: "POST", headers: { Origin: "https://evil.example" } }), 403],
    ] as const;
    expect(refusals.map(([{ status }]) => status)).toEqual(refusals.map(([, status]) => status));
    expect(await roomExists(room)).toBe(false);
  });

  it("[A66] ends with its token, whatever the token of a call; a call is refused with its own", async () => {
    const room = uniqueName("polled");
    const path = `/v1/rooms/${room}/poll`;
    const token = await tokenFor("ada", { expiresInS: 5 });
    const opened = await (await callAs(token, "POST", path)).text();
    const { connection } = JSON.parse(opened.split("\n").at(-1) ?? "");
    let received = opened.trim().split("\n").length - 1;
    const bo = await join(room, "bo");
    // That bo came was sent while the token was valid.
    received += (await poll(room, "ada", { connection, received, wait: 10 })).count;
    advanceClock(6_000);
    const late = await callAs(token, "POST", path, { connection, received });
    expect([late.status, (await errorOf(late)).code]).toEqual([401, "token_expired"]);
    const waiting = poll(room, "ada", { connection, received, wait: 10 });
    await bo.ask({ type: "send", id: "m", data: 1 });
    expect((await waiting).last).toMatchObject({ type: "closed", code: 4401 });
  });

  it("[A68] a call that names a connection is refused for its own token, and says why", async () => {
    const room = uniqueName("polled");
    const bo = await join(room, "bo");
    const ada = await polled(room, "ada");
    await bo.next("memberJoined");
    // What the new token does not open, the connection that the older one opened does not open either.
    const taken = await tokenFor("ada", { rooms: {} });
    const { connection, opened } = ada;
    const asked = await callAs(taken, "POST", `/v1/rooms/${room}/poll`, {
      connection,
      received: opened.count,
    });
    const said = await callAs(taken, "POST", `/v1/rooms/${room}/commands`, { connection, number: 1 });
    for (const refused of [asked, said])
      expect([refused.status, await errorOf(refused)]).toEqual([
        403,
        {
          code: "forbidden",
          message: "you may not read this room: the rooms claim of the token gives none here",
        },
      ]);
    await bo.next("memberLeft");
  });

  it("[A68] a new token that gives less is in force as on a socket", async () => {
    const room = uniqueName("polled");
    const ada = await polled(room, "ada");
    await ada.say({ type: "auth", id: "a", token: await tokenFor("ada", { rooms: { [room]: "read" } }) });
    expect((await ada.next()).frames).toMatchObject([{ type: "ok", id: "a", permission: "read" }]);
    await ada.say({ type: "send", id: "m", data: 1 });
    expect((await ada.next()).frames).toMatchObject([{ type: "error", id: "m", code: "forbidden" }]);
    await ada.say({ type: "auth", id: "b", token: await tokenFor("ada", { rooms: {} }) });
    expect((await ada.next()).last).toEqual({
      type: "closed",
      code: 4403,
      reason: "forbidden: the new token may not read this room",
    });
  });

  it("[A69] what the back end takes away ends it before it hears or does anything more", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("polled");
    await configureRoom(room, backEnd.settings);
    const headers = { Authorization: `Bearer ${await backEnd.tokenOf("ada")}` };
    const send = (what: string, head: object, ...frames: object[]) =>
      callWith(backEnd.settings, `/v1/rooms/${room}/${what}`, {
        method: "POST",
        headers,
        body: lines(head, frames),
      });
    const opened = (await (await send("poll", { wait: 10 })).text()).split("\n");
    const { connection } = JSON.parse(opened.at(-1) ?? "");
    const received = opened.length - 1;
    const { length: asked } = backEnd.questions;
    // Nobody is asked about a connection that is idle.
    advanceClock(2_000);
    expect((await lastOf(await send("poll", { connection, received }))).type).toBe("polled");
    expect(backEnd.questions.length).toBe(asked);
    backEnd.answerWith(() => ({ permission: null }));
    const waiting = send("poll", { connection, received, wait: 10 });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "a secret" });
    const answer = await (await waiting).text();
    expect(answer).not.toContain("secret");
    expect(JSON.parse(answer)).toEqual({
      type: "closed",
      code: 4403,
      reason: "forbidden: AUTHORIZE_URL no longer lets you read this room",
    });
    expect(
      (await send("commands", { connection, number: 1 }, { type: "send", id: "m", data: 1 })).status,
    ).toBe(404);
    const again = await send("poll", {});
    expect([again.status, (await errorOf(again)).message]).toEqual([
      403,
      "you may not read this room: AUTHORIZE_URL gives none here",
    ]);
  });
});

it("[H56] a WebSocket that only asks whether it gets through is told so with a code: no call, no refusal, no line", async () => {
  const warn = vi.spyOn(console, "warn");
  const limit = vi.fn(async () => ({ success: false }));
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": `edge-rooms.v1, ${"x".repeat(300)}` };
  const probe = (more = {}) =>
    callWith({ RATE_LIMITER: { limit } }, "/v1/connect?probe=true", { headers: { ...headers, ...more } });
  const { webSocket } = await probe();
  const { code } = await new TestSocket(webSocket ?? expect.fail()).closed;
  expect([code, limit.mock.calls, warn.mock.calls]).toEqual([4200, [], []]);
  const foreign = await probe({ Origin: "https://evil.example" });
  expect(await new TestSocket(foreign.webSocket ?? expect.fail()).closed).toMatchObject({ code: 4403 });
  warn.mockRestore();
});

describe("readers behind one address", () => {
  /** As the binding, which in a minute allows the same to each key. */
  const limiter = (allowed: number) => {
    const counts = new Map<string, number>();
    return {
      limit: async ({ key }: { key: string }) => {
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        return { success: count <= allowed };
      },
    };
  };

  it("[A67][H55] forty who poll a busy room are refused nothing, and miss nothing", async () => {
    const room = uniqueName("public");
    const bo = await join(room, "bo");
    // What a user may in a sixth of a minute: so long it does not take.
    const settings = { RATE_LIMITER: limiter(100) };
    const heard = new Map<string, number>();
    const waiting: (() => void)[] = [];
    const read = async (): Promise<number> => {
      let connection: string | undefined;
      let received = 0;
      for (let calls = 1; ; calls++) {
        const head = connection === undefined ? { wait: 10 } : { connection, received, wait: 10 };
        const response = await pollFrom("192.0.2.40", room, head, settings);
        expect(response.status).toBe(200);
        const frames = (await response.text()).split("\n");
        const end = JSON.parse(frames.at(-1) ?? "");
        expect(end.type).toBe("polled");
        connection = String(end.connection);
        received += frames.length - 1;
        for (const [, text = ""] of frames.join().matchAll(/"data":"([^"]+)"/g))
          heard.set(text, (heard.get(text) ?? 0) + 1);
        for (const look of waiting) look();
        if (heard.has("m10") && frames.some((frame) => frame.includes('"m10"'))) return calls;
      }
    };
    const allHeard = (text: string) =>
      new Promise<void>((resolve) => waiting.push(() => heard.get(text) === 40 && resolve()));
    const readers = Promise.all(Array.from({ length: 40 }, read));
    await roomHas(room, 41);
    for (let n = 1; n <= 10; n++) {
      const all = allHeard(`m${n}`);
      await bo.ask({ type: "send", id: `${n}`, data: `m${n}` });
      // Twice a busy room: the last ones come while calls rest.
      if (n < 4) await all;
    }
    // Each message would be a call of each: what comes soon after an answer comes with the next one.
    for (const calls of await readers) expect(calls).toBeLessThanOrEqual(7);
    for (const count of heard.values()) expect(count).toBe(40);
  });

  it("[A67] a call that names a connection counts once, apart from those that open one, and all of them have a bound", async () => {
    const room = uniqueName("public");
    const RATE_LIMITER = limiter(10);
    const from = (address: string, head: object) => pollFrom(address, room, head, { RATE_LIMITER });
    const { connection } = await lastOf(await from("192.0.2.1", {}));
    // Whether there is such a connection or not.
    const statuses = await Promise.all(
      Array.from({ length: 41 }, async (_, n) => {
        const response = await from("192.0.2.1", { connection: n === 0 ? connection : `c_${n}` });
        await response.text();
        return response.status;
      }),
    );
    expect(statuses.filter((status) => status === 200).length).toBe(40);
    expect(statuses.filter((status) => status === 429).length).toBe(1);
    // Others may still open one, and another address is not concerned.
    for (let n = 0; n < 4; n++) expect((await from("192.0.2.1", {})).status).toBe(200);
    expect((await from("192.0.2.1", {})).status).toBe(429);
    expect((await from("192.0.2.2", { connection: "c_1" })).status).toBe(200);
  });

  it("[H55] one who asks again without waiting is answered once a second, and told of an end at once", async () => {
    const room = uniqueName("public");
    const bo = await join(room, "bo");
    const reader = await polled(room, null);
    const before = Date.now();
    for (let n = 0; n < 2; n++) await reader.next(0);
    // The first answer may be due soon: from there on they are a second apart.
    expect(Date.now() - before).toBeGreaterThanOrEqual(1_000);
    await bo.ask({ type: "send", id: "m", data: 1 });
    const waiting = reader.next();
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    expect((await waiting).last).toMatchObject({ type: "closed" });
  });
});
