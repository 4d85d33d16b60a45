// The only file that knows what a token looks like.

import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { TokenConfig } from "../config/config.ts";
import { isUserId, type Refusal, refuse, type User } from "../protocol/index.ts";
import type { Identity } from "./identity.ts";
import type { RoomsClaim } from "./room-permission.ts";

const MAX_TOKEN_LENGTH = 8_192;
const MAX_NAME_LENGTH = 128;
const MAX_PICTURE_LENGTH = 1_024;
/** For `nbf` and `iat`; `exp` has none. */
const CLOCK_TOLERANCE_S = 60;

export interface VerifiedToken {
  readonly identity: Extract<Identity, { kind: "user" }>;
  /** `undefined`: the token says nothing of rooms. */
  readonly rooms: RoomsClaim | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly refusal: Refusal };

const refused = (refusal: Refusal): Verdict => ({ ok: false, refusal });
const UNAUTHORIZED = refused(refuse("unauthorized", "the token is not valid"));
const EXPIRED = refused(refuse("token_expired", "the token has expired"));
const NO_KEYS = refused(
  refuse("overloaded", "the keys of the token issuer cannot be had now", { retryAfterMs: 2_000 }),
);

/** jose keeps fetched keys in the set, so one set an isolate. */
const jwksOf = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

export async function verifyToken(config: TokenConfig, jwt: string, now: number): Promise<Verdict> {
  if (jwt.length > MAX_TOKEN_LENGTH) return UNAUTHORIZED;
  const options: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_S,
    currentDate: new Date(now),
    requiredClaims: ["exp", config.userClaim],
    ...(config.issuer !== undefined && { issuer: config.issuer }),
    ...(config.audience !== undefined && { audience: config.audience }),
  };
  try {
    return read(await verify(config, jwt, options), config, now);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return EXPIRED;
    // Whether the issuer's keys could be had says nothing about the token.
    if (error instanceof errors.JWKSTimeout || isFetchFailure(error)) return NO_KEYS;
    return UNAUTHORIZED;
  }
}

async function verify({ key }: TokenConfig, jwt: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  if (key.kind === "secret") {
    const secret = new TextEncoder().encode(key.secret);
    return (await jwtVerify(jwt, secret, { ...options, algorithms: ["HS256"] })).payload;
  }
  let jwks = jwksOf.get(key.url);
  if (jwks === undefined) {
    jwks = createRemoteJWKSet(new URL(key.url));
    jwksOf.set(key.url, jwks);
  }
  return (await jwtVerify(jwt, jwks, { ...options, algorithms: ["RS256", "ES256", "EdDSA"] })).payload;
}

function read(claims: JWTPayload, config: TokenConfig, now: number): Verdict {
  const userId = claims[config.userClaim];
  const { exp = 0, iat = 0 } = claims;
  if (typeof userId !== "string" || !isUserId(userId)) return UNAUTHORIZED;
  if (iat * 1_000 > now + CLOCK_TOLERANCE_S * 1_000) return UNAUTHORIZED;
  if (exp * 1_000 <= now) return EXPIRED;
  const rooms = claims[config.roomsClaim];
  return {
    ok: true,
    token: {
      identity: {
        kind: "user",
        user: readUser(userId, claims),
        expiresAt: exp * 1_000,
        issuedAt: iat * 1_000,
      },
      // A claim that is there decides alone, also one that cannot be read: it then gives nothing.
      rooms: rooms === undefined ? undefined : isRecord(rooms) ? rooms : {},
    },
  };
}

function readUser(id: string, { name, picture }: JWTPayload): User {
  return {
    id,
    ...(typeof name === "string" && name !== "" && { name: name.slice(0, MAX_NAME_LENGTH).toWellFormed() }),
    ...(typeof picture === "string" && picture.length <= MAX_PICTURE_LENGTH && picture !== "" && { picture }),
  };
}

/** jose reports an answer other than 200 as a plain JOSEError, and a network fault as whatever `fetch` threw. */
const isFetchFailure = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof errors.JOSEError && error.code === "ERR_JOSE_GENERIC");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
