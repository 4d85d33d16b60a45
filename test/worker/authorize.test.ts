import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Answer, startBackEnd } from "./support/back-end.ts";
import { advanceClock, roomExists, stopClock } from "./support/objects.ts";
import { callWith, errorOf, uniqueName } from "./support/worker.ts";

const SECOND = 1_000;

/** Failures are logged as well. */
function listenToLog() {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
  return () => logged.mock.calls.flat().map(String);
}

/** Whether a user may read a room and write in it, as the statuses of two calls. */
async function statuses({ ask }: ReturnType<typeof startBackEnd>, room: string, user = "ada") {
  const read = await ask(`/v1/rooms/${room}`, user);
  return [read.status, (await ask(`/v1/rooms/${room}/messages`, user, {}, { data: 1 })).status];
}

describe("the question", () => {
  it("[A15] is a signed POST of user and room, and follows no redirect", async () => {
    const backEnd = startBackEnd(() => ({ permission: "read", maxAgeSeconds: 0 }));
    const room = uniqueName("asked");
    expect((await backEnd.ask(`/v1/rooms/${room}`, "ada", { name: "Ada" })).status).toBe(200);
    expect((await backEnd.ask(`/v1/rooms/${room}`, "bo", { claims: { picture: "https://p" } })).status).toBe(
      200,
    );
    expect(backEnd.questions).toEqual([
      { user: { id: "ada", name: "Ada" }, room },
      { user: { id: "bo" }, room },
    ]);
    expect(backEnd.requests).toMatchObject([
      { method: "POST", redirect: "manual" },
      { method: "POST", redirect: "manual" },
    ]);
    for (const { headers } of backEnd.requests) {
      const sent = new Headers(headers);
      expect([...sent.keys()].sort()).toEqual(["content-type", "edge-rooms-signature"]);
      expect(sent.get("content-type")).toBe("application/json");
    }
  });

  it("[A15] is not asked if the token has the claim, whatever it contains, nor for anonymous readers or server code", async () => {
    const backEnd = startBackEnd(() => ({ permission: "moderate" }));
    const room = uniqueName("claimed");
    for (const rooms of [{ [room]: "none" }, {}, "{}"])
      expect((await backEnd.ask(`/v1/rooms/${room}`, "ada", { claims: { rooms } })).status).toBe(403);
    for (const rooms of ["*", ["*"], { "*": "all" }])
      expect((await backEnd.ask(`/v1/rooms/${room}`, "ada", { claims: { rooms } })).status).toBe(401);
    const claimed = await backEnd.ask(`/v1/rooms/${room}`, "ada", { claims: { rooms: { "*": "read" } } });
    expect(claimed.status).toBe(200);
    expect((await backEnd.ask(`/v1/rooms/${room}`, null)).status).toBe(401);
    expect((await backEnd.ask(`/v1/rooms/${uniqueName("public_")}`, null)).status).toBe(200);
    const headers = { Authorization: `Bearer ${env.API_KEYS}` };
    expect((await callWith(backEnd.settings, `/v1/rooms/${room}`, { headers })).status).toBe(200);
    expect(backEnd.questions).toEqual([]);
  });
});

describe("the answer", () => {
  it.each([
    ["moderate", [200, 201]],
    ["write", [200, 201]],
    ["read", [200, 403]],
    ["none", [403, 403]],
    [null, [403, 403]],
  ])("[A15] %s applies to each HTTP call, in place of the default", async (permission, expected) => {
    const backEnd = startBackEnd(() => ({ permission, more: "is ignored" }));
    const settings = { ...backEnd.settings, DEFAULT_ROOM_ACCESS: "write" };
    const room = uniqueName("answered");
    const headers = { Authorization: `Bearer ${await backEnd.tokenOf("ada")}` };
    const read = await callWith(settings, `/v1/rooms/${room}`, { headers });
    const init = { method: "POST", headers, body: '{"data":1}' };
    const write = await callWith(settings, `/v1/rooms/${room}/messages`, init);
    expect([read.status, write.status]).toEqual(expected);
    expect(await roomExists(room)).toBe(expected[0] === 200);
  });

  it("[A15] applies to a socket when it opens", async () => {
    const backEnd = startBackEnd(({ user }) => ({ permission: user.id === "ada" ? "moderate" : null }));
    const room = uniqueName("opened");
    const ada = await backEnd.open(room, "ada");
    expect(await ada.next("connected")).toMatchObject({ permission: "moderate" });
    const bo = await backEnd.open(room, "bo");
    expect(await bo.closed).toEqual({ code: 4403, reason: "forbidden" });
  });

  it("[A15][M8] is requested again by an auth on a live socket; if none arrives, the old permission stays", async () => {
    listenToLog();
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 0 }));
    const now = stopClock();
    const ada = await backEnd.open(uniqueName("renewed"), "ada");
    await ada.next("caughtUp");
    const renew = async () => ada.ask({ type: "auth", id: "a", token: await backEnd.tokenOf("ada") });
    backEnd.answerWith(() => new Response("down", { status: 500 }));
    expect(await renew()).toMatchObject({ type: "error", code: "overloaded", retryAfterMs: 2_000 });
    expect(await ada.ask({ type: "send", id: "1", data: 1 })).toMatchObject({ type: "ok" });
    backEnd.answerWith(() => ({ permission: "read" }));
    stopClock(now + 2 * SECOND);
    expect(await renew()).toMatchObject({ type: "ok", permission: "read" });
    expect(await ada.ask({ type: "send", id: "2", data: 1 })).toMatchObject({ code: "forbidden" });
    backEnd.answerWith(() => ({ permission: null }));
    stopClock(now + 63 * SECOND);
    ada.send({ type: "auth", id: "b", token: await backEnd.tokenOf("ada") });
    expect(await ada.closed).toEqual({ code: 4403, reason: "forbidden" });
  });

  it("[A15] leaves rooms of ANONYMOUS_ROOMS readable, and may grant more in them", async () => {
    const backEnd = startBackEnd(({ user }) => ({ permission: user.id === "ada" ? null : "write" }));
    const room = uniqueName("public_");
    expect(await statuses(backEnd, room, "ada")).toEqual([200, 403]);
    expect(await statuses(backEnd, room, "bo")).toEqual([200, 201]);
  });
});

describe("the cache of answers", () => {
  it("[A16] keeps an answer by user and room, also none", async () => {
    const backEnd = startBackEnd(({ user }) => ({ permission: user.id.length > 1 ? "read" : null }));
    const id = uniqueName("kept");
    const pairs = [
      ["a", `b:${id}`],
      ["a:b", id],
      ['a","b', id],
    ] as const;
    for (let round = 0; round < 3; round++) {
      for (const [user, room] of pairs)
        expect((await statuses(backEnd, room, user))[0], user).toBe(user === "a" ? 403 : 200);
    }
    expect(backEnd.questions.map(({ user, room }) => [user.id, room])).toEqual(pairs);
  });

  it.each([
    ["60 s unless it says", undefined, 60],
    ["as long as it says", 7.5, 7.5],
    ["an hour at most", 1e9, 3_600],
  ])("[A16] %s", async (_, maxAgeSeconds, kept) => {
    const backEnd = startBackEnd(() => ({ permission: "read", ...(maxAgeSeconds && { maxAgeSeconds }) }));
    const path = `/v1/rooms/${uniqueName("age")}`;
    const asked = async (user: string) => {
      expect((await backEnd.ask(path, user, { expiresInS: 9_000 })).status).toBe(200);
      return backEnd.questions.length;
    };
    expect([await asked("ada"), await asked("ada")]).toEqual([1, 1]);
    advanceClock((kept - 2) * SECOND);
    expect(await asked("ada")).toBe(1);
    advanceClock((kept + 1) * SECOND);
    expect([await asked("ada"), await asked("ada")]).toEqual([2, 2]);
  });

  it("[A16] keeps no answer with maxAgeSeconds 0", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 0 }));
    expect(await statuses(backEnd, uniqueName("fresh"))).toEqual([200, 201]);
    expect(backEnd.questions).toHaveLength(2);
  });
});

describe("a missing answer", () => {
  const troubles: [string, Answer][] = [
    ["a failure", () => new Response("{}", { status: 500 })],
    ["a refusal", () => Response.json({ permission: "write" }, { status: 403 })],
    ["a redirect", () => new Response(null, { status: 307, headers: { Location: "https://evil.example" } })],
    ["a network error", () => Promise.reject(new TypeError("network"))],
    ["nothing", () => new Response(null, { status: 204 })],
    ["no JSON", () => new Response("DETAIL-OF-THE-ANSWER")],
    ["a bare word", () => Response.json("write")],
    ["a bare null", () => Response.json(null)],
    ["a list", () => ["write"]],
    ["no permission", () => ({ maxAgeSeconds: 60 })],
    ["an unknown permission", () => ({ permission: "owner" })],
    ["a permission in another case", () => ({ permission: "Write" })],
    ["an age as text", () => ({ permission: "write", maxAgeSeconds: "60" })],
    ["an age below 0", () => ({ permission: "write", maxAgeSeconds: -1 })],
    ["an age that is null", () => ({ permission: "write", maxAgeSeconds: null })],
    ["more than 4 KiB", () => ({ permission: "write", pad: "x".repeat(4_096) })],
  ];

  it.each(troubles)(
    "[A17] %s is refused with overloaded, without details, and is asked again",
    async (_, trouble) => {
      const logged = listenToLog();
      const backEnd = startBackEnd(trouble);
      const room = uniqueName("trouble");
      const refused = await backEnd.ask(`/v1/rooms/${room}`, "ada");
      expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "2"]);
      const error = await errorOf(refused);
      expect(error).toMatchObject({ code: "overloaded", retryAfterMs: 2_000 });
      expect(await roomExists(room)).toBe(false);
      const lines = logged().filter((line) => line.includes("authorize_unavailable"));
      expect(lines).toHaveLength(1);
      const said = JSON.stringify(error) + lines.join();
      for (const secret of [...backEnd.secrets, "DETAIL", "\n"]) expect(said).not.toContain(secret);
      backEnd.answerWith(() => ({ permission: "write" }));
      advanceClock(2 * SECOND);
      expect(await statuses(backEnd, room)).toEqual([200, 201]);
    },
  );

  it("[A17] after 3 s is refused with overloaded", async () => {
    listenToLog();
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const limits: number[] = [];
    const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      limits.push(ms);
      return timeout(20);
    });
    onTestFinished(() => spy.mockRestore());
    const backEnd = startBackEnd(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    expect((await backEnd.ask(`/v1/rooms/${uniqueName("slow")}`, "ada")).status).toBe(503);
    expect(limits).toEqual([3_000]);
  });

  it("[A50] is remembered for 2 s for that user and room", async () => {
    listenToLog();
    const backEnd = startBackEnd(() => new Response("down", { status: 500 }));
    const room = uniqueName("trouble");
    for (let n = 0; n < 20; n++) await backEnd.ask(`/v1/rooms/${room}`, "ada");
    expect(backEnd.questions).toHaveLength(1);
    await backEnd.ask(`/v1/rooms/${uniqueName("another")}`, "ada");
    await backEnd.ask(`/v1/rooms/${room}`, "bo");
    expect(backEnd.questions).toHaveLength(3);
  });

  it("[A50] for three users in a row stops all questions for 1 to 2 s", async () => {
    listenToLog();
    const backEnd = startBackEnd(() => new Response("down", { status: 500 }));
    const ask = (user: string) => backEnd.ask(`/v1/rooms/${uniqueName("trouble")}`, user);
    for (let n = 0; n < 10; n++) expect((await ask("ada")).status).toBe(503);
    // One user, however often, does not stop the questions about others.
    expect(backEnd.questions).toHaveLength(10);
    for (let n = 0; n < 50; n++) expect((await ask(`user${n}`)).status).toBe(503);
    expect(backEnd.questions).toHaveLength(12);
    backEnd.answerWith(() => ({ permission: "read" }));
    advanceClock(2 * SECOND);
    expect((await ask("bo")).status).toBe(200);
  });

  it("[A17] closes a socket that opens with 4503", async () => {
    listenToLog();
    const backEnd = startBackEnd(() => new Response("down", { status: 500 }));
    const ada = await backEnd.open(uniqueName("trouble"), "ada");
    expect(await ada.closed).toEqual({ code: 4503, reason: "overloaded 2000" });
  });

  it("[A17] refuses a bearer token also in rooms that anyone may read, and affects no one else", async () => {
    listenToLog();
    const backEnd = startBackEnd(() => new Response("down", { status: 500 }));
    const path = `/v1/rooms/${uniqueName("public_")}`;
    expect((await backEnd.ask(path, "ada")).status).toBe(503);
    expect((await backEnd.ask(path, null)).status).toBe(200);
  });
});

describe("settings", () => {
  const AUTHORIZE_URL = "https://app.example/may";
  const WEBHOOK_SECRET = "w".repeat(32);

  it.each([
    [{ AUTHORIZE_URL, WEBHOOK_SECRET }, []],
    [{ AUTHORIZE_URL: "http://localhost:3000/may", WEBHOOK_SECRET }, []],
    [{ AUTHORIZE_URL: "http://127.0.0.1/may", WEBHOOK_SECRET }, []],
    [{ WEBHOOK_SECRET }, []],
    [{ AUTHORIZE_URL }, ["WEBHOOK_SECRET is required with AUTHORIZE_URL"]],
    [{ AUTHORIZE_URL, WEBHOOK_SECRET: "VALUE" }, ["WEBHOOK_SECRET needs at least 32 characters"]],
    [{ WEBHOOK_SECRET: "VALUE" }, ["WEBHOOK_SECRET needs at least 32 characters"]],
    [{ AUTHORIZE_URL: "http://VALUE.example", WEBHOOK_SECRET }, ["AUTHORIZE_URL must be an https URL"]],
    [
      { AUTHORIZE_URL: "http://localhost:x@VALUE.example", WEBHOOK_SECRET },
      ["AUTHORIZE_URL must be an https URL"],
    ],
    [{ AUTHORIZE_URL: "VALUE", WEBHOOK_SECRET }, ["AUTHORIZE_URL must be an https URL"]],
    [{ AUTHORIZE_URL: "ftp://VALUE", WEBHOOK_SECRET }, ["AUTHORIZE_URL must be an https URL"]],
  ])("[A9] %j", async (settings, problems) => {
    listenToLog();
    const health = await (await callWith(settings, "/health")).json<{ problems?: string[] }>();
    expect(health.problems ?? []).toEqual(problems);
  });
});
