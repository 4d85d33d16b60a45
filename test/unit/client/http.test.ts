import { describe, expect, it } from "vitest";
import { callWith } from "../../../client/http/http-call.ts";
import { callApi, RoomsError, roomApi, userApi } from "../../../client/index.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { clientForTest, roomForTest, type WorldOptions } from "./support/client-for-test.ts";

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly token: string | null;
  readonly body: unknown;
  readonly init: RequestInit;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const refusal = (status: number, code: string, more: object = {}) =>
  Response.json({ error: { code, message: `it is ${code}`, ...more } }, { status });

const hang = () => new Promise<never>(() => {});

/** A server that gives each of the answers in turn, and the last one from then on. */
function server(...answers: [Answer, ...Answer[]]) {
  const asked: Asked[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    const { method = "GET", headers, body } = init;
    const bearer = new Headers(headers).get("Authorization");
    const [first] = answers;
    const next = answers.length > 1 ? answers.shift() : first;
    asked.push({
      ...{ method, url, init },
      token: bearer?.replace("Bearer ", "") ?? null,
      body: body === undefined ? undefined : JSON.parse(String(body)),
    });
    const one = asked.at(-1);
    if (next === undefined || one === undefined) throw new TypeError("no answer");
    return next(one);
  };
  return { asked, fetch, tokens: () => asked.map(({ token }) => token) };
}

const ok = (value: unknown = {}) => Response.json(value);

/** Tokens `t1`, `t2`, … by default. */
function world(answers: [Answer, ...Answer[]], options: WorldOptions = {}) {
  const { fetch, ...told } = server(...answers);
  let made = 0;
  return { ...clientForTest({ getToken: () => `t${++made}.e30.s`, fetch, ...options }), ...told };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const PAGE = { rooms: [{ room: "lobby", head: 7, readSeq: 5, unread: 2 }] };

describe("a call over HTTP", () => {
  it("[C72] carries the token of the sockets in a header", async () => {
    const { fetch, asked } = server(() => ok(PAGE));
    let made = 0;
    const { client, socket, clock } = await roomForTest({ fetch, getToken: () => `t${++made}.e30.s` });
    expect(socket().protocols).toContain("token.t1.e30.s");
    expect(await userApi(client).followedRooms()).toEqual(PAGE.rooms);
    expect(asked).toMatchObject([
      { method: "GET", url: "https://rooms.example.com/v1/me/rooms", token: "t1.e30.s" },
    ]);
    expect(made).toBe(1);
    client.close();
    await clock.settle();
  });

  it("[C72] goes to the address before /v1, with any scheme, and without a token if there is none", async () => {
    const { client, asked } = world([() => ok({ any: "thing" })], {
      url: "ws://localhost:8000/chat/",
      getToken: () => null,
    });
    expect(await callApi(client, "POST", "/v1/x", { a: [1] })).toEqual({ any: "thing" });
    expect(asked).toMatchObject([{ url: "http://localhost:8000/chat/v1/x", token: null, body: { a: [1] } }]);
    expect(new Headers(asked[0]?.init.headers).get("Content-Type")).toBe("application/json");
  });

  it("[C72] gets another token once if one is refused, and the sockets get it too", async () => {
    const { fetch, tokens } = server(
      () => refusal(401, "token_expired"),
      () => ok(PAGE),
    );
    let made = 0;
    const { client, clock, socket } = await roomForTest({ fetch, getToken: () => `t${++made}.e30.s` });
    const rooms = userApi(client).followedRooms();
    await clock.advance(1_000);
    expect(await rooms).toEqual(PAGE.rooms);
    expect(tokens()).toEqual(["t1.e30.s", "t2.e30.s"]);
    expect(socket().sentOf("auth")).toMatchObject([{ token: "t2.e30.s" }]);
  });

  it("[C72] rejects if the second token is refused too, or is the same", async () => {
    const twice = world([() => refusal(401, "unauthorized")]);
    const refused = failure(userApi(twice.client).preferences());
    await twice.clock.advance(2_000);
    expect(await refused).toMatchObject({ code: "unauthorized", message: "it is unauthorized" });
    expect(twice.tokens()).toEqual(["t1.e30.s", "t2.e30.s"]);

    const same = world([() => refusal(401, "unauthorized")], { getToken: () => "t.e30.s" });
    const again = failure(userApi(same.client).preferences());
    await same.clock.advance(2_000);
    expect(await again).toMatchObject({ code: "unauthorized", cause: { message: "it is unauthorized" } });
    expect(String(await again)).toContain("it is unauthorized");
    expect(same.tokens()).toEqual(["t.e30.s"]);
  });

  it("[C72] shares one new token with all calls that are refused at once", async () => {
    const { client, clock, tokens } = world([
      ({ token }) => (token === "t1.e30.s" ? refusal(401, "token_expired") : ok(PAGE)),
    ]);
    const all = Promise.all([
      userApi(client).followedRooms(),
      userApi(client).followedRooms(),
      userApi(client).followedRooms(),
    ]);
    await clock.advance(2_000);
    expect(await all).toHaveLength(3);
    expect(tokens()).toEqual(["t1.e30.s", "t1.e30.s", "t1.e30.s", "t2.e30.s", "t2.e30.s", "t2.e30.s"]);
  });

  it.each([
    ["another user", { sub: "ada" }, { sub: "bo" }, "user_changed"],
    ["another user with letters of two bytes", { sub: "Zoë" }, { sub: "Zoé" }, "user_changed"],
    ["another number", { sub: 7 }, { sub: 8 }, "user_changed"],
    ["nobody", { sub: "ada" }, null, "user_changed"],
    ["nobody, after one that names no user", {}, null, "user_changed"],
    ["the same user, as a text", { sub: 7 }, { sub: "7" }, "resolved"],
    ["the same user", { sub: "ada", exp: 1 }, { sub: "ada", exp: 2 }, "resolved"],
    ["who knows whom", { sub: "ada" }, { id: "bo" }, "resolved"],
    ["who knows whom, without claims", { sub: "ada" }, "{", "resolved"],
  ])("[C110] is not repeated with the token of another user: %s", async (_, first, second, code) => {
    const given = [first, second].map((claims) =>
      claims === null
        ? null
        : `t.${Buffer.from(typeof claims === "string" ? claims : JSON.stringify(claims)).toString("base64url")}.s`,
    );
    for (const retryAfterMs of [undefined, 2_000]) {
      const answers = [...given];
      const { client, clock, tokens } = world(
        [() => refusal(401, "token_expired", { retryAfterMs }), () => ok(PAGE)],
        { getToken: () => answers.shift() },
      );
      const called = userApi(client)
        .followedRooms()
        .then(
          () => "resolved",
          (error: unknown) => (error instanceof RoomsError ? error.code : String(error)),
        );
      await clock.advance(5_000);
      expect(await called).toBe(code);
      expect(tokens()).toEqual(given.slice(0, code === "resolved" ? 2 : 1));
    }
  });

  it("[C72] of an anonymous client asks for no token, and its sockets may continue without", async () => {
    const { fetch, tokens } = server(() => refusal(401, "unauthorized"));
    const { client, room, clock, goLive } = await roomForTest({ fetch, getToken: () => null });
    const refused = failure(roomApi(client, room.name).receipts());
    await clock.advance(1_000);
    expect(await refused).toMatchObject({ code: "unauthorized" });
    expect(tokens()).toEqual([null]);
    client.reconnect();
    await clock.advance(2_000);
    await goLive();
    expect(room.state.status).toBe("connected");
  });

  it("[C72] rejects with the reason for which `getToken` failed", async () => {
    const { client } = world([() => ok()], { getToken: () => Promise.reject(new Error("no back end")) });
    expect(await failure(userApi(client).preferences())).toMatchObject({
      code: "offline",
      cause: { message: "no back end" },
    });
    const odd = world([() => ok()], { getToken: () => "t\u{2603}" });
    const error = await failure(userApi(odd.client).preferences());
    expect(error).toMatchObject({ code: "offline" });
    expect(odd.asked).toEqual([]);
  });

  it("[C73] waits if a later token will be accepted and it has enough time", async () => {
    const early = () => refusal(401, "token_expired", { retryAfterMs: 61_000 });
    const enough = world([early, () => ok(PAGE)]);
    const rooms = userApi(enough.client).followedRooms({ timeoutMs: 120_000 });
    await enough.clock.advance(60_999);
    expect(enough.tokens()).toEqual(["t1.e30.s"]);
    await enough.clock.advance(6_101);
    expect(await rooms).toEqual(PAGE.rooms);
    expect(enough.tokens()).toEqual(["t1.e30.s", "t2.e30.s"]);

    const short = world([early]);
    expect(await failure(userApi(short.client).followedRooms())).toMatchObject({
      code: "token_expired",
      retryAfterMs: 61_000,
    });
    expect(short.clock.pending).toBe(0);
  });

  it("[C73] waits longer each time, so that a server that always answers soon is not asked forever", async () => {
    const { client, clock, asked } = world([() => refusal(401, "token_expired", { retryAfterMs: 1 })]);
    const refused = failure(userApi(client).followedRooms());
    await clock.advance(30_000);
    expect(await refused).toMatchObject({ code: "token_expired" });
    expect(asked.length).toBeLessThanOrEqual(6);
    expect(clock.pending).toBe(0);
  });

  it("[C74] rejects with the server's code, text, wait and field", async () => {
    const path = ["quietHours", "from"];
    const { client } = world([() => refusal(429, "rate_limited", { retryAfterMs: 2_000, path })]);
    const error = await failure(userApi(client).setPreferences({ push: false }));
    expect(error).toBeInstanceOf(RoomsError);
    expect(error).toMatchObject({
      ...{ code: "rate_limited", message: "it is rate_limited", retryAfterMs: 2_000, path },
    });
  });

  it.each([
    [400, "bad_request"],
    [403, "forbidden"],
    [404, "not_found"],
    [413, "too_large"],
    [429, "rate_limited"],
    [500, "internal"],
    [502, "overloaded"],
    [503, "overloaded"],
    [504, "overloaded"],
  ])("[C74] maps %i of another server to %s", async (status, code) => {
    const { client } = world([
      () => new Response("<h1>proxy</h1>", { status, headers: { "Retry-After": "3" } }),
    ]);
    expect(await failure(userApi(client).preferences())).toMatchObject({ code, retryAfterMs: 3_000 });
  });

  it("[C74] maps an unknown code to `internal`", async () => {
    const { client } = world([() => refusal(418, "teapot")]);
    expect(await failure(userApi(client).preferences())).toMatchObject({
      code: "internal",
      message: "it is teapot",
    });
  });

  it("[C74] rejects with `offline` without a network, also in the middle of an answer", async () => {
    const down = world([() => Promise.reject(new TypeError("Failed to fetch"))]);
    expect(await failure(userApi(down.client).preferences())).toMatchObject({
      code: "offline",
      cause: { message: "Failed to fetch" },
    });
    const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("reset")) });
    const broken = world([() => new Response(body)]);
    expect(await failure(userApi(broken.client).preferences())).toMatchObject({ code: "offline" });
    expect(broken.clock.pending).toBe(0);
  });

  it("[C75] ends in time: while it asks for a token, waits for an answer, or reads it", async () => {
    const silentBody = () => new Response(new ReadableStream({ pull: hang }));
    for (const { client, clock } of [
      world([() => ok()], { getToken: hang }),
      world([hang]),
      world([silentBody]),
    ]) {
      const late = failure(callApi(client, "GET", "/v1/me/rooms", undefined, { timeoutMs: 5_000 }));
      await clock.advance(5_000);
      expect(await late).toMatchObject({ code: "timeout" });
    }
  });

  it("[C75] ends after 30 s by default, and aborts `fetch`", async () => {
    const { client, clock, asked } = world([hang]);
    const late = failure(userApi(client).preferences());
    await clock.advance(29_999);
    expect(asked[0]?.init.signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await late).toMatchObject({ code: "timeout" });
    expect(asked[0]?.init.signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("[C75] is aborted by its signal, with the signal's reason, before it began or at any later time", async () => {
    const { client, clock, asked } = world([hang]);
    const stop = new AbortController();
    const stopped = failure(userApi(client).preferences({ signal: stop.signal }));
    await clock.settle();
    expect(asked).toHaveLength(1);
    stop.abort(new Error("the page is gone"));
    expect(await stopped).toMatchObject({ message: "the page is gone" });
    expect(asked[0]?.init.signal?.aborted).toBe(true);
    expect(await failure(userApi(client).preferences({ signal: stop.signal }))).toMatchObject({
      message: "the page is gone",
    });
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
    const plain = AbortSignal.abort();
    expect(await failure(userApi(client).preferences({ signal: plain }))).toMatchObject({
      name: "AbortError",
    });
  });

  it("[C75] is aborted while it waits for a later token", async () => {
    const { client, clock } = world([() => refusal(401, "token_expired", { retryAfterMs: 61_000 })]);
    const stop = new AbortController();
    const stopped = failure(userApi(client).preferences({ signal: stop.signal, timeoutMs: 120_000 }));
    await clock.advance(10_000);
    stop.abort(new Error("enough"));
    expect(await stopped).toMatchObject({ message: "enough" });
    expect(clock.pending).toBe(0);
  });

  it("[C75] leaves no listener on a signal that lives longer", async () => {
    const { client } = world([() => ok(PAGE)]);
    const { signal } = new AbortController();
    let held = 0;
    const watched = Object.assign(signal, {
      addEventListener: () => held++,
      removeEventListener: () => held--,
    });
    await userApi(client).followedRooms({ signal: watched });
    expect(held).toBe(0);
  });

  it("[C75] ends with the client, and none begins after that", async () => {
    for (const options of [{}, { getToken: hang }]) {
      const { client, clock } = world([hang], options);
      const cut = failure(userApi(client).preferences());
      await clock.settle();
      client.close();
      expect(await cut).toMatchObject({ code: "closed" });
      expect(clock.pending).toBe(0);
      expect(await failure(userApi(client).preferences())).toMatchObject({ code: "closed" });
    }
  });

  it("[C126] reads an answer whose body is no stream, as in React Native", async () => {
    const { client } = world([() => Object.defineProperty(ok(PAGE), "body", { value: undefined })]);
    expect(await userApi(client).followedRooms()).toEqual(PAGE.rooms);
  });

  it("[C76] reads at most 8 MiB", async () => {
    let sent = 0;
    let cancelled = false;
    const megabyte = new Uint8Array(1_048_576).fill(32);
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(megabyte);
      },
      cancel() {
        cancelled = true;
      },
    });
    const { client } = world([() => new Response(endless)]);
    expect(await failure(callApi(client, "GET", "/v1/me/rooms"))).toMatchObject({ code: "too_large" });
    expect(sent).toBeLessThan(12);
    expect(cancelled).toBe(true);
  });

  it("[C76] reads text that is cut within a character", async () => {
    const bytes = new TextEncoder().encode('{"name":"Zoë ☃"}');
    const drops = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const { client } = world([() => new Response(drops)]);
    expect(await callApi(client, "GET", "/v1/x")).toEqual({ name: "Zoë ☃" });
  });

  it.each(["", "<html>sign in to the Wi-Fi</html>", "[]", "null", '{"rooms":[{"room":"a"}]}'])(
    "[C76] does not accept %j as an answer",
    async (text) => {
      const { client } = world([() => new Response(text)]);
      expect(await failure(userApi(client).followedRooms())).toMatchObject({ code: "offline" });
    },
  );

  it("[C77] needs no socket and opens none, also after `disconnect` and `leave`", async () => {
    const { client, sockets, asked } = world([() => ok({ receipts: [] })]);
    const room = client.room("lobby");
    client.disconnect();
    const { receipts } = roomApi(client, "lobby");
    expect(await receipts()).toEqual([]);
    room.leave();
    expect(await receipts()).toEqual([]);
    expect([sockets.count, asked.length]).toEqual([0, 2]);
  });

  it("[C77] for followed rooms continues page by page, and does not loop", async () => {
    const page = (name: string, next?: string) => () =>
      ok({ rooms: [{ room: name, head: 0, readSeq: 0, unread: null }], next });
    const { client, asked } = world([page("a", "a"), page("b", "b"), page("c")]);
    expect((await userApi(client).followedRooms()).map(({ room }) => room)).toEqual(["a", "b", "c"]);
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(["", "?after=a", "?after=b"]);
    const stuck = world([page("a", "a")]);
    expect(await userApi(stuck.client).followedRooms()).toHaveLength(2);
  });

  it.each([[undefined], [null], [7], [["lobby"]], [[".."]], [{}]])(
    "[C233] is not made for a name that is no text, and no room is opened: %j",
    async (name) => {
      const { client, asked } = world([() => ok()]);
      const isRefused = expect.objectContaining({ name: "RoomsError", code: "bad_request" });
      for (const open of [client.room, client.peek])
        expect(() => Reflect.apply(open, undefined, [name])).toThrow(isRefused);
      expect(() => Reflect.apply(roomApi, undefined, [client, name])).toThrow(isRefused);
      expect(await failure(Reflect.apply(roomApi(client, "lobby").unban, undefined, [name]))).toEqual(
        isRefused,
      );
      expect(await failure(Reflect.apply(userApi(client).follow, undefined, [name]))).toEqual(isRefused);
      expect(asked).toEqual([]);
    },
  );

  it("[C79] is not made if its name or id would lead to another address", async () => {
    const { client, asked } = world([() => ok()]);
    const room = roomApi(client, "lobby");
    for (const user of ["", "..", ".", "a\nb", "\ud800"]) {
      expect(await failure(room.unban(user))).toMatchObject({ code: "bad_request", path: ["user"] });
    }
    for (const name of ["", "..", "a/b", "a?b"]) {
      expect(await failure(userApi(client).follow(name))).toMatchObject({ code: "bad_request" });
      expect(await failure(userApi(client).unfollow(name))).toMatchObject({ code: "bad_request" });
      expect(await failure(userApi(client).markRoomRead(name, 1))).toMatchObject({ code: "bad_request" });
    }
    for (const name of ["", "..", "a/b"]) {
      expect(() => roomApi(client, name)).toThrow(`"${name}" is no name of a room: 1 to 128 of`);
    }
    for (const path of ["", "/health", "@evil.example/v1/", "v1/me", "https://evil.example/v1/"]) {
      expect(await failure(callApi(client, "GET", path))).toMatchObject({ code: "bad_request" });
    }
    const round: { self?: unknown } = {};
    round.self = round;
    expect(await failure(callApi(client, "POST", "/v1/x", round))).toMatchObject({
      code: "bad_request",
    });
    expect(asked).toEqual([]);
    await room.unban("a/b?c#d");
    expect(asked.map(({ url }) => url)).toEqual([
      "https://rooms.example.com/v1/rooms/lobby/bans/a%2Fb%3Fc%23d",
    ]);
  });

  it("[C79] follows no redirect", async () => {
    for (const status of [301, 302, 307, 308]) {
      const { client, asked } = world([
        () => new Response(null, { status, headers: { Location: "https://evil.example/" } }),
      ]);
      expect(await failure(userApi(client).preferences())).toMatchObject({ code: "offline" });
      expect(asked.map(({ init }) => init.redirect)).toEqual(["manual"]);
    }
  });

  it("[C75] can be made without a client", async () => {
    const clock = new FakeClock();
    const { fetch, tokens } = server(() => ok(7));
    const context = {
      ports: { clock, fetch, random: () => 0 },
      tokens: { get: async () => "t", refused: () => {} },
      base: "wss://rooms.example.com",
      closed: new AbortController().signal,
    };
    expect(await callWith(context, "GET", "/v1/x")).toBe(7);
    expect([tokens(), clock.pending]).toEqual([["t"], 0]);
  });

  it("[C79] needs a client that createClient has made", async () => {
    const copy = Object.create(clientForTest().client);
    expect(await failure(callApi(copy, "GET", "/v1/x"))).toMatchObject({ code: "bad_request" });
  });
});
