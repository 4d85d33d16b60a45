// Tokens as libraries and issuers create them: headers and claims were observed from each.

import { env } from "cloudflare:workers";
import { type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { verifyToken } from "../../src/auth/verify-token.ts";
import { parseConfig } from "../../src/config/config.ts";
import { startIssuer } from "./support/issuer.ts";

const NOW = 1_800_000_000_000;
const NOW_S = NOW / 1_000;
const EXP = NOW_S + 3_600;
const LONG_SECRET = "a-secret-as-jjwt-and-guardian-want-it-for-hs512-with-64-characters";

interface Shape {
  readonly header: { readonly alg: string } & Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  readonly settings?: Record<string, string>;
  /** The user, `ada` by default, and the rooms that the token names. */
  readonly user?: string;
  readonly rooms?: unknown;
}

function tokenConfig(settings: Record<string, unknown>) {
  const result = parseConfig(settings);
  if (!result.ok) throw new Error(result.problems.join());
  return result.config.token;
}

/** Claims in the order and spelling of the library, so that nothing is added or left out. */
function sign({ header, claims }: Shape, secret: string): Promise<string> {
  const payload: JWTPayload = claims;
  return new SignJWT(payload).setProtectedHeader(header).sign(new TextEncoder().encode(secret));
}

async function verdictOn(jwt: string, settings: Record<string, unknown>) {
  const verdict = await verifyToken(tokenConfig(settings), jwt, NOW);
  if (!verdict.ok) return verdict.refusal.message;
  const { identity, rooms } = verdict.value;
  return { id: identity.user.id, expiresAt: identity.expiresAt, rooms };
}

const HS256 = { alg: "HS256", typ: "JWT" };

const SECRET_SHAPES: [string, Shape][] = [
  ["jsonwebtoken", { header: HS256, claims: { sub: "ada", iat: NOW_S, exp: EXP } }],
  ["PyJWT's first example: no typ of its own, no iat", { header: HS256, claims: { sub: "ada", exp: EXP } }],
  ["python-jose with time.time()", { header: HS256, claims: { sub: "ada", exp: EXP + 0.123_456 } }],
  ["ruby-jwt: alg only", { header: { alg: "HS256" }, claims: { sub: "ada", exp: EXP } }],
  ["golang-jwt", { header: HS256, claims: { iss: "back-end", sub: "ada", exp: EXP } }],
  ["hono/jwt", { header: HS256, claims: { sub: "ada", exp: EXP } }],
  ["fast-jwt", { header: HS256, claims: { sub: "ada", iat: NOW_S, exp: EXP } }],
  ["jose", { header: { alg: "HS256" }, claims: { sub: "ada", iat: NOW_S, exp: EXP, iss: "x", aud: ["y"] } }],
  [
    "jjwt with a secret of 48 bytes",
    { header: { alg: "HS384" }, claims: { sub: "ada", iat: NOW_S, exp: EXP } },
  ],
  [
    "Guardian",
    {
      header: { alg: "HS512", typ: "JWT" },
      claims: {
        ...{
          aud: "app",
          exp: EXP,
          iat: NOW_S,
          iss: "app",
          jti: "5f",
          nbf: NOW_S - 1,
          sub: "42",
          typ: "access",
        },
      },
      user: "42",
    },
  ],
  [
    "lcobucci with times of microseconds",
    {
      header: { typ: "JWT", alg: "HS256" },
      claims: { sub: "ada", iat: NOW_S - 0.5, nbf: NOW_S - 0.25, exp: EXP + 0.5 },
    },
  ],
  [
    "SimpleJWT up to 5.5.0: user_id a number",
    {
      header: { alg: "HS256", typ: "JWT" },
      claims: { token_type: "access", exp: EXP, iat: NOW_S, jti: "c0ffee", user_id: 42 },
      settings: { JWT_USER_CLAIM: "user_id" },
      user: "42",
    },
  ],
  [
    "SimpleJWT from 5.5.1: as text",
    {
      header: { alg: "HS256", typ: "JWT" },
      claims: { token_type: "access", exp: EXP, iat: NOW_S, jti: "c0ffee", user_id: "42" },
      settings: { JWT_USER_CLAIM: "user_id" },
      user: "42",
    },
  ],
  [
    "flask-jwt-extended",
    {
      header: { alg: "HS256", typ: "JWT" },
      claims: {
        ...{ fresh: false, iat: NOW_S, jti: "c0", type: "access", sub: 1, nbf: NOW_S, csrf: "x", exp: EXP },
      },
      user: "1",
    },
  ],
  [
    "php-jwt with an Eloquent id",
    { header: HS256, claims: { iss: "http://localhost", sub: 7, exp: EXP }, user: "7" },
  ],
  [
    "Hasura and others: rooms under a name with dots and slashes",
    {
      header: HS256,
      claims: { sub: "ada", exp: EXP, "https://example.com/jwt.claims": { "*": "read" } },
      settings: { JWT_ROOMS_CLAIM: "https://example.com/jwt.claims" },
      rooms: { "*": "read" },
    },
  ],
  [
    "Supabase: rooms in app_metadata",
    {
      header: HS256,
      claims: {
        ...{ aud: "authenticated", exp: EXP, iat: NOW_S, sub: "8f1c", role: "authenticated" },
        app_metadata: { provider: "email", rooms: { team_1: "write" } },
      },
      settings: { JWT_AUDIENCE: "authenticated", JWT_ROOMS_CLAIM: "app_metadata.rooms" },
      user: "8f1c",
      rooms: { team_1: "write" },
    },
  ],
  [
    "a claim that can hold text only: rooms as JSON",
    { header: HS256, claims: { sub: "ada", exp: EXP, rooms: '{"a":"read"}' }, rooms: { a: "read" } },
  ],
  ["rooms that are null", { header: HS256, claims: { sub: "ada", exp: EXP, rooms: null } }],
];

const COGNITO = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x";

const ISSUER_SHAPES: [string, Shape][] = [
  [
    "Cognito: an access token without aud",
    {
      header: { alg: "RS256" },
      claims: {
        ...{ sub: "8f1c", iss: COGNITO, client_id: "3n4b", token_use: "access", scope: "openid" },
        ...{ auth_time: NOW_S, exp: EXP, iat: NOW_S, jti: "c0", username: "ada" },
      },
      settings: { JWT_ISSUER: COGNITO, JWT_AUDIENCE: "3n4b", JWT_AUDIENCE_CLAIM: "client_id" },
      user: "8f1c",
    },
  ],
  [
    "Clerk: azp",
    {
      header: { alg: "RS256", typ: "JWT", cat: "cl_B7d4" },
      claims: {
        ...{
          azp: "https://app.example",
          exp: EXP,
          fva: [0, -1],
          iat: NOW_S,
          iss: "https://x.clerk.accounts.dev",
        },
        ...{ nbf: NOW_S - 10, sid: "sess_1", sub: "user_1" },
      },
      settings: {
        ...{ JWT_ISSUER: "https://x.clerk.accounts.dev", JWT_AUDIENCE: "https://app.example" },
        JWT_AUDIENCE_CLAIM: "azp",
      },
      user: "user_1",
    },
  ],
  [
    "Keycloak without roles",
    {
      header: { alg: "RS256", typ: "JWT" },
      claims: {
        ...{
          exp: EXP,
          iat: NOW_S,
          jti: "c0",
          iss: "https://id.example/realms/r",
          sub: "8f1c",
          typ: "Bearer",
        },
        ...{ azp: "web", sid: "s", acr: "1", scope: "openid", name: "Ada" },
      },
      settings: { JWT_ISSUER: "https://id.example/realms/r", JWT_AUDIENCE: "web", JWT_AUDIENCE_CLAIM: "azp" },
      user: "8f1c",
    },
  ],
  [
    "Auth0: a list of audiences, a slash at the end of the issuer",
    {
      header: { alg: "RS256", typ: "at+jwt" },
      claims: {
        ...{
          iss: "https://x.auth0.com/",
          sub: "auth0|5f",
          aud: ["https://api.example", "https://x/userinfo"],
        },
        ...{ iat: NOW_S, exp: EXP, scope: "openid" },
      },
      settings: { JWT_ISSUER: "https://x.auth0.com/", JWT_AUDIENCE: "https://api.example" },
      user: "auth0|5f",
    },
  ],
  [
    "better-auth: EdDSA",
    {
      header: { alg: "EdDSA" },
      claims: {
        iat: NOW_S,
        sub: "ada",
        exp: EXP,
        iss: "http://localhost:3000",
        aud: "http://localhost:3000",
      },
      settings: { JWT_ISSUER: "http://localhost:3000", JWT_AUDIENCE: "http://localhost:3000" },
    },
  ],
  [
    "oidc-provider: Ed25519",
    {
      header: { alg: "Ed25519", typ: "at+jwt" },
      claims: {
        jti: "x",
        sub: "ada",
        iat: NOW_S,
        exp: EXP,
        client_id: "web",
        iss: "https://op",
        aud: "urn:api",
      },
      settings: { JWT_ISSUER: "https://op", JWT_AUDIENCE: "urn:api" },
    },
  ],
  [
    "oidc-provider: PS256",
    {
      header: { alg: "PS256", typ: "application/at+jwt" },
      claims: { jti: "x", sub: "ada", iat: NOW_S, exp: EXP, iss: "https://op", aud: "urn:api" },
      settings: { JWT_ISSUER: "https://op", JWT_AUDIENCE: "urn:api" },
    },
  ],
  [
    "Entra ID of a user in 200 groups",
    {
      header: { alg: "RS256", typ: "JWT" },
      claims: {
        ...{
          aud: "api://x",
          iss: "https://sts.windows.net/t/",
          iat: NOW_S,
          nbf: NOW_S,
          exp: EXP,
          oid: "8f1c",
        },
        groups: Array.from({ length: 200 }, () => crypto.randomUUID()),
        sub: "ada",
      },
      settings: { JWT_ISSUER: "https://sts.windows.net/t/", JWT_AUDIENCE: "api://x" },
    },
  ],
];

describe("tokens of libraries with a secret", () => {
  it.each(SECRET_SHAPES)("[A36][A25] %s", async (_, shape) => {
    const jwt = await sign(shape, LONG_SECRET);
    const verdict = await verdictOn(jwt, { JWT_SECRET: LONG_SECRET, ...shape.settings });
    const exp = Number(shape.claims.exp);
    expect(verdict).toEqual({
      id: shape.user ?? "ada",
      expiresAt: Math.floor(exp * 1_000),
      rooms: shape.rooms,
    });
  });

  it("[A36] a secret of 32 characters is enough for each of them, as their signers accept it", async () => {
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const jwt = await sign({ header: { alg }, claims: { sub: "ada", exp: EXP } }, env.JWT_SECRET);
      expect(await verdictOn(jwt, { JWT_SECRET: env.JWT_SECRET }), alg).toMatchObject({ id: "ada" });
    }
  });
});

describe("tokens of issuers", () => {
  it.each(ISSUER_SHAPES)("[A36][A24] %s", async (_, { header, claims, settings, user = "ada" }) => {
    const issuer = await startIssuer({ key: header.alg });
    const { alg: __, ...rest } = header;
    const jwt = await issuer.sign("key", { iss: undefined, aud: undefined, ...claims }, "key", rest);
    expect(await verdictOn(jwt, { JWT_JWKS_URL: issuer.url, ...settings })).toEqual({
      id: user,
      expiresAt: EXP * 1_000,
      rooms: undefined,
    });
  });

  it("[A24] each of several issuers and audiences is accepted, and nothing similar", async () => {
    const issuer = await startIssuer({ key: "ES256" });
    const settings = {
      ...{ JWT_JWKS_URL: issuer.url, JWT_ISSUER: "https://one, https://two/" },
      JWT_AUDIENCE: "web,app",
    };
    const ask = async (iss: unknown, aud: unknown) => {
      const verdict = await verdictOn(await issuer.sign("key", { iss, aud, exp: EXP }), settings);
      return typeof verdict === "string" ? verdict : "ok";
    };
    for (const iss of ["https://one", "https://two/"])
      for (const aud of ["web", "app", ["x", "app"]]) expect(await ask(iss, aud)).toBe("ok");
    for (const iss of [
      "https://one/",
      "https://two",
      "HTTPS://one",
      "https://one, https://two/",
      ["https://one"],
      1,
    ])
      expect(await ask(iss, "web"), String(iss)).toMatch(/^the iss of the token is none of JWT_ISSUER/);
    expect(await ask(undefined, "web")).toBe("the token has no iss, and JWT_ISSUER asks for one");
    for (const aud of ["Web", "web,app", "we", {}, [["web"]], 1, []])
      expect(await ask("https://one", aud)).toMatch(/^the aud of the token is none of JWT_AUDIENCE/);
    expect(await ask("https://one", undefined)).toBe("the token has no aud, and JWT_AUDIENCE asks for one");
  });
});

describe("claims", () => {
  const ask = async (claims: Record<string, unknown>, settings: Record<string, string> = {}) => {
    const jwt = await sign({ header: HS256, claims: { sub: "ada", exp: EXP, ...claims } }, LONG_SECRET);
    return verdictOn(jwt, { JWT_SECRET: LONG_SECRET, ...settings });
  };

  it("[A25] a literal name takes precedence over a dotted path, and a path passes through objects only", async () => {
    const path = { JWT_USER_CLAIM: "user.id" };
    expect(await ask({ "user.id": "literal", user: { id: "path" } }, path)).toMatchObject({ id: "literal" });
    expect(await ask({ "user.id": null, user: { id: "path" } }, path)).toMatchObject({ id: "path" });
    for (const user of ["text", ["id"], null, {}, { id: null }])
      expect(await ask({ user }, path), JSON.stringify(user)).toBe(
        "the token has no user.id, which names the user",
      );
    expect(await ask({}, { JWT_USER_CLAIM: "constructor.name" })).toContain("has no constructor.name");
    expect(await ask({}, { JWT_USER_CLAIM: "sub.length" })).toContain("has no sub.length");
  });

  it("[A26] an integer user id is its decimal text; a number that is not an exact integer is refused", async () => {
    for (const [sub, id] of [
      ...([
        [1, "1"],
        [0, "0"],
        [-7, "-7"],
        [1e3, "1000"],
      ] as const),
      [Number.MAX_SAFE_INTEGER, "9007199254740991"] as const,
    ])
      expect(await ask({ sub })).toMatchObject({ id });
    for (const sub of [2 ** 53, 1.5, -(2 ** 60), 1e300])
      expect(await ask({ sub }), String(sub)).toMatch(/its user id, is no exact integer: make it text$/);
    for (const sub of [true, ["ada"], { id: "ada" }, "", "a\n", "\ud800", "..", "x".repeat(256)])
      expect(await ask({ sub }), JSON.stringify(sub)).toMatch(
        /must be text of 1 to 255 printable characters$/,
      );
  });

  it("[A27] a rooms claim in a form that opens nothing is refused by name", async () => {
    const cases: [unknown, string][] = [
      [["*"], "must be an object of room names and levels"],
      [1, "must be an object of room names and levels"],
      [true, "must be an object of room names and levels"],
      ["*", "is text, and not the JSON of an object"],
      ['["*"]', "must be an object of room names and levels"],
      ["null", "must be an object of room names and levels"],
      [{ a: "admin" }, "has a level other than none, read, write and moderate"],
      [{ a: "Read" }, "has a level other than none, read, write and moderate"],
      [{ a: null }, "has a level other than none, read, write and moderate"],
      [{ a: ["read"] }, "has a level other than none, read, write and moderate"],
      [{ "team_*x": "read" }, "names what is no room and no prefix that ends in *"],
      [{ "a b": "read" }, "names what is no room and no prefix that ends in *"],
    ];
    for (const [rooms, words] of cases)
      expect(await ask({ rooms }), JSON.stringify(rooms)).toBe(`the rooms of the token ${words}`);
    expect(await ask({ perms: ["a"] }, { JWT_ROOMS_CLAIM: "perms" })).toMatch(
      /^the perms of the token must be/,
    );
    expect(await ask({ rooms: {} })).toMatchObject({ rooms: {} });
    expect(await ask({ rooms: '{"team_*":"none"}' })).toMatchObject({ rooms: { "team_*": "none" } });
  });

  it("[A28] times are in seconds: a fraction is cut, and milliseconds are refused with a hint", async () => {
    expect(await ask({ exp: EXP + 0.999_9 })).toMatchObject({ expiresAt: EXP * 1_000 + 999 });
    expect(await ask({ exp: NOW_S + 315_576_000 })).toMatchObject({ expiresAt: NOW + 315_576_000_000 });
    for (const exp of ["1e400", String(NOW), String(NOW_S + 320_000_000), "1e300", "8640000000001"])
      expect(await verdictOn(await signRaw(`{"sub":"ada","exp":${exp}}`), { JWT_SECRET: LONG_SECRET })).toBe(
        "the exp of the token is over 10 years ahead: it counts seconds, not milliseconds",
      );
    for (const exp of ["-1e400", "-1", "0"])
      expect(await verdictOn(await signRaw(`{"sub":"ada","exp":${exp}}`), { JWT_SECRET: LONG_SECRET })).toBe(
        "the token expired over a year ago: get a new one",
      );
    for (const iat of ["-1e400", "-1", "0", "null", "1.5"]) {
      const jwt = await signRaw(`{"sub":"ada","exp":${EXP},"iat":${iat},"nbf":${iat}}`);
      const verdict = await verifyToken(tokenConfig({ JWT_SECRET: LONG_SECRET }), jwt, NOW);
      expect(verdict.ok && Number.isSafeInteger(verdict.value.identity.issuedAt ?? 0), iat).toBe(true);
    }
    for (const claim of ["iat", "nbf"])
      for (const value of ["1e400", String(NOW)])
        expect(
          await verdictOn(await signRaw(`{"sub":"ada","exp":${EXP},"${claim}":${value}}`), {
            JWT_SECRET: LONG_SECRET,
          }),
        ).toMatch(claim === "iat" ? /iat of the token is ahead/ : /not valid yet: its nbf/);
    for (const claim of ["exp", "nbf", "iat"])
      expect(await ask({ [claim]: "1800000000" })).toBe(
        `the ${claim} of the token must be seconds since 1970, as a number`,
      );
  });
});

/** The claims unchanged, as no encoder would write them. */
async function signRaw(claims: string): Promise<string> {
  const base64url = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const encoder = new TextEncoder();
  const input = `${base64url(encoder.encode(JSON.stringify(HS256)))}.${base64url(encoder.encode(claims))}`;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(LONG_SECRET), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign(algorithm.name, key, encoder.encode(input));
  return `${input}.${base64url(new Uint8Array(mac))}`;
}
