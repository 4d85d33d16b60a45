// The reason that a refused token receives, wherever it is sent, and what the operator sees.

import { env } from "cloudflare:workers";
import { generateKeyPair, SignJWT } from "jose";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startIssuer } from "./support/issuer.ts";
import { advanceClock } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  join,
  openSession,
  tokenFor,
  uniqueName,
  upgrade,
} from "./support/worker.ts";

const NOW_S = Math.floor(Date.now() / 1_000);
const secret = new TextEncoder().encode(env.JWT_SECRET);

const base64url = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** A token of ada, for an hour, by default. */
const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  new SignJWT({ sub: "ada", exp: NOW_S + 3_600, rooms: { "*": "write" }, ...claims })
    .setProtectedHeader({ alg: "HS256", ...header })
    .sign(secret);

const signedByIssuer = async () => {
  const { privateKey } = await generateKeyPair("RS256");
  return new SignJWT({ sub: "ada", exp: NOW_S + 60 }).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
};

const LOGOUT = { events: { "http://schemas.openid.net/event/backchannel-logout": {} } };

/** The case, the token, the code and the text. */
const CASES: [string, () => Promise<string> | string, string, RegExp][] = [
  ["of 16,385 characters", () => "x".repeat(16_385), "unauthorized", /more than 16384 characters/],
  ["that is no JWT", () => "nonsense", "unauthorized", /no signed JWT: three parts/],
  ["that is a JWE of five parts", () => "eyJhbGciOiJkaXIifQ..a.b.c", "unauthorized", /encrypted \(a JWE\)/],
  [
    "without a signature",
    () => `${base64url({ alg: "none" })}.${base64url({ sub: "ada" })}.`,
    "unauthorized",
    /alg .*HS256, HS384 or HS512/,
  ],
  ["of another algorithm", signedByIssuer, "unauthorized", /alg .*HS256, HS384 or HS512/],
  [
    "with crit",
    () => `${base64url({ alg: "HS256", crit: ["exp"], exp: 1 })}.e30.x`,
    "unauthorized",
    /crit header/,
  ],
  [
    "of another secret",
    () => tokenFor("ada", { secret: "another-secret-that-is-long-enough-too" }),
    "unauthorized",
    /signature/,
  ],
  ["without exp", () => sign({ exp: undefined }), "unauthorized", /^the token has no exp: say when/],
  [
    "that has expired",
    () => sign({ exp: NOW_S - 7_300 }),
    "token_expired",
    /^the token expired 2 h ago: get a new one$/,
  ],
  ["that is not valid yet", () => sign({ nbf: NOW_S + 300 }), "unauthorized", /not valid yet/],
  ["that was issued ahead", () => sign({ iat: NOW_S + 300 }), "unauthorized", /iat of the token is ahead/],
  [
    "with an exp of milliseconds",
    () => sign({ exp: NOW_S * 1_000 }),
    "unauthorized",
    /seconds, not milliseconds/,
  ],
  ["without sub", () => sign({ sub: undefined }), "unauthorized", /^the token has no sub/],
  [
    "with a list of rooms",
    () => sign({ rooms: ["a"] }),
    "unauthorized",
    /^the rooms of the token must be an object/,
  ],
  ["for logging out", () => sign(LOGOUT, { typ: "logout+jwt" }), "unauthorized", /logout token/],
];

describe("a refused token", () => {
  it.each(CASES)(
    "[A20] %s is refused with its reason: over HTTP, as close reason, in auth",
    async (_, make, code, words) => {
      const token = await make();
      const response = await callAs(token, "GET", `/v1/rooms/${uniqueName("why")}`);
      const error = await errorOf(response);
      expect([response.status, error]).toEqual([401, { code, message: expect.stringMatching(words) }]);
      const room = uniqueName("why");
      for (const path of [`/v1/rooms/${room}/connect`, "/v1/connect"]) {
        const { webSocket } = await upgrade(path, token);
        if (webSocket === null) throw new Error("no socket");
        const socket = new TestSocket(webSocket);
        expect([await socket.closed, await socket.closeWords]).toEqual([
          { code: 4401, reason: code },
          error.message,
        ]);
      }
      for (const socket of [await join(room, "ada"), await openSession(uniqueName("ada"))])
        expect(await socket.ask({ type: "auth", id: "a", token })).toEqual({
          type: "error",
          id: "a",
          ...error,
        });
    },
  );

  it("[A20] is refused in the words of a fixed list, with nothing of its content", async () => {
    const reasons = await Promise.all(
      CASES.slice(8).map(async ([, make]) => (await callAs(await make(), "GET", "/v1/rooms/a")).text()),
    );
    expect(reasons.join()).not.toMatch(/ada|eyJ|\b1[78]\d{8}/);
  });

  it("[A20] closes a socket with its reason, as every other refusal does", async () => {
    const room = uniqueName("why");
    const words = async (query: string, token: string | null, headers = {}) => {
      const { webSocket } = await upgrade(`/v1/rooms/${room}/connect${query}`, token, headers);
      if (webSocket === null) throw new Error("no socket");
      return new TestSocket(webSocket).closeWords;
    };
    expect(await words("", null)).toBe(
      "a token is required: Authorization: Bearer <token>, or on a socket the subprotocol token.<token>",
    );
    expect(await words("", await tokenFor("ada", { rooms: {} }))).toBe(
      "you may not read this room: the rooms claim of the token gives none here",
    );
    expect(await words("?history=x", await tokenFor("ada"))).toBe(
      "history must be a whole number from 0 to 200",
    );
    expect(await words("", await tokenFor("ada"), { Origin: "https://evil.example" })).toMatch(
      /ALLOWED_ORIGINS/,
    );
  });

  it("[A31] for refresh, for logout or of a type for another purpose opens nothing; access tokens of any type name do", async () => {
    const verdict = async (claims: Record<string, unknown>, header: Record<string, unknown> = {}) => {
      const response = await callAs(await sign(claims, header), "GET", `/v1/rooms/${uniqueName("typ")}`);
      return response.status === 200 ? "ok" : String((await errorOf(response)).message);
    };
    for (const claims of [
      ...[{ token_type: "refresh" }, { type: "refresh" }, { typ: "refresh" }, { typ: "Refresh" }],
      ...[{ typ: "Offline" }, { token_use: "refresh" }],
    ])
      expect(await verdict(claims), JSON.stringify(claims)).toBe(
        "this is a refresh token: send the access token",
      );
    expect(await verdict({}, { typ: "logout+jwt" })).toMatch(/logout token/);
    expect(await verdict({}, { typ: "application/LOGOUT+JWT" })).toMatch(/logout token/);
    expect(await verdict(LOGOUT)).toMatch(/logout token/);
    expect(await verdict({ typ: "Logout" })).toMatch(/logout token/);
    for (const typ of ["dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt"])
      expect(await verdict({}, { typ }), typ).toMatch(/typ of the token says/);
    for (const typ of ["JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT", ""])
      expect(await verdict({}, { typ }), typ).toBe("ok");
    for (const claims of [
      { token_type: "access" },
      { typ: "Bearer" },
      { type: "access" },
      { token_use: "id" },
    ])
      expect(await verdict(claims), JSON.stringify(claims)).toBe("ok");
  });

  it("[A30] of 16,384 characters is accepted wherever it is sent, also with many rooms; a longer one is refused", async () => {
    const padded = async (length: number) => {
      const rooms = Object.fromEntries(
        Array.from({ length: 250 }, (_, at) => [`room-${at}-${"x".repeat(20)}`, "read"]),
      );
      const claims = { rooms: { ...rooms, "*": "write" } };
      const short = await sign({ ...claims, pad: "" });
      const jwt = await sign({ ...claims, pad: "p".repeat(Math.floor(((length - short.length) * 3) / 4)) });
      expect(length - jwt.length).toBeLessThan(3);
      return jwt;
    };
    const token = await padded(16_384);
    const path = `/v1/rooms/${uniqueName("long")}`;
    expect((await callAs(token, "GET", path)).status).toBe(200);
    expect((await call(`${path}/connect?token=${token}`, { headers: { Upgrade: "websocket" } })).status).toBe(
      101,
    );
    for (const socket of [`${path}/connect`, "/v1/connect"]) {
      const { webSocket } = await upgrade(socket, token);
      if (webSocket === null) throw new Error("no socket");
      const ada = new TestSocket(webSocket);
      await ada.next("caughtUp");
      expect(await ada.ask({ type: "auth", id: "a", token })).toMatchObject({ type: "ok" });
    }
    expect((await errorOf(await callAs(await padded(16_390), "GET", path))).message).toMatch(/16384/);
  });
});

describe("a 401", () => {
  const challengeOf = async (path: string, headers: Record<string, string>) => {
    const response = await call(path, { headers });
    expect(response.status).toBe(401);
    return response.headers.get("WWW-Authenticate");
  };

  it("[H11] says how to authenticate, and what is wrong with the token that was sent", async () => {
    const path = `/v1/rooms/${uniqueName("challenge")}`;
    const Authorization = `Bearer ${await sign({ exp: undefined })}`;
    const challenge =
      'Bearer error="invalid_token", error_description="the token has no exp: say when it expires, in seconds since 1970"';
    expect(await challengeOf(path, { Authorization })).toBe(challenge);
    expect(await challengeOf(`${path}/connect`, { Authorization, Upgrade: "websocket" })).toBe(challenge);
    expect(await challengeOf("/v1/me/notifications", { Authorization })).toBe(challenge);
    expect(await challengeOf(path, { Authorization: "Basic YTpi" })).toMatch(
      /error="invalid_token".*Bearer <token>/,
    );
    expect(await challengeOf(path, {})).toBe("Bearer");
    expect(
      (await callAs(await tokenFor("ada", { rooms: {} }), "GET", path)).headers.has("WWW-Authenticate"),
    ).toBe(false);
  });
});

describe("token.<jwt> without edge-rooms.v1", () => {
  it("[A33] is bad_request with this reason on each socket, and opens no connection", async () => {
    const token = await tokenFor("ada");
    for (const path of [`/v1/rooms/${uniqueName("alone")}/connect`, "/v1/connect"])
      for (const protocols of [`token.${token}`, `chat, token.${token}`, `edge-rooms.v2, token.${token}`]) {
        const response = await call(path, {
          headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols },
        });
        expect([response.status, await errorOf(response)]).toEqual([
          400,
          { code: "bad_request", message: "offer edge-rooms.v1 beside token.<jwt>" },
        ]);
      }
  });
});

/** What is logged from here on. */
function listen() {
  const lines: Record<string, unknown>[] = [];
  const spy = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(JSON.parse(String(line))));
  onTestFinished(() => spy.mockRestore());
  return lines;
}

describe("the operator", () => {
  it("[A34] sees one line per second and reason, with the number of omitted ones, and never the token or its user", async () => {
    const lines = listen();
    advanceClock(10_000);
    const foreign = await tokenFor("ada", {
      secret: "another-secret-that-is-long-enough-too",
      claims: { iss: "me\n" },
    });
    const nameless = await sign({ sub: undefined }, { kid: "k\u202e1" });
    // Omitted lines of earlier tests are reported by then.
    for (const token of [foreign, nameless]) await callAs(token, "GET", "/v1/rooms/a");
    lines.length = 0;
    advanceClock(12_000);
    for (let n = 0; n < 3; n++) {
      await callAs(foreign, "GET", "/v1/rooms/a");
      await callAs(nameless, "GET", "/v1/rooms/a");
    }
    advanceClock(14_000);
    await callAs(foreign, "GET", "/v1/rooms/a");
    const facts = { level: "warn", event: "token_refused", alg: "HS256" };
    expect(lines.filter(({ event }) => event === "token_refused")).toEqual([
      { ...facts, reason: "bad_signature", issuer: "me?" },
      { ...facts, reason: "no_user", claim: "sub", kid: "k?1" },
      { ...facts, reason: "bad_signature", issuer: "me?", leftOut: 2 },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/ada|eyJ/);
  });

  it("[A35] sees the reasons with counts in /health with an API key, and no one else does", async () => {
    listen();
    await callAs(await sign({ exp: undefined }), "GET", "/v1/rooms/a");
    await upgrade("/v1/connect", null);
    for (const headers of [
      {},
      { Authorization: "Bearer x" },
      { Authorization: `Bearer ${await tokenFor("ada")}` },
    ])
      expect(await (await call("/health", { headers })).json()).toEqual({ ok: true });
    const before = await refusedBy("no_expiry");
    await callAs(await sign({ exp: undefined }), "GET", "/v1/rooms/a");
    const after = await refusedBy("no_expiry");
    expect(after.tokens).toEqual({
      kind: "no_expiry",
      count: Number(before.tokens?.count) + 1,
      lastAt: expect.any(Number),
    });
    expect(after.connects).toContain("unauthorized");
  });

  async function refusedBy(reason: string) {
    type Seen = { kind: string; count: number; lastAt: number };
    const response = await callAsServer("GET", "/health");
    const { refused } = await response.json<{ refused: { tokens: Seen[]; connects: Seen[] } }>();
    return {
      tokens: refused.tokens.find(({ kind }) => kind === reason),
      connects: refused.connects.map(({ kind }) => kind),
    };
  }

  it("[A23] finds the name of an API key in the log of what it did", async () => {
    const lines: Record<string, unknown>[] = [];
    const spy = vi.spyOn(console, "info").mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
    const settings = { API_KEYS: `${env.API_KEYS},ci=${"c".repeat(32)}` };
    const room = uniqueName("named");
    const user = uniqueName("user");
    const ask = (key: string, method: string, path: string, body?: unknown) =>
      callWith(settings, path, {
        method,
        headers: { Authorization: `Bearer ${key}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    const ci = "c".repeat(32);
    await ask(ci, "POST", `/v1/rooms/${room}/messages`, { data: 1, from: { id: "bo" } });
    await ask(ci, "PATCH", `/v1/rooms/${room}/messages/1`, { data: 2 });
    await ask(ci, "POST", `/v1/rooms/${room}/kick`, { user });
    await ask(ci, "DELETE", `/v1/rooms/${room}`);
    await ask(ci, "POST", `/v1/users/${user}/disconnect`);
    await ask(ci, "POST", "/v1/tokens", { user, rooms: {} });
    await ask(env.API_KEYS, "POST", `/v1/users/${user}/disconnect`);
    expect(lines.map(({ event, act, by, key }) => [event, act, by, key])).toEqual([
      ["moderated", "edit", "server code", "ci"],
      ["moderated", "kick", "server code", "ci"],
      ["moderated", "purge", "server code", "ci"],
      ["disconnected", undefined, undefined, "ci"],
      ["token_made", undefined, undefined, "ci"],
      ["disconnected", undefined, undefined, undefined],
    ]);
    expect((await ask(`ci=${ci}`, "GET", `/v1/rooms/${room}`)).status).toBe(401);
  });

  it("[A23] rotates a secret: tokens of each are accepted, new ones are signed with the first", async () => {
    const next = "the-next-secret-of-the-tests-that-is-long";
    const settings = { JWT_SECRET: `${next},${env.JWT_SECRET}` };
    const path = `/v1/rooms/${uniqueName("rotated")}`;
    const ask = async (token: string, own = settings) =>
      (await callWith(own, path, { headers: { Authorization: `Bearer ${token}` } })).status;
    const made = await callWith(settings, "/v1/tokens", {
      method: "POST",
      headers: { Authorization: `Bearer ${env.API_KEYS}` },
      body: JSON.stringify({ user: "ada", rooms: { "*": "read" } }),
    });
    const { token } = await made.json<{ token: string }>();
    expect([
      await ask(await tokenFor("ada")),
      await ask(await tokenFor("ada", { secret: next })),
      await ask(token),
    ]).toEqual([...[200, 200, 200]]);
    const after = { JWT_SECRET: next };
    expect([await ask(token, after), await ask(await tokenFor("ada"), after)]).toEqual([200, 401]);
    expect(await ask(await tokenFor("ada", { secret: "a-third-secret-of-nobody-that-is-long-enough" }))).toBe(
      401,
    );
  });
});

describe("keys of an issuer", () => {
  const verdictOf = async (settings: Record<string, unknown>, token: string) => {
    const response = await callWith(settings, `/v1/rooms/${uniqueName("keys")}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    return response.status === 200 ? "ok" : await errorOf(response);
  };
  const rooms = { "*": "read" };

  it("[A21] do not suffer from one that is weak, odd or broken, whether tokens name a key or not", async () => {
    const issuer = await startIssuer({ good: "RS256", other: "RS256", ed: "EdDSA" });
    const [good, other, ed] = issuer.publicKeys;
    const odd = [
      null,
      "text",
      { kid: "good" },
      { kty: "RSA", kid: "weak", alg: "RS256", n: "AQAB".repeat(42), e: "AQAB" },
      { kty: "RSA", kid: "good", alg: "RS256", n: "!", e: "?" },
      { kty: "RSA", kid: "good", n: "AQAB".repeat(42), e: "AQAB" },
      { kty: "OKP", crv: "X25519", kid: "x", x: "A".repeat(43) },
      { kty: "OKP", crv: "X25519", kid: "ed", x: "A".repeat(43) },
      { kty: "oct", kid: "good", k: "c2VjcmV0" },
      { ...other, kid: "good", use: "enc" },
      { kty: "NEW", kid: "good" },
    ];
    issuer.answerWith(() => Response.json({ keys: [...odd, good, { ...other, kid: "good" }, ed] }));
    for (const [key, kid] of [
      ...([
        ["good", "good"],
        ["other", "good"],
        ["good", null],
        ["other", null],
        ["ed", "ed"],
      ] as const),
    ])
      expect(await verdictOf(issuer.settings, await issuer.sign(key, { rooms }, kid)), `${key} ${kid}`).toBe(
        "ok",
      );
    const iat = NOW_S - 600;
    expect(await verdictOf(issuer.settings, await issuer.sign("good", { rooms, iat }, "weak"))).toMatchObject(
      {
        message: "the issuer's key for this token is too weak or broken",
      },
    );
    expect(await verdictOf(issuer.settings, await issuer.sign("good", { rooms, iat }, "x"))).toMatchObject({
      message: "the issuer has no key with the kid and alg of the token",
    });
    expect(await verdictOf(issuer.settings, await issuer.sign("ed", { rooms, iat }, "good"))).toMatchObject({
      code: "unauthorized",
    });
  });

  it("[A21] of Ed25519 verify tokens with its old and its new algorithm name", async () => {
    const issuer = await startIssuer({ old: "EdDSA", new: "Ed25519" });
    for (const [key, alg] of [
      ...([
        ["old", "Ed25519"],
        ["new", "EdDSA"],
      ] as const),
    ])
      expect(await verdictOf(issuer.settings, await issuer.sign(key, { rooms }, key, { alg })), alg).toBe(
        "ok",
      );
  });

  it("[A22] that are new are overloaded until the issuer may be asked again, on sockets and in auth too", async () => {
    const issuer = await startIssuer({ one: "ES256", two: "ES256" });
    issuer.publish("one");
    const iat = NOW_S;
    expect(await verdictOf(issuer.settings, await issuer.sign("one", { rooms }))).toBe("ok");
    issuer.publish("one", "two");
    const token = await issuer.sign("two", { rooms, iat });
    const refused = await verdictOf(issuer.settings, token);
    expect(refused).toMatchObject({ code: "overloaded", message: expect.stringContaining("not known yet") });
    expect(Number(Object(refused).retryAfterMs)).toBeGreaterThan(25_000);
    const { webSocket } = await callWith(issuer.settings, `/v1/rooms/${uniqueName("keys")}/connect`, {
      headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": `edge-rooms.v1, token.${token}` },
    });
    if (webSocket === null) throw new Error("no socket");
    expect(await new TestSocket(webSocket).closed).toEqual({
      code: 4503,
      reason: expect.stringMatching(/^overloaded \d{5}$/),
    });
    expect(issuer.fetches).toHaveLength(1);
    advanceClock(31_000);
    expect(await verdictOf(issuer.settings, token)).toBe("ok");
    const forged = await issuer.sign("two", { rooms, iat: NOW_S - 3_600 }, "forged");
    expect(await verdictOf(issuer.settings, forged)).toMatchObject({
      code: "unauthorized",
      message: "the issuer has no key with the kid and alg of the token",
    });
    expect(issuer.fetches).toHaveLength(2);
  });

  it("[A22] that are new are also found for tokens that name none, and a token that no key signed is refused", async () => {
    const issuer = await startIssuer({ one: "ES256", two: "ES256", three: "ES256" });
    issuer.publishWithoutIds("one");
    expect(await verdictOf(issuer.settings, await issuer.sign("one", { rooms }, null))).toBe("ok");
    issuer.publishWithoutIds("one", "two");
    const token = await issuer.sign("two", { rooms, iat: NOW_S }, null);
    expect(await verdictOf(issuer.settings, token)).toMatchObject({ code: "overloaded" });
    advanceClock(31_000);
    expect(await verdictOf(issuer.settings, token)).toBe("ok");
    const forged = await issuer.sign("three", { rooms, iat: NOW_S - 600 }, null);
    expect(await verdictOf(issuer.settings, forged)).toMatchObject({ code: "unauthorized" });
  });

  it("[A18][A20] are not fetched for a token of another issuer, which is refused with that reason", async () => {
    const issuer = await startIssuer({ one: "ES256" });
    expect(
      await verdictOf(issuer.settings, await issuer.sign("one", { iss: "you" }, "unknown")),
    ).toMatchObject({
      message: expect.stringMatching(/^the iss of the token is none of JWT_ISSUER/),
    });
    expect(issuer.fetches).toHaveLength(0);
  });
});
