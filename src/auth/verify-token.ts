// The only file that knows what a token looks like.

import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { TokenConfig } from "../config/config.ts";
import { allowedPicture } from "../config/pictures.ts";
import { accept, isUserId, type Outcome, refuse, reject, type User } from "../protocol/index.ts";
import { CLOCK_TOLERANCE_MS, type Identity } from "./identity.ts";
import { issuerKeys, KeysUnavailable } from "./issuer-keys.ts";
import type { RoomsClaim } from "./room-permission.ts";

export const MAX_TOKEN_LENGTH = 8_192;
const MAX_NAME_LENGTH = 128;
/** For `nbf` and `iat`; `exp` has none. */
const CLOCK_TOLERANCE_S = CLOCK_TOLERANCE_MS / 1_000;

export interface VerifiedToken {
  readonly identity: Extract<Identity, { kind: "user" }>;
  /** `undefined`: the token says nothing of rooms. */
  readonly rooms: RoomsClaim | undefined;
}

const UNAUTHORIZED = reject(refuse("unauthorized", "the token is not valid"));
const EXPIRED = reject(refuse("token_expired", "the token has expired"));
const noKeys = ({ message, retryAfterMs }: KeysUnavailable) =>
  reject(refuse("overloaded", message, { retryAfterMs }));

export async function verifyToken(
  config: TokenConfig,
  jwt: string,
  now: number,
): Promise<Outcome<VerifiedToken>> {
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
    return error instanceof KeysUnavailable ? noKeys(error) : UNAUTHORIZED;
  }
}

async function verify({ key }: TokenConfig, jwt: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  if (key.kind === "secret") {
    const secret = new TextEncoder().encode(key.secret);
    return (await jwtVerify(jwt, secret, { ...options, algorithms: ["HS256"] })).payload;
  }
  const pinned = { ...options, algorithms: ["RS256", "ES256", "EdDSA"] };
  try {
    return (await jwtVerify(jwt, issuerKeys(key.url), pinned)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return verifyWithAnyOf(error, jwt, pinned);
  }
}

/** An issuer that names no key in its tokens has two that fit while it changes from one to the other. */
async function verifyWithAnyOf(
  keys: errors.JWKSMultipleMatchingKeys,
  jwt: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(jwt, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function read(claims: JWTPayload, config: TokenConfig, now: number): Outcome<VerifiedToken> {
  const userId = claims[config.userClaim];
  const { exp = 0, nbf, iat = nbf } = claims;
  if (typeof userId !== "string" || !isUserId(userId)) return UNAUTHORIZED;
  const issuedAt = iat === undefined ? null : Math.max(0, Math.floor(iat) * 1_000);
  if (issuedAt !== null && issuedAt > now + CLOCK_TOLERANCE_MS) return UNAUTHORIZED;
  if (exp * 1_000 <= now) return EXPIRED;
  const rooms = claims[config.roomsClaim];
  return accept({
    identity: {
      kind: "user",
      user: readUser(userId, claims, config.pictureHosts),
      expiresAt: exp * 1_000,
      issuedAt,
    },
    // A claim that is there decides alone, also one that cannot be read: it then gives nothing.
    rooms: rooms === undefined ? undefined : isRecord(rooms) ? rooms : {},
  });
}

function readUser(id: string, { name, picture: given }: JWTPayload, pictureHosts: readonly string[]): User {
  const picture = allowedPicture(pictureHosts, given);
  return {
    id,
    ...(typeof name === "string" && name !== "" && { name: name.slice(0, MAX_NAME_LENGTH).toWellFormed() }),
    ...(picture !== undefined && { picture }),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
