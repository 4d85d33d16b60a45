import { describe, expect, it, onTestFinished, vi } from "vitest";
import { verifyToken } from "../../src/auth/verify-token.ts";
import { parseConfig } from "../../src/config/config.ts";
import { type Answer, silence, startIssuer } from "./support/issuer.ts";
import { advanceClock, configureRoom, stopClock } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import { callWith, errorOf, uniqueName } from "./support/worker.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Has keys `one` to `three`; the first is published. */
async function issuer() {
  const started = await startIssuer({ one: "ES256", two: "ES256", three: "ES256" });
  started.publish("one");
  const result = parseConfig(started.settings);
  if (!result.ok) throw new Error(result.problems.join());
  const { token } = result.config;
  /** `ok`, or the code of the refusal. */
  const verdictOn = async (jwt: string) => {
    const verdict = await verifyToken(token, jwt, Date.now());
    return verdict.ok ? "ok" : verdict.refusal.code;
  };
  /** The answer for a token that `key` signed just now. */
  const verdict = async (key: string, kid: string | null = key) =>
    verdictOn(await started.sign(key, { exp: Math.floor(Date.now() / 1_000) + 3_600 }, kid));
  return { ...started, verdict, verdictOn };
}

/** Failures are logged as well; a test checks the log where it matters. */
function listenToLog() {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
  return () => logged.mock.calls.flat().join("\n");
}

/** Shortens timeouts and records them. */
function hurry(): number[] {
  const limits: number[] = [];
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    limits.push(ms);
    return timeout(20);
  });
  onTestFinished(() => spy.mockRestore());
  return limits;
}

describe("rotation", () => {
  it("[A18] a new key is found with the first token that it signed", async () => {
    const { verdict, publish, fetches } = await issuer();
    expect(await verdict("one")).toBe("ok");
    publish("one", "two");
    advanceClock(30 * SECOND);
    expect([await verdict("two"), await verdict("one"), fetches.length]).toEqual(["ok", "ok", 2]);
  });

  it("[A18] many unknown keys cause one fetch in 30 s", async () => {
    const { verdict, verdictOn, sign, fetches } = await issuer();
    await verdict("one");
    const storm = async () => {
      const forged = await Promise.all(Array.from({ length: 50 }, (_, n) => sign("two", {}, `forged-${n}`)));
      return new Set(await Promise.all(forged.map(verdictOn)));
    };
    expect(await storm()).toEqual(new Set(["overloaded"]));
    expect(fetches).toHaveLength(1);
    advanceClock(30 * SECOND);
    expect(await storm()).toEqual(new Set(["unauthorized"]));
    expect(await storm()).toEqual(new Set(["unauthorized"]));
    expect(fetches).toHaveLength(2);
  });

  it("[A18] many requests that need the keys for the first time share one fetch", async () => {
    const { sign, verdictOn, answerWith, fetches, publicKeys } = await issuer();
    const keys = Promise.withResolvers<Response>();
    answerWith(() => keys.promise);
    const jwt = await sign("one");
    const verdicts = Promise.all(Array.from({ length: 50 }, () => verdictOn(jwt)));
    await scheduler.wait(100);
    keys.resolve(Response.json({ keys: publicKeys }));
    expect(new Set(await verdicts)).toEqual(new Set(["ok"]));
    expect(fetches).toHaveLength(1);
  });

  it("[A19] a removed key is refused once the keys were fetched again, after 10 minutes", async () => {
    const { verdict, verdictOn, sign, publish, fetches } = await issuer();
    publish("one", "two");
    await verdict("one");
    const iat = Math.floor(Date.now() / 1_000);
    const old = await sign("one", { iat, exp: iat + 3_600 });
    publish("two");
    advanceClock(10 * MINUTE + SECOND);
    expect(await verdictOn(old)).toBe("ok");
    await expect.poll(() => verdictOn(old)).toBe("unauthorized");
    expect([await verdict("two"), fetches.length]).toEqual(["ok", 2]);
  });

  it("[A18] each key that fits is tried if tokens name no key", async () => {
    const { verdict, publishWithoutIds } = await issuer();
    publishWithoutIds("one", "two");
    expect([await verdict("one", null), await verdict("two", null)]).toEqual(["ok", "ok"]);
  });

  it("[A18] a token that no key signed is unauthorized", async () => {
    const { sign, verdictOn, publishWithoutIds } = await issuer();
    publishWithoutIds("one", "two");
    expect(await verdictOn(await sign("three", {}, null))).toBe("unauthorized");
  });
});

describe("an issuer that fails", () => {
  it("[A19] and never answers affects no token whose key is cached", async () => {
    const { verdict, answerWith, fetches } = await issuer();
    await verdict("one");
    answerWith(silence);
    advanceClock(60 * MINUTE);
    const before = performance.now();
    for (let n = 0; n < 20; n++) expect(await verdict("one")).toBe("ok");
    expect(performance.now() - before).toBeLessThan(4_000);
    expect(fetches).toHaveLength(2);
  });

  it("[A19] is given 3 s, and its redirects are not followed", async () => {
    const logged = listenToLog();
    const limits = hurry();
    const { verdict, answerWith, fetches } = await issuer();
    answerWith(silence);
    expect(await verdict("one")).toBe("overloaded");
    expect(limits).toEqual([3_000]);
    expect(fetches).toMatchObject([{ redirect: "manual" }]);
    expect(logged()).toContain("jwks_unavailable");
  });

  const troubles: [string, Answer][] = [
    ["fails", () => new Response("down", { status: 500 })],
    ["cannot be reached", () => Promise.reject(new TypeError("network"))],
    ["redirects", () => new Response(null, { status: 302, headers: { Location: "https://evil.example" } })],
    ["answers no JSON", () => new Response("<html>")],
    ["answers no key set", () => Response.json({ keys: [null] })],
    ["answers without end", () => Response.json({ keys: [], pad: "x".repeat(300_000) })],
  ];

  it.each(troubles)(
    "[A19] and %s is no fault of the token: overloaded, then asked again",
    async (_, trouble) => {
      listenToLog();
      const { verdict, publish, answerWith, fetches } = await issuer();
      answerWith(trouble);
      expect([await verdict("one"), await verdict("one"), fetches.length]).toEqual([
        "overloaded",
        "overloaded",
        1,
      ]);
      publish("one");
      advanceClock(5 * SECOND);
      expect([await verdict("one"), fetches.length]).toEqual(["ok", 2]);
      advanceClock(36 * SECOND);
      expect([await verdict("two"), fetches.length]).toEqual(["unauthorized", 3]);
    },
  );

  it("[A19] over HTTP causes 503 for a key that cannot be fetched; a cached key is accepted, and afterwards both are", async () => {
    listenToLog();
    const { settings, sign, publish, answerWith } = await issuer();
    const room = uniqueName("trouble");
    const rooms = { [room]: "read" };
    const [one, two] = [await sign("one", { rooms }), await sign("two", { rooms })];
    const ask = (jwt: string) =>
      callWith(settings, `/v1/rooms/${room}`, { headers: { Authorization: `Bearer ${jwt}` } });
    expect((await ask(one)).status).toBe(200);
    answerWith(() => new Response("down", { status: 500 }));
    advanceClock(30 * SECOND);
    const refused = await ask(two);
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(await errorOf(refused)).toMatchObject({
      code: "overloaded",
      retryAfterMs: expect.closeTo(5_000, -2),
    });
    expect((await ask(one)).status).toBe(200);
    publish("one", "two");
    advanceClock(36 * SECOND);
    expect([(await ask(two)).status, (await ask(one)).status]).toEqual([200, 200]);
  });

  it("[A19][M8] and then recovers lets an auth on a live socket find the new key; before that the old token stays", async () => {
    listenToLog();
    const { settings, sign, publish, answerWith } = await issuer();
    const room = uniqueName("trouble");
    const { JWT_SECRET: _, ...others } = settings;
    await configureRoom(room, { ...others, JWT_SECRET: "" });
    const rooms = { [room]: "write" };
    const headers = { Authorization: `Bearer ${await sign("one", { rooms })}`, Upgrade: "websocket" };
    const { webSocket } = await callWith(settings, `/v1/rooms/${room}/connect`, { headers });
    if (webSocket === null) throw new Error("no socket");
    const ada = new TestSocket(webSocket);
    await ada.next("caughtUp");
    const renewal = { type: "auth", id: "a", token: await sign("two", { rooms: { [room]: "read" } }) };
    answerWith(() => new Response("down", { status: 500 }));
    const now = stopClock(Date.now() + 30 * SECOND);
    expect(await ada.ask(renewal)).toMatchObject({
      type: "error",
      code: "overloaded",
      retryAfterMs: expect.closeTo(5_000, -2),
    });
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok" });
    publish("two");
    stopClock(now + 6 * SECOND);
    expect(await ada.ask(renewal)).toMatchObject({ type: "ok", permission: "read" });
  });
});
