import { env } from "cloudflare:workers";
import { generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { verifyToken } from "../../src/auth/verify-token.ts";
import { parseConfig } from "../../src/config/config.ts";
import { startIssuer } from "./support/issuer.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callWith,
  errorOf,
  ORIGIN,
  openRoom,
  tokenFor,
  uniqueName,
  upgrade,
} from "./support/worker.ts";

const NOW = 1_800_000_000_000;
const NOW_S = NOW / 1_000;
const secret = new TextEncoder().encode(env.JWT_SECRET);

function tokenConfig(settings: Record<string, unknown>) {
  const result = parseConfig(settings);
  if (!result.ok) throw new Error(result.problems.join());
  return result.config.token;
}

const hs256 = (settings: Record<string, unknown> = {}) =>
  tokenConfig({ JWT_SECRET: env.JWT_SECRET, ...settings });

/** `ok`, or the code of the refusal. */
async function verdictOn(jwt: string, config = hs256(), now = NOW): Promise<string> {
  const verdict = await verifyToken(config, jwt, now);
  return verdict.ok ? "ok" : verdict.refusal.code;
}

const sign = (claims: Record<string, unknown>, alg = "HS256") =>
  new SignJWT({ sub: "ada", exp: NOW_S + 100, ...claims }).setProtectedHeader({ alg }).sign(secret);

const base64url = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

describe("the first token present", () => {
  it("[A1] counts, in the order header, subprotocol, query", async () => {
    const path = `/v1/rooms/${uniqueName("first")}/connect`;
    const good = await tokenFor("ada");
    const opens = async (query: string, header: string | null, protocol: string | null) => {
      const headers = new Headers({ Upgrade: "websocket" });
      if (header !== null) headers.set("Authorization", header);
      if (protocol !== null) headers.set("Sec-WebSocket-Protocol", `edge-rooms.v1, token.${protocol}`);
      const { status, webSocket } = await call(path + query, { headers });
      if (webSocket === null) return status;
      const socket = new TestSocket(webSocket);
      return Promise.race([socket.next("caughtUp").then(() => "in"), socket.closed.then(({ code }) => code)]);
    };
    expect(await opens("?token=bad", `Bearer ${good}`, "bad")).toBe("in");
    expect(await opens(`?token=${good}`, "Bearer bad", good)).toBe(4401);
    expect(await opens("?token=bad", null, good)).toBe("in");
    expect(await opens(`?token=${good}`, null, "bad")).toBe(4401);
    expect(await opens(`?token=${good}`, null, null)).toBe("in");
    expect(await opens("?token=", null, null)).toBe(401);
  });

  it("[A32] is not affected by a header of another scheme, in a subprotocol or in the query", async () => {
    const path = `/v1/rooms/${uniqueName("basic")}/connect`;
    const good = await tokenFor("ada");
    const headers = { Upgrade: "websocket", Authorization: "Basic YTpi" };
    const offered = { ...headers, "Sec-WebSocket-Protocol": `edge-rooms.v1, token.${good}` };
    for (const response of [
      await call(path, { headers: offered }),
      await call(`${path}?token=${good}`, { headers }),
    ]) {
      if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
      expect(await new TestSocket(response.webSocket).next("connected")).toMatchObject({
        user: { id: "ada" },
      });
    }
    const alone = await call(path, { headers });
    expect([alone.status, await errorOf(alone)]).toEqual([
      401,
      { code: "unauthorized", message: "the Authorization header is not of the form Bearer <token>" },
    ]);
  });

  it("[A1] is refused if it is invalid, also in a room for anonymous readers", async () => {
    const room = uniqueName("public_");
    const read = (headers: Record<string, string>) => call(`/v1/rooms/${room}`, { headers });
    expect((await read({})).status).toBe(200);
    for (const Authorization of ["Bearer nonsense", "Bearer ", "Basic YTpi"]) {
      expect((await read({ Authorization })).status, Authorization).toBe(401);
    }
    expect((await upgrade(`/v1/rooms/${room}/connect`, null)).status).toBe(101);
    const refused = await call(`/v1/rooms/${room}/connect?token=nonsense`, {
      headers: { Upgrade: "websocket" },
    });
    expect(refused.status).toBe(401);
  });

  it("[A1] may be in the URL of a connect path only, not of a call", async () => {
    const response = await call(`/v1/rooms/${uniqueName("url")}?token=${await tokenFor("ada")}`);
    expect(response.status).toBe(401);
  });
});

describe("the algorithms", () => {
  it("[A2] of a secret are HS256, HS384 and HS512, and no others", async () => {
    for (const alg of ["HS256", "HS384", "HS512"])
      expect(await verdictOn(await sign({}, alg)), alg).toBe("ok");
    const { privateKey } = await generateKeyPair("RS256");
    const claims = { sub: "ada", exp: NOW_S + 100 };
    const others = [
      await new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(privateKey),
      `${base64url({ alg: "none" })}.${base64url(claims)}.`,
      `${base64url({ alg: "None" })}.${base64url(claims)}.`,
      `${base64url({ alg: "none" })}.${(await sign({})).split(".")[1]}.${(await sign({})).split(".")[2]}`,
    ];
    for (const jwt of others) expect(await verdictOn(jwt), jwt).toBe("unauthorized");
  });

  it("[A2] reject another secret, another payload under the same signature, and text that is no JWT", async () => {
    const [header, , signature] = (await sign({})).split(".");
    const forged = `${header}.${base64url({ sub: "root", exp: NOW_S + 100 })}.${signature}`;
    const foreign = await tokenFor("ada", { secret: "another-secret-that-is-long-enough-too" });
    for (const jwt of [forged, foreign, "", "a", "a.b.c", "...", "x".repeat(20_000)]) {
      expect(await verdictOn(jwt), jwt).toBe("unauthorized");
    }
  });

  it("[A2] reject a token with non-ASCII characters as unauthorized, without blaming the issuer", async () => {
    const [header, , signature] = (await tokenFor("ada")).split(".");
    expect(await verdictOn(`${header}.é.${signature}`)).toBe("unauthorized");
  });

  it("[A2] accept a token only if issuer and audience match, where they are set", async () => {
    const config = hs256({ JWT_ISSUER: "https://issuer.example", JWT_AUDIENCE: "rooms" });
    const claims = { iss: "https://issuer.example", aud: ["other", "rooms"] };
    expect(await verdictOn(await sign(claims), config)).toBe("ok");
    expect(await verdictOn(await sign({ ...claims, iss: "https://evil.example" }), config)).toBe(
      "unauthorized",
    );
    expect(await verdictOn(await sign({ ...claims, aud: "others" }), config)).toBe("unauthorized");
    expect(await verdictOn(await sign({}), config)).toBe("unauthorized");
  });
});

describe("keys of an issuer", () => {
  const algorithms = [
    ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  ];

  /** Has a key for each of the algorithms, all with the same name. */
  async function issuer() {
    const { settings, sign, ...rest } = await startIssuer(
      Object.fromEntries(algorithms.map((alg) => [alg, alg])),
    );
    const signAs = (alg: string, claims: Record<string, unknown> = {}, kid = alg) =>
      sign(alg, { exp: NOW_S + 100, ...claims }, kid);
    return { ...rest, settings, config: tokenConfig(settings), signAs };
  }

  it("[A2] verify RS, PS and ES of each size, EdDSA and Ed25519", async () => {
    const { config, signAs } = await issuer();
    for (const alg of algorithms) expect(await verdictOn(await signAs(alg), config), alg).toBe("ok");
  });

  it("[A2] are no secrets: HS256 signed with a public key is refused", async () => {
    const { config, publicKeys } = await issuer();
    const claims = { sub: "ada", exp: NOW_S + 100, iss: "me", aud: "rooms" };
    for (const key of publicKeys.slice(0, 3)) {
      const jwt = await new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", kid: String(key.kid) })
        .sign(new TextEncoder().encode(JSON.stringify(key).padEnd(64)));
      expect(await verdictOn(jwt, config)).toBe("unauthorized");
    }
  });

  it("[A2] are used only if issuer, audience and key id match; audience * accepts any", async () => {
    const { config, signAs, settings } = await issuer();
    expect(await verdictOn(await signAs("ES256", {}, "no-such-key"), config)).toBe("unauthorized");
    expect(await verdictOn(await signAs("ES256", { iss: "you" }), config)).toBe("unauthorized");
    expect(await verdictOn(await signAs("ES256", { aud: "others" }), config)).toBe("unauthorized");
    const anyAudience = tokenConfig({ ...settings, JWT_AUDIENCE: "*" });
    expect(await verdictOn(await signAs("ES256", { aud: "others" }), anyAudience)).toBe("ok");
  });

  it("[A2] make the whole Worker accept their tokens, and no longer those of its secret", async () => {
    const { settings, signAs } = await issuer();
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const room = uniqueName("jwks");
    const ask = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await callWith(settings, `/v1/rooms/${room}`, { headers })).status;
    };
    expect(await ask(await signAs("ES256", { exp, rooms: { [room]: "read" } }))).toBe(200);
    expect(await ask(await tokenFor("ada"))).toBe(401);
  });
});

describe("times and claims", () => {
  it("[A3] exp has no tolerance, and a past one is token_expired", async () => {
    expect(await verdictOn(await sign({ exp: NOW_S + 1 }))).toBe("ok");
    expect(await verdictOn(await sign({ exp: NOW_S }), hs256(), NOW - 1)).toBe("ok");
    expect(await verdictOn(await sign({ exp: NOW_S }))).toBe("token_expired");
    expect(await verdictOn(await sign({ exp: NOW_S - 59 }))).toBe("token_expired");
    expect(await verdictOn(await sign({ exp: NOW_S - 5_000 }))).toBe("token_expired");
  });

  it("[A3] an expired token with a wrong signature is unauthorized: nothing in it is trusted", async () => {
    const foreign = await tokenFor("ada", {
      expiresInS: -100,
      secret: "another-secret-that-is-long-enough-too",
    });
    expect(await verdictOn(foreign)).toBe("unauthorized");
  });

  it("[A3] nbf and iat have a tolerance of 60 s", async () => {
    for (const claim of ["nbf", "iat"]) {
      expect(await verdictOn(await sign({ [claim]: NOW_S + 60 })), claim).toBe("ok");
      expect(await verdictOn(await sign({ [claim]: NOW_S + 61 })), claim).toBe("unauthorized");
    }
  });

  it.each([
    ["no exp", { exp: undefined }],
    ["exp as text", { exp: "2100000000" }],
    ["exp null", { exp: null }],
    ["iat as text", { iat: "1" }],
    ["no sub", { sub: undefined }],
    ["empty sub", { sub: "" }],
    ["sub a list", { sub: ["ada"] }],
    ["sub no user id", { sub: "a\n" }],
  ])("[A3] %s is unauthorized", async (_, claims) => {
    expect(await verdictOn(await sign(claims))).toBe("unauthorized");
  });

  it("[A3] over HTTP both are 401 and differ in their code", async () => {
    const path = `/v1/rooms/${uniqueName("times")}`;
    const expired = await callAs(await tokenFor("ada", { expiresInS: -1 }), "GET", path);
    expect([expired.status, (await errorOf(expired)).code]).toEqual([401, "token_expired"]);
    const invalid = await callAs("nonsense", "GET", path);
    expect([invalid.status, (await errorOf(invalid)).code]).toEqual([401, "unauthorized"]);
  });

  it("[A3] name is cut at 128 characters, and a picture over 1,024 is dropped", async () => {
    const jwt = await sign({ name: "n".repeat(200), picture: `https://p.example/${"p".repeat(1_100)}` });
    const verdict = await verifyToken(hs256({ PICTURE_HOSTS: "p.example" }), jwt, NOW);
    expect(verdict).toMatchObject({ ok: true, value: { identity: { user: { name: "n".repeat(128) } } } });
    expect(JSON.stringify(verdict)).not.toContain("picture");
  });
});

describe("a picture", () => {
  const pictureOf = async (picture: unknown, hosts?: string) => {
    const jwt = await sign({ picture });
    const verdict = await verifyToken(hs256(hosts === undefined ? {} : { PICTURE_HOSTS: hosts }), jwt, NOW);
    return verdict.ok ? verdict.value.identity.user.picture : verdict.refusal.code;
  };
  const HOSTS = "p.example.com, *.Pictures.example";

  it.each([
    "https://p.example.com/ada.png?s=80#x",
    "https://P.example.com/",
    "https://a.pictures.example/é",
    "https://a.b.pictures.example/1",
  ])("[H30] is delivered if the deployer named its host: %s", async (picture) => {
    expect(await pictureOf(picture, HOSTS)).toBe(picture);
    expect(await pictureOf(picture)).toBe(undefined);
  });

  it.each([
    "https://evil.example/p.example.com",
    "https://p.example.com.evil.example/",
    "https://xp.example.com/",
    "https://pictures.example/",
    "https://xpictures.example/",
    "http://p.example.com/",
    "https://p.example.com:8443/",
    "https://p.example.com@evil.example/",
    "https://p.example.com:x@evil.example/",
    "https://user@p.example.com/",
    "https://evil.example\\@p.example.com/",
    "https://evil.example\\.p.example.com/",
    "https://p.example.com/ a",
    "https://p.example.com/\u0000",
    " https://p.example.com/",
    "//p.example.com/a",
    "data:image/svg+xml,<svg/>",
    "javascript:alert(1)",
    "https://",
    "",
    7,
    { href: "https://p.example.com/" },
  ])("[H30] is dropped otherwise, and the token is accepted: %j", async (picture) => {
    expect(await pictureOf(picture, HOSTS)).toBe(undefined);
  });
});

describe("the rooms claim", () => {
  const room = uniqueName("team_7");
  const cases: [string, Record<string, string>, string][] = [
    ["an exact name", { [room]: "moderate" }, "moderate"],
    ["a prefix", { "team_*": "read" }, "read"],
    ["everything", { "*": "write" }, "write"],
    ["the exact name before a prefix, also when it gives less", { "*": "moderate", [room]: "read" }, "read"],
    ["the longer prefix", { "team_7*": "write", "team_*": "read", "*": "moderate" }, "write"],
    [
      "the longer prefix, whatever the order",
      { "*": "moderate", "team_*": "read", "team_7*": "write" },
      "write",
    ],
    ["the longer prefix that takes it away", { "team_*": "write", "team_7*": "none" }, "none"],
    ["an exact none", { "*": "write", [room]: "none" }, "none"],
    ["another case", { [room.toUpperCase()]: "write" }, "none"],
    ["a name that is only a beginning", { team_7: "write" }, "none"],
    ["nothing", {}, "none"],
  ];

  it.each(cases)("[A4] %s", async (_, rooms, permission) => {
    const socket = await openRoom(room, "ada", { rooms });
    if (permission === "none") expect(await socket.closed).toEqual({ code: 4403, reason: "forbidden" });
    else expect(await socket.next("connected")).toMatchObject({ permission });
  });

  it("[A4] is replaced by DEFAULT_ROOM_ACCESS if it is absent, none by default", async () => {
    const headers = { Authorization: `Bearer ${await tokenFor("ada", { claims: { rooms: undefined } })}` };
    const url = `${ORIGIN}/v1/rooms/${uniqueName("default")}`;
    const post = { method: "POST", headers, body: '{"data":1}' };
    const statuses = async (access: string | undefined) => {
      const settings = { DEFAULT_ROOM_ACCESS: access };
      const read = await callWith(settings, url, { headers });
      return [read.status, (await callWith(settings, `${url}/messages`, post)).status];
    };
    expect(await statuses(undefined)).toEqual([403, 403]);
    expect(await statuses("none")).toEqual([403, 403]);
    expect(await statuses("read")).toEqual([200, 403]);
    expect(await statuses("write")).toEqual([200, 201]);
  });

  it("[A4] does not close rooms of ANONYMOUS_ROOMS: everyone can read them, also with none in the claim", async () => {
    const open = uniqueName("public_");
    const nobody = await openRoom(open, null);
    expect(await nobody.next("connected")).toMatchObject({ user: null, permission: "read" });
    const ada = await openRoom(open, "ada", { rooms: { "*": "none" } });
    expect(await ada.next("connected")).toMatchObject({ permission: "read" });
    const bo = await openRoom(open, "bo", { rooms: { [open]: "moderate" } });
    expect(await bo.next("connected")).toMatchObject({ permission: "moderate" });
    const closed = await openRoom(uniqueName("private"), null);
    expect(await closed.closed).toEqual({ code: 4401, reason: "unauthorized" });
  });

  it("[A4] has a name that can be set, as the other claims have", async () => {
    const settings = { JWT_USER_CLAIM: "uid", JWT_ROOMS_CLAIM: "spaces" };
    const jwt = await sign({
      sub: undefined,
      uid: "ada",
      spaces: { "*": "read" },
      rooms: { "*": "moderate" },
    });
    const verdict = await verifyToken(hs256(settings), jwt, NOW);
    expect(verdict).toMatchObject({
      value: { identity: { user: { id: "ada" } }, rooms: { "*": "read" } },
    });
  });
});
