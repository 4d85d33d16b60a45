// The entrypoint for other Workers, called as over a service binding.

import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type RoomOfBinding,
  type RoomsBinding,
  textStream,
  type UserOfBinding,
} from "../../client/server/index.ts";
import { createApp } from "../../src/http/app.ts";
import { HTTP_ROUTES } from "../../src/protocol/index.ts";
import { Rooms } from "../../src/rpc/runtime/rooms.ts";
import { advanceClock } from "./support/objects.ts";
import { call, callAsServer, errorOf, join, uniqueName } from "./support/worker.ts";

const rooms: RoomsBinding = exports.Rooms({ props: { name: "billing" } });

/** The entrypoint with other settings, and without RPC. */
const roomsWith = (settings: object, props?: unknown): RoomsBinding =>
  new Rooms(Object.assign(createExecutionContext(), { props }), { ...env, ...settings });

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "it did not fail",
    (error: unknown) => error,
  );

const overloaded = Object.assign(new Error("busy"), { overloaded: true });

/** The lines of the log from now on. */
function listen(): Record<string, unknown>[] {
  advanceClock(60_000);
  const lines: Record<string, unknown>[] = [];
  for (const level of ["info", "warn", "error"] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((line) => {
      if (String(line).startsWith("{")) lines.push(JSON.parse(String(line)));
    });
    onTestFinished(() => spy.mockRestore());
  }
  return lines;
}

/** What is called to see which routes the methods of the entrypoint ask. */
const CALLS: {
  readonly [Method in keyof RoomsBinding]: (rooms: RoomsBinding) => unknown;
} = {
  notify: (rooms) => rooms.notify({ user: "ada", title: "t", message: "m" }),
  broadcast: (rooms) => rooms.broadcast({ rooms: ["a"], event: "e", data: 1 }),
  token: (rooms) => rooms.token({ user: "ada" }),
  stats: (rooms) => rooms.stats(),
  rooms: (rooms) => rooms.rooms(),
  users: (rooms) => rooms.users(),
  call: () => undefined,
  room: () => undefined,
  user: () => undefined,
};

const IN_ROOM: { readonly [Method in keyof RoomOfBinding]: (room: RoomOfBinding) => unknown } = {
  publish: (room) => room.publish({ data: {} }),
  stream: (room) => room.stream("text"),
  append: (room) => room.append(1, { n: 1, text: "a" }),
  finish: (room) => room.finish(1, { status: "complete" }),
  stop: (room) => room.stop(1),
  takeOver: (room) => room.takeOver(1),
  signal: (room) => room.signal({ event: "e", data: 1 }),
  messages: (room) => room.messages(),
  edit: (room) => room.edit(1, {}),
  delete: (room) => room.delete(1),
  members: (room) => room.members(),
  receipts: (room) => room.receipts(),
  info: (room) => room.info(),
  setSettings: (room) => room.setSettings({ slowModeMs: 0 }),
  kick: (room) => room.kick("zed"),
  bans: (room) => room.bans(),
  unban: (room) => room.unban("zed"),
  purge: (room) => room.purge(),
  schedule: (room) => room.schedule({ data: {}, sendAt: Date.now() + 60_000 }),
  scheduled: (room) => room.scheduled(),
  reschedule: (room) => room.reschedule("a", { data: {} }),
  unschedule: (room) => room.unschedule("a"),
  export: (room) => room.export().bytes(),
  import: (room) => room.import([{ type: "end" }]),
};

const OF_USER: { readonly [Method in keyof UserOfBinding]: (user: UserOfBinding) => unknown } = {
  presence: (user) => user.presence(),
  signal: (user) => user.signal({ event: "e", data: 1 }),
  disconnect: (user) => user.disconnect(),
  follow: (user) => user.follow("a"),
  unfollow: (user) => user.unfollow("a"),
  export: (user) => user.export().bytes(),
  erase: (user) => user.erase(),
};

/** They take an API key, and are asked with `call`: the SDK has no method of its own for them. */
const BY_CALL = ["GET /v1/rooms/:room/events"];

const routes = createApp()
  .routes.map(({ method, path }) => `${method} ${path}`)
  .filter((route) => route in HTTP_ROUTES);

/** The routes that were asked, by the requests that the Worker made to itself. */
async function routesOf(run: (rooms: RoomsBinding) => Promise<unknown>): Promise<Set<string>> {
  const asked = new Set<string>();
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(input: RequestInfo | URL, init?: RequestInit) {
        super(input, init);
        const made = `${this.method} ${new URL(this.url).pathname}`;
        const pattern = (route: string) => new RegExp(`^${route.replace(/:\w+/g, "[^/]+")}$`);
        const route = routes.find((route) => pattern(route).test(made));
        if (route !== undefined) asked.add(route);
      }
    },
  );
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  await run(roomsWith({}));
  vi.unstubAllGlobals();
  return asked;
}

describe("the API for server code over a binding", () => {
  it("[Z250] says something in a room, without a key, and answers as over HTTP", async () => {
    const name = uniqueName("rpc");
    const ada = await join(name, "ada");
    const room = rooms.room(name);
    const message = { event: "task.created", data: { id: 7 }, id: "task-7", from: { id: "bot" } };
    expect(await room.publish(message)).toEqual({ seq: 1, id: "task-7", at: expect.any(Number) });
    expect(await room.publish(message)).toMatchObject({ seq: 1, duplicate: true });
    expect(await ada.next("message")).toMatchObject({
      event: "task.created",
      data: { id: 7 },
      byServer: true,
    });
    expect(await room.messages()).toEqual(
      await (await callAsServer("GET", `/v1/rooms/${name}/messages`)).json(),
    );
    const user = uniqueName("zoe");
    expect(await rooms.notify({ user, title: "New task", message: "7" })).toMatchObject([{ user, seq: 1 }]);
    expect(await rooms.user(user).presence()).toMatchObject({ user, online: false, unread: 1 });
  });

  it("[Z251] has a method for each route that takes an API key, as long as the SDK has one", async () => {
    const name = uniqueName("rpc");
    const asked = await routesOf(async (own) => {
      const calls = [
        ...Object.values(CALLS).map((call) => call(own)),
        ...Object.values(IN_ROOM).map((call) => call(own.room(name))),
        ...Object.values(OF_USER).map((call) => call(own.user(name))),
      ];
      await Promise.allSettled(calls);
    });
    const ofUsers: string[] = [];
    for (const route of routes) {
      const [method = "", pattern = ""] = route.split(" ");
      const path = pattern.replace(":room", name).replace(/:\w+/g, "1");
      const { status } = await callAsServer(method, path, method === "GET" ? undefined : {});
      if (status === 403) ofUsers.push(route);
    }
    expect(ofUsers).toContain("GET /v1/me/rooms");
    expect(asked.size).toBeGreaterThan(25);
    expect(routes.filter((route) => !asked.has(route) && !ofUsers.includes(route))).toEqual(BY_CALL);
    expect(await rooms.call("GET", `/v1/rooms/${name}/events`)).toMatchObject({ events: [] });
  });

  it("[Z252] needs no API key in the settings, and no path of the address", async () => {
    const own = roomsWith({ API_KEYS: undefined, BASE_PATH: "/chat" });
    expect(await own.room(uniqueName("rpc")).publish({ data: 1 })).toMatchObject({ seq: 1 });
  });

  it("[Z253] trusts no request from outside, whatever it says", async () => {
    const path = `/v1/rooms/${uniqueName("rpc")}/messages`;
    const headers = { "Edge-Rooms-Identity": "eyJraW5kIjoic2VydmVyIn0", Authorization: "Bearer null" };
    for (const url of [path, `https://rooms.inside${path}`]) {
      const request = new Request(new URL(url, "https://rooms.test"), { headers });
      expect((await exports.default.fetch(request)).status).toBe(401);
      // Another Worker's binding to the default entrypoint has properties too.
      const bound = exports.default({ props: { name: "billing", kind: "server" } });
      expect((await bound.fetch(new Request(request))).status).toBe(401);
    }
    expect((await errorOf(await call(path))).code).toBe("unauthorized");
  });

  it("[Z253] passes on no request: the entrypoint has no fetch, and nothing but its methods", async () => {
    const stub = exports.Rooms({ props: {} });
    expect(await failure(stub.fetch("https://rooms.test/v1/stats"))).toBeInstanceOf(Error);
    for (const name of ["env", "ctx", "server"])
      expect(await failure(Promise.resolve(Reflect.get(stub, name)))).toBeInstanceOf(TypeError);
  });

  it("[Z254] names the caller in the log as its binding does", async () => {
    const lines = listen();
    const name = uniqueName("rpc");
    await rooms.room(name).kick("zed");
    const unnamed: RoomsBinding = exports.Rooms({ props: {} });
    await failure(unnamed.room(name).edit(7, 1));
    expect(lines).toMatchObject([
      { event: "moderated", act: "kick", room: name, by: "server code", key: "billing" },
      { event: "refused", code: "not_found", room: name, user: null, key: "rpc" },
    ]);
    const wrong: RoomsBinding = exports.Rooms({ props: { name: "no name" } });
    expect(await failure(wrong.stats())).toMatchObject({ code: "bad_request", path: ["props", "name"] });
  });
});

describe("what rejects", () => {
  it("[Z255] is an error with code, message and path, also for a wrong name of a room or user", async () => {
    const room = rooms.room(uniqueName("rpc"));
    const errors = await Promise.all([
      failure(room.publish({ data: 1, replyTo: 0.5 })),
      failure(room.edit(99, 1)),
      failure(rooms.room("no room").publish({ data: 1 })),
      failure(rooms.user("").presence()),
    ]);
    expect(errors).toMatchObject([
      { name: "RoomsError", code: "bad_request", path: ["replyTo"] },
      { name: "RoomsError", code: "not_found", message: "this room has no such message" },
      { name: "RoomsError", code: "bad_request", path: ["room"] },
      { name: "RoomsError", code: "bad_request", path: ["user"] },
    ]);
    for (const error of errors) expect(error).toBeInstanceOf(Error);
    const poll = `/v1/rooms/${uniqueName("public")}/poll`;
    expect(await failure(rooms.call("POST", poll, {}))).toMatchObject({ code: "forbidden" });
  });

  it("[Z255] has the time after which another try has a chance", async () => {
    const failing = { getByName: () => ({ publish: async () => Promise.reject(overloaded) }) };
    const own = roomsWith({ ROOMS: failing });
    const error = await failure(own.room("lobby").publish({ data: 1 }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: "overloaded", retryAfterMs: 1_000 });
  });

  it("[Z255] is refused before anything is sent where the arguments cannot be copied", async () => {
    const stop = new AbortController();
    const room = rooms.room(uniqueName("rpc"));
    for (const call of [
      () => room.publish({ data: new (class Row {})() }),
      () => room.publish({ data: 1 }, { signal: stop.signal }),
    ])
      expect(await failure((async () => call())())).toMatchObject({ name: "DataCloneError" });
    expect((await room.info()).head).toBe(0);
  });
});

describe("answers that stream", () => {
  const text = (...pieces: readonly string[]) =>
    new ReadableStream<string>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });

  it("[Z256] come as a text, as pieces, and as streams of text and bytes", async () => {
    const name = uniqueName("rpc");
    const room = rooms.room(name);
    const bytes = new Response("Hello").body ?? text();
    for (const source of ["Hello", ["Hel", "lo"], text("Hel", "lo"), bytes])
      expect(await room.stream(source, { from: { id: "bot" } })).toMatchObject({ stream: "complete" });
    const { messages } = await room.messages();
    expect(messages.map(({ data }) => data)).toEqual(Array(4).fill({ text: "Hello" }));
  });

  it("[Z256] fail where the source fails, with the text so far", async () => {
    const room = rooms.room(uniqueName("rpc"));
    async function* broken() {
      yield "Hel";
      throw new Error("the model broke");
    }
    expect(await failure(room.stream(textStream(broken())))).toBeInstanceOf(Error);
    expect((await room.messages()).messages).toMatchObject([{ stream: "failed" }]);
  });

  it("[Z257] come of an iterable, which is read no further than it is wanted", async () => {
    let state = "unread";
    async function* halves() {
      try {
        state = "read";
        yield "\ud83d";
        yield "\udc4d";
        state = "all read";
      } finally {
        if (state === "read") state = "left";
      }
    }
    const room = rooms.room(uniqueName("rpc"));
    await room.stream(textStream(halves()));
    expect((await room.messages()).messages).toMatchObject([{ data: { text: "👍" } }]);
    expect(state).toBe("all read");
    const left = textStream(halves()).getReader();
    await left.read();
    await left.cancel();
    expect(state).toBe("left");
  });

  it("[Z256] are read no more where a member asks to stop", async () => {
    const name = uniqueName("rpc");
    const ada = await join(name, "ada");
    const cancelled = Promise.withResolvers<void>();
    const source = new ReadableStream<string>({
      async pull(controller) {
        await scheduler.wait(5);
        controller.enqueue("word ");
      },
      cancel: () => cancelled.resolve(),
    });
    const ended = rooms.room(name).stream(source);
    const { seq } = await ada.next("message");
    if (typeof seq !== "number") throw new Error("a message has a seq");
    await ada.next("append");
    ada.send({ type: "stop", id: "stop-1", seq });
    expect(await ended).toMatchObject({ seq, stream: "cancelled", stop: "ada" });
    await cancelled.promise;
  });
});
