// What the claims of a token say, once its signature is checked. Throws `TokenRefused` where they do not fit.

import { CLOCK_TOLERANCE_MS, type Dated } from "../access/identity.ts";
import { isPermission, type RoomsClaim } from "../access/room-permission.ts";
import { allowedPicture } from "../config/allowed-urls.ts";
import type { TokenConfig } from "../config/token-config.ts";
import { isRecord, isRoomPattern, isUserId, type User } from "../protocol/index.ts";
import { TokenRefused } from "./token-refusals.ts";

const MAX_NAME_LENGTH = 128;
/** Ten years with their leap days. What lasts longer most likely counts milliseconds. */
const MAX_LIFE_MS = 3_653 * 86_400_000 + CLOCK_TOLERANCE_MS;
const BACK_CHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout";

/** As they came: of any type. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** The claim of this very name, or the one at this dotted path; `null` counts as absent. */
export function claimOf(claims: TokenClaims, name: string): unknown {
  const own = Object.hasOwn(claims, name) ? claims[name] : null;
  if (own !== null && own !== undefined) return own;
  let value: unknown = claims;
  for (const part of name.split(".")) {
    value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : null;
  }
  return value ?? undefined;
}

/** Before the signature too: keys are not fetched for tokens of somebody else. */
export function requireIssuer({ iss }: TokenClaims, { issuers }: TokenConfig): void {
  if (issuers.length === 0) return;
  if (iss === undefined || iss === null) throw new TokenRefused("no_issuer", { claim: "iss" });
  if (typeof iss !== "string" || !issuers.includes(iss))
    throw new TokenRefused("wrong_issuer", { claim: "iss" });
}

export function requireAudience(claims: TokenClaims, { audiences, audienceClaim }: TokenConfig): void {
  if (audiences.length === 0) return;
  const value = claimOf(claims, audienceClaim);
  if (value === undefined) throw new TokenRefused("no_audience", { claim: audienceClaim });
  const named: unknown[] = Array.isArray(value) ? value : [value];
  if (!named.some((name) => typeof name === "string" && audiences.includes(name)))
    throw new TokenRefused("wrong_audience", { claim: audienceClaim });
}

/** By the header: a type that ends in `+jwt` says what a token is for. */
export function requireAccessType(typ: unknown): void {
  if (typeof typ !== "string") return;
  const type = typ.toLowerCase().replace(/^application\//, "");
  if (type === "logout+jwt") throw new TokenRefused("logout_token");
  if (type.endsWith("+jwt") && type !== "at+jwt") throw new TokenRefused("wrong_type");
}

/** By the claims in which libraries that sign several kinds with one key say which it is. */
export function requireAccessToken(claims: TokenClaims): void {
  for (const claim of ["token_type", "typ", "type", "token_use"]) {
    const type = claims[claim];
    if (typeof type !== "string") continue;
    // `Offline` is a refresh token of Keycloak that outlives its session.
    if (/^(refresh|offline)$/i.test(type)) throw new TokenRefused("refresh_token", { claim });
    if (/^logout$/i.test(type)) throw new TokenRefused("logout_token", { claim });
  }
  if (isRecord(claims.events) && Object.hasOwn(claims.events, BACK_CHANNEL_LOGOUT))
    throw new TokenRefused("logout_token", { claim: "events" });
}

/** In whole milliseconds. What is not valid before a moment was issued by then, where the token does not say when. */
export function readTimes(claims: TokenClaims, now: number): Dated {
  const exp = instantOf(claims, "exp");
  const nbf = instantOf(claims, "nbf");
  const iat = instantOf(claims, "iat");
  if (exp === undefined) throw new TokenRefused("no_expiry", { claim: "exp" });
  if (exp > now + MAX_LIFE_MS) throw new TokenRefused("expiry_too_far", { claim: "exp" });
  if (exp <= now) throw new TokenRefused("expired", { claim: "exp", agoMs: now - exp });
  if ((nbf ?? 0) > now + CLOCK_TOLERANCE_MS) throw new TokenRefused("not_yet_valid", { claim: "nbf" });
  if ((iat ?? 0) > now + CLOCK_TOLERANCE_MS) throw new TokenRefused("issued_ahead", { claim: "iat" });
  const datedAt = iat ?? nbf;
  // Tokens are dated to the second.
  const issuedAt = datedAt === undefined ? null : Math.max(0, Math.floor(datedAt / 1_000) * 1_000);
  return { expiresAt: Math.floor(exp), issuedAt };
}

/** Of a `NumericDate` in seconds, which may have a fraction; in milliseconds, perhaps beyond what a date holds. */
function instantOf(claims: TokenClaims, claim: "exp" | "nbf" | "iat"): number | undefined {
  const seconds = claims[claim] ?? undefined;
  if (seconds === undefined) return undefined;
  if (typeof seconds !== "number") throw new TokenRefused("bad_time", { claim });
  return seconds * 1_000;
}

export function readUser(claims: TokenClaims, { userClaim, pictureHosts }: TokenConfig): User {
  const { name } = claims;
  const picture = allowedPicture(pictureHosts, claims.picture);
  return {
    id: readUserId(claimOf(claims, userClaim), userClaim),
    ...(typeof name === "string" && name !== "" && { name: name.slice(0, MAX_NAME_LENGTH).toWellFormed() }),
    ...(picture !== undefined && { picture }),
  };
}

/** Many frameworks number their users. */
function readUserId(value: unknown, claim: string): string {
  if (value === undefined) throw new TokenRefused("no_user", { claim });
  if (typeof value === "number") {
    // A greater one has been rounded already: it may be somebody else's.
    if (!Number.isSafeInteger(value)) throw new TokenRefused("inexact_user", { claim });
    return String(value);
  }
  if (typeof value !== "string" || !isUserId(value)) throw new TokenRefused("bad_user", { claim });
  return value;
}

/** `undefined`: the token says nothing of rooms. What it says must be readable, or it would open nothing in silence. */
export function readRooms(claims: TokenClaims, { roomsClaim: claim }: TokenConfig): RoomsClaim | undefined {
  const value = claimOf(claims, claim);
  if (value === undefined) return undefined;
  const rooms = typeof value === "string" ? parseRooms(value, claim) : value;
  if (!isRecord(rooms)) throw new TokenRefused("bad_rooms", { claim });
  for (const [name, level] of Object.entries(rooms)) {
    if (!isRoomPattern(name)) throw new TokenRefused("bad_room_name", { claim });
    if (!isPermission(level)) throw new TokenRefused("bad_level", { claim });
  }
  return rooms;
}

function parseRooms(text: string, claim: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TokenRefused("bad_rooms_json", { claim });
  }
}
