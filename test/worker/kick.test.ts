import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ask, many } from "./support/changes.ts";
import { advanceClock, crash, failWrites, sleep, stopClock } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  openRoom,
  openSession,
  roomHas,
  roomObject,
  type TokenOptions,
  tokenFor,
  uniqueName,
  upgrade,
} from "./support/worker.ts";

const MODERATOR = { rooms: { "*": "moderate" } };
const HOUR_MS = 3_600_000;

/** Moderation is logged; a test checks the log where it matters. */
function watchLog(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const spy = vi.spyOn(console, "info").mockImplementation((text) => {
    const line = JSON.parse(String(text));
    if (line.event === "moderated") lines.push(line);
  });
  onTestFinished(() => spy.mockRestore());
  return lines;
}

async function moderated(prefix: string) {
  const lines = watchLog();
  const room = uniqueName(prefix);
  const ada = await join(room, "ada");
  const mod = await tokenFor("mod", MODERATOR);
  const path = `/v1/rooms/${room}`;
  const kick = (body: object, bearer = mod) => callAs(bearer, "POST", `${path}/kick`, body);
  const bans = async (): Promise<Record<string, unknown>[]> =>
    (await (await callAs(mod, "GET", `${path}/bans`)).json<{ bans: Record<string, unknown>[] }>()).bans;
  return { room, path, ada, mod, kick, bans, lines };
}

const outcomeOf = async (response: Response) =>
  response.ok ? [response.status] : [response.status, (await errorOf(response)).code];

/** The result for a socket of `user`: connected, or its close code and reason. */
async function entry(room: string, user: string, options: TokenOptions = {}): Promise<string> {
  const socket = await openRoom(room, user, options);
  const connected = socket.next("connected").then(
    () => "connected",
    () => "nothing",
  );
  const outcome = await Promise.race([connected, socket.closed.then(({ reason }) => reason)]);
  if (outcome === "connected") socket.close(1000);
  return outcome;
}

describe("a kick", () => {
  it("[B1] closes all connections of the user and removes the member at once", async () => {
    const { room, ada, kick } = await moderated("kick");
    const sockets = await Promise.all([
      join(room, "bo"),
      join(room, "bo", { query: "?presence=off" }),
      join(room, "bo", { query: "?topics=none", rooms: { "*": "read" } }),
    ]);
    const session = await openSession("bo");
    await session.ask({ type: "join", id: "j", room });
    const polled = await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/events?wait=20`);
    await roomHas(room, 6);
    expect(await outcomeOf(await kick({ user: "bo" }))).toEqual([200]);
    for (const socket of sockets)
      expect(await socket.closed).toEqual({ code: 4403, reason: "banned 3600000" });
    expect([polled.status, await errorOf(polled)]).toMatchObject([
      200,
      { code: "banned", retryAfterMs: HOUR_MS },
    ]);
    expect(await ada.next("memberLeft")).toMatchObject({ user: "bo" });
    expect(await session.next("left")).toEqual({ type: "left", room, code: "banned", retryAfterMs: HOUR_MS });
    await roomHas(room, 1);
    expect(await session.ask({ type: "join", id: "again", room })).toMatchObject({ code: "banned" });
    await session.settled();
    expect(ada.ofType("memberLeft")).toHaveLength(1);
  });

  it("[O72] tells the user what the moderator says, on each way, and does not keep it", async () => {
    const { room, kick, bans } = await moderated("kick");
    const bo = await join(room, "bo");
    const session = await openSession("bo");
    await session.ask({ type: "join", id: "j", room });
    const polled = callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/events?wait=20`);
    await roomHas(room, 4);
    const message = "No advertising here";
    await kick({ user: "bo", banSeconds: 60, reason: "for moderators", message });
    expect(await bo.closed).toEqual({ code: 4403, reason: "banned 60000" });
    expect(await bo.closeWords).toBe(message);
    expect(await session.next("left")).toMatchObject({ code: "banned", message });
    expect(await errorOf(await polled)).toMatchObject({ code: "banned", message });
    expect(await bans()).toMatchObject([{ user: "bo", reason: "for moderators" }]);
    expect(JSON.stringify(await bans())).not.toContain(message);

    const cy = await join(room, "cy");
    await kick({ user: "cy", banSeconds: 0, message: "é".repeat(100) });
    expect(await cy.closed).toEqual({ code: 4403, reason: "forbidden" });
    expect(await cy.closeWords).toBe("é".repeat(56));
    expect(await outcomeOf(await kick({ user: "cy", message: "x".repeat(101) }))).toEqual([
      400,
      "bad_request",
    ]);
  });

  it("[A70][B1] with banSeconds 0 says on every way that it was a kick, and the user may return at once", async () => {
    const { room, ada, kick, bans } = await moderated("kick");
    const bo = await join(room, "bo");
    const session = await openSession("bo");
    await session.ask({ type: "join", id: "j", room });
    const token = await tokenFor("bo");
    const events = await callAs(token, "GET", `/v1/rooms/${room}/events?wait=20`);
    const opened = (await (await callAs(token, "POST", `/v1/rooms/${room}/poll`, {})).text()).split("\n");
    await roomHas(room, 5);
    expect(await outcomeOf(await kick({ user: "bo", banSeconds: 0, reason: "for moderators" }))).toEqual([
      200,
    ]);
    const why = "you were removed, and may come back at once";
    expect([await bo.closed, await bo.closeWords]).toEqual([{ code: 4403, reason: "forbidden" }, why]);
    expect(await session.next("left")).toEqual({ type: "left", room, code: "forbidden", message: why });
    expect(await errorOf(events)).toEqual({ code: "forbidden", message: why });
    const { connection } = JSON.parse(opened.at(-1) ?? "");
    const next = { connection, received: opened.length - 1 };
    expect(await (await callAs(token, "POST", `/v1/rooms/${room}/poll`, next)).json()).toEqual({
      ...{ type: "closed", code: 4403, reason: `forbidden: ${why}` },
    });
    await ada.next("memberLeft");
    expect(await bans()).toEqual([]);
    expect(await entry(room, "bo")).toBe("connected");
  });

  it("[B1] also removes a member whose last connection was lost less than 5 s ago", async () => {
    const { room, ada, kick } = await moderated("kick");
    const bo = await join(room, "bo");
    await ada.next("memberJoined");
    bo.close(4000);
    await bo.closed;
    await ada.settled();
    expect(ada.ofType("memberLeft")).toEqual([]);
    await kick({ user: "bo", banSeconds: 0 });
    await ada.settled();
    expect(ada.ofType("memberLeft")).toMatchObject([{ user: "bo" }]);
  });

  it("[B1] during a join ends in a close, in either order, and leaves no member", async () => {
    const { room, ada, kick } = await moderated("race");
    const opening = many(5, () => openRoom(room, "bo"));
    const kicked = kick({ user: "bo", banSeconds: 60 });
    const later = many(5, () => openRoom(room, "bo"));
    for (const socket of await Promise.all([...opening, ...later]))
      expect((await socket.closed).reason).toMatch(/^banned \d+$/);
    expect((await kicked).status).toBe(200);
    await ada.settled();
    expect(ada.ofType("memberLeft").length).toBe(ada.ofType("memberJoined").length);
    await roomHas(room, 1);
  });

  it("[B1] leaves what was sent before it in effect, and drops what was sent after it", async () => {
    const { room, ada, kick } = await moderated("order");
    const bo = await join(room, "bo");
    await ask(bo, { type: "send", data: "before" });
    const kicked = kick({ user: "bo" });
    for (let at = 0; at < 50; at++) bo.send({ type: "send", id: `${at}`, data: at });
    await kicked;
    const delivered = ada.ofType("message").length;
    await bo.closed;
    await fill(ada, 1);
    expect(ada.ofType("message")).toHaveLength(delivered + 1);
    expect(bo.ofType("ok").length).toBeLessThanOrEqual(delivered);
  });

  it("[B1] works for an absent user and for oneself", async () => {
    const { room, ada, kick, bans } = await moderated("absent");
    expect(await outcomeOf(await kick({ user: "nobody-here", reason: "just in case" }))).toEqual([200]);
    expect(await entry(room, "nobody-here")).toMatch(/^banned 3[56]\d{5}$/);
    const mod = await join(room, "mod", MODERATOR);
    expect(await outcomeOf(await kick({ user: "mod", banSeconds: 5 }))).toEqual([200]);
    expect(await mod.closed).toEqual({ code: 4403, reason: "banned 5000" });
    const server = await callAsServer("GET", `/v1/rooms/${room}/bans`);
    expect((await server.json<{ bans: object[] }>()).bans).toHaveLength(2);
    expect((await callAs(await tokenFor("mod", MODERATOR), "GET", `/v1/rooms/${room}/bans`)).status).toBe(
      403,
    );
    await ada.settled();
    await callAsServer("DELETE", `/v1/rooms/${room}/bans/mod`);
    expect(await bans()).toMatchObject([{ user: "nobody-here", by: "mod", reason: "just in case" }]);
  });

  it("[B1][H7] with an invalid body is bad_request, and closes no one", async () => {
    const { room, ada, kick, bans } = await moderated("misfit");
    const wrong: [object, string?][] = [
      [{}, "user"],
      [{ user: "" }, "user"],
      [{ user: "a\n" }, "user"],
      [{ user: "\ud800" }, "user"],
      [{ user: ".." }, "user"],
      [{ user: "x".repeat(256) }, "user"],
      [{ user: ["ada"] }, "user"],
      [{ user: null }, "user"],
      ...[-1, 0.5, 1e300, 31_536_001, "60", null, true, [60]].map((banSeconds): [object, string] => [
        { user: "ada", banSeconds },
        "banSeconds",
      ]),
      [{ user: "ada", reason: "x".repeat(501) }, "reason"],
      [{ user: "ada", reason: null }, "reason"],
      [["ada"]],
    ];
    for (const [body, field] of wrong) {
      const response = await kick(body);
      expect(response.status, JSON.stringify(body)).toBe(400);
      if (field !== undefined)
        expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: [field] });
    }
    await ada.settled();
    expect(await bans()).toEqual([]);
    expect(await outcomeOf(await kick({ user: "__proto__", reason: "é".repeat(500) }))).toEqual([200]);
    expect(await bans()).toMatchObject([{ user: "__proto__", reason: "é".repeat(500) }]);
    expect(await entry(room, "__proto__")).toMatch(/^banned /);
  });

  it("[B1][S14] whose ban cannot be written is internal: no one is closed, and the room continues to work", async () => {
    const { room, ada, kick, bans, lines } = await moderated("failing");
    const bo = await join(room, "bo");
    const heal = await failWrites(roomObject(room), (query) => query.startsWith("INSERT INTO users"));
    expect(await outcomeOf(await kick({ user: "bo" }))).toEqual([500, "internal"]);
    await fill(bo, 1);
    expect(ada.ofType("memberLeft")).toEqual([]);
    expect([await bans(), lines]).toEqual([[], []]);
    heal();
    expect(await outcomeOf(await kick({ user: "bo" }))).toEqual([200]);
    expect(await bo.closed).toMatchObject({ code: 4403 });
  });
});

describe("a ban", () => {
  it("[B2] applies to sockets, polls and calls, whatever the token, and survives restarts", async () => {
    const { room, path, kick } = await moderated("ban");
    // However long all this takes.
    stopClock();
    await kick({ user: "bo", banSeconds: 600 });
    for (const restart of [undefined, sleep, crash]) {
      await restart?.(roomObject(room));
      for (const options of [{}, MODERATOR, { rooms: { "*": "read" } }, { name: "Other", expiresInS: 9_000 }])
        expect(await entry(room, "bo", options)).toBe("banned 600000");
      const token = await tokenFor("bo", MODERATOR);
      const bare = await call(`${path}/connect`, {
        headers: { Upgrade: "websocket", Authorization: `Bearer ${token}` },
      });
      expect([bare.status, await errorOf(bare)]).toMatchObject([
        403,
        { code: "banned", retryAfterMs: expect.any(Number) },
      ]);
      const calls: [string, string, unknown?][] = [
        ["GET", ""],
        ["GET", "/messages"],
        ["POST", "/messages", { data: 1 }],
        ["PATCH", "/messages/1", { data: 1 }],
        ["DELETE", "/messages/1"],
        ["PUT", "/messages/1/reactions/%F0%9F%91%8D"],
        ["POST", "/signals", { event: "x" }],
        ["GET", "/events"],
        ["GET", "/events?wait=5"],
        ["GET", "/members"],
        ["GET", "/receipts"],
        ["PUT", "/receipts/me", { seq: 1 }],
        ["POST", "/kick", { user: "ada" }],
        ["GET", "/bans"],
        ["DELETE", "/bans/bo"],
        ["PATCH", "", { slowModeMs: 1 }],
      ];
      for (const [method, rest, body] of calls)
        expect(await outcomeOf(await callAs(token, method, path + rest, body)), method + rest).toEqual([
          403,
          "banned",
        ]);
    }
    expect(await entry(uniqueName("elsewhere"), "bo")).toBe("connected");
    expect(await entry(room, "bob")).toBe("connected");
    expect(await entry(room, "BO")).toBe("connected");
  });

  it("[B2] ends by itself, to the millisecond", async () => {
    const { room, kick, bans } = await moderated("over");
    const now = stopClock();
    await kick({ user: "bo", banSeconds: 60 });
    expect(await bans()).toEqual([{ user: "bo", until: now + 60_000, at: now, by: "mod" }]);
    stopClock(now + 59_999);
    expect(await entry(room, "bo", { expiresInS: 9_999 })).toBe("banned 1");
    stopClock(now + 60_000);
    expect(await bans()).toEqual([]);
    expect(await entry(room, "bo", { expiresInS: 9_999 })).toBe("connected");
  });

  it("[B2] ends by an unban; an unban of a user who is not banned changes nothing", async () => {
    const { room, path, kick, bans, mod } = await moderated("unban");
    await kick({ user: "bo", banSeconds: 31_536_000 });
    expect(await entry(room, "bo")).toMatch(/^banned 3153\d{7}$/);
    await sleep(roomObject(room));
    for (let twice = 0; twice < 2; twice++)
      expect(await outcomeOf(await callAs(mod, "DELETE", `${path}/bans/bo`))).toEqual([200]);
    expect(await outcomeOf(await callAs(mod, "DELETE", `${path}/bans/nobody`))).toEqual([200]);
    expect(await outcomeOf(await callAs(mod, "DELETE", `${path}/bans/a%0Ab`))).toEqual([400, "bad_request"]);
    expect(await bans()).toEqual([]);
    expect(await entry(room, "bo")).toBe("connected");
    await crash(roomObject(room));
    expect(await entry(room, "bo")).toBe("connected");
  });

  it("[B2] is set by the last kick; the next to end is listed first, with who and why", async () => {
    const { kick, bans, path } = await moderated("list");
    const now = stopClock();
    await kick({ user: "bo", banSeconds: 100, reason: "first" });
    await kick({ user: "cy", banSeconds: 50 });
    await callAsServer("POST", `${path}/kick`, { user: "bo", banSeconds: 10 });
    await kick({ user: "cy", banSeconds: 0 });
    expect(await bans()).toEqual([
      { user: "bo", until: now + 10_000, at: now, by: null },
      { user: "cy", until: now + 50_000, at: now, by: "mod" },
    ]);
  });

  it("[B2] in a room that anyone may read prevents taking part, but not reading without a token", async () => {
    const room = uniqueName("public_ban");
    const bo = await join(room, "bo");
    const nobody = await join(room, null);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "bo" });
    expect(await bo.closed).toMatchObject({ code: 4403 });
    await nobody.settled();
    expect((await call(`/v1/rooms/${room}/messages`)).status).toBe(200);
    const again = await upgrade(`/v1/rooms/${room}/connect`, null);
    if (again.webSocket === null) throw new Error("no socket");
    await new TestSocket(again.webSocket).next("caughtUp");
    expect(await entry(room, "bo")).toMatch(/^banned /);
    expect(await outcomeOf(await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/messages`))).toEqual([
      403,
      "banned",
    ]);
  });

  it("[B2] is kept by a room that never stored anything else", async () => {
    const { room, kick, ada } = await moderated("kept");
    ada.close(1000);
    await ada.closed;
    await kick({ user: "bo", banSeconds: 86_400 });
    advanceClock(2 * HOUR_MS);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    await crash(roomObject(room));
    expect(await entry(room, "bo", { expiresInS: 90_000 })).toMatch(/^banned /);
  });
});

describe("moderation", () => {
  it("[B3] is for moderators of the room and server code; others are forbidden, and no object is called", async () => {
    const { path, ada, lines } = await moderated("who");
    const calls: [string, string, unknown?][] = [
      ["POST", "/kick", { user: "ada" }],
      ["GET", "/bans"],
      ["DELETE", "/bans/ada"],
      ["PATCH", "", { slowModeMs: 1 }],
      ["DELETE", ""],
    ];
    const writer = await tokenFor("bo");
    const elsewhere = await tokenFor("bo", { rooms: { "*": "write", other: "moderate" } });
    for (const [method, rest, body] of calls) {
      for (const bearer of [writer, elsewhere])
        expect(await outcomeOf(await callAs(bearer, method, path + rest, body)), method).toEqual([
          403,
          "forbidden",
        ]);
      expect((await call(path + rest, { method })).status).toBe(401);
    }
    // A purge requires an API key.
    const moderator = await tokenFor("bo", MODERATOR);
    expect(await outcomeOf(await callAs(moderator, "DELETE", path))).toEqual([403, "forbidden"]);
    await ada.settled();
    expect(lines).toEqual([]);
    expect((await callAs(moderator, "POST", `${path}/kick`, { user: "ada" })).status).toBe(200);
    expect(await ada.closed).toMatchObject({ code: 4403 });
  });

  it("[B3] is logged as a line with who acted on whom, without messages or reasons", async () => {
    const { room, path, ada, mod, kick, lines } = await moderated("log");
    const cy = await join(room, "mod", MODERATOR);
    await ask(ada, { type: "send", data: "SECRET" });
    await ask(ada, { type: "send", data: "SECRET" });
    await ask(ada, { type: "edit", seq: 1, data: "SECRET" });
    await ask(ada, { type: "delete", seq: 1 });
    await ask(cy, { type: "edit", seq: 2, data: "SECRET" });
    await ask(cy, { type: "delete", seq: 2 });
    await kick({ user: "bo", banSeconds: 60, reason: "SECRET" });
    await callAs(mod, "DELETE", `${path}/bans/bo`);
    await callAs(mod, "PATCH", path, { slowModeMs: 5 });
    await callAsServer("PATCH", path, { historyLimit: 40 });
    await callAsServer("DELETE", path);
    const common = { level: "info", event: "moderated", room };
    expect(lines).toEqual([
      { ...common, by: "mod", act: "edit", user: "ada", seq: 2 },
      { ...common, by: "mod", act: "delete", user: "ada", seq: 2 },
      { ...common, by: "mod", act: "kick", user: "bo", banSeconds: 60 },
      { ...common, by: "mod", act: "unban", user: "bo" },
      { ...common, by: "mod", act: "settings", settings: { slowModeMs: 5 } },
      { ...common, by: "server code", act: "settings", settings: { historyLimit: 40 } },
      { ...common, by: "server code", act: "purge" },
    ]);
  });
});
