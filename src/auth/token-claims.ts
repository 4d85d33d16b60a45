// Reads the claims of a token whose signature was checked. Throws `TokenRefused` if they do not fit.

import { CLOCK_TOLERANCE_MS, type Dated } from "../access/identity.ts";
import { isPermission, type RoomsClaim } from "../access/room-permission.ts";
import { allowedPicture } from "../config/allowed-urls.ts";
import type { TokenConfig } from "../config/token-config.ts";
import { isRecord, isRoomPattern, isUserId, parseJson, type User } from "../protocol/index.ts";
import { TokenRefused } from "./token-refusals.ts";

const MAX_NAME_LENGTH = 128;
/** Ten years with leap days. A longer life is most likely counted in milliseconds by mistake. */
const MAX_LIFE_MS = 3_653 * 86_400_000 + CLOCK_TOLERANCE_MS;
const BACK_CHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout";

/** Unchecked: each may be of any type. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** The claim of this name, or else the one at this dotted path. `null` counts as absent. */
export function claimOf(claims: TokenClaims, name: string): unknown {
  const own = Object.hasOwn(claims, name) ? claims[name] : null;
  if (own !== null && own !== undefined) return own;
  let value: unknown = claims;
  for (const part of name.split(".")) {
    value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : null;
  }
  return value ?? undefined;
}

/** Checked before the signature, so that no keys are fetched for tokens of another issuer. */
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

/** Checks `typ` in the header: one that ends in `+jwt` says what a token is for. */
export function requireAccessType(typ: unknown): void {
  if (typeof typ !== "string") return;
  const type = typ.toLowerCase().replace(/^application\//, "");
  if (type === "logout+jwt") throw new TokenRefused("logout_token");
  if (type.endsWith("+jwt") && type !== "at+jwt") throw new TokenRefused("wrong_type");
}

/** Checks the claims by which libraries tell the kinds of tokens that they sign with one key. */
export function requireAccessToken(claims: TokenClaims): void {
  for (const claim of ["token_type", "typ", "type", "token_use"]) {
    const type = claims[claim];
    if (typeof type !== "string") continue;
    // `Offline`: a Keycloak refresh token that outlives its session.
    if (/^(refresh|offline)$/i.test(type)) throw new TokenRefused("refresh_token", { claim });
    if (/^logout$/i.test(type)) throw new TokenRefused("logout_token", { claim });
  }
  if (isRecord(claims.events) && Object.hasOwn(claims.events, BACK_CHANNEL_LOGOUT))
    throw new TokenRefused("logout_token", { claim: "events" });
}

/** In whole milliseconds. `issuedAt` is `iat`, or else `nbf`. */
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

/** A `NumericDate`, seconds with a fraction, in milliseconds. It may be more than a `Date` can hold. */
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

/** The user id: text, or an integer, as many frameworks number their users. */
function readUserId(value: unknown, claim: string): string {
  if (value === undefined) throw new TokenRefused("no_user", { claim });
  if (typeof value === "number") {
    // A greater integer was rounded when it was parsed, and may be the id of another user.
    if (!Number.isSafeInteger(value)) throw new TokenRefused("inexact_user", { claim });
    return String(value);
  }
  if (typeof value !== "string" || !isUserId(value)) throw new TokenRefused("bad_user", { claim });
  return value;
}

/** `undefined`: there is no `rooms` claim. A malformed one is refused, as it would silently open nothing. */
export function readRooms(claims: TokenClaims, { roomsClaim: claim }: TokenConfig): RoomsClaim | undefined {
  const value = claimOf(claims, claim);
  if (value === undefined) return undefined;
  const rooms = typeof value === "string" ? parseJson(value) : value;
  if (rooms === undefined) throw new TokenRefused("bad_rooms_json", { claim });
  if (!isRecord(rooms)) throw new TokenRefused("bad_rooms", { claim });
  for (const [name, level] of Object.entries(rooms)) {
    if (!isRoomPattern(name)) throw new TokenRefused("bad_room_name", { claim });
    if (!isPermission(level)) throw new TokenRefused("bad_level", { claim });
  }
  return rooms;
}
