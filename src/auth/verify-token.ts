// The check of a token, from its form to its claims.

import { decodeJwt, decodeProtectedHeader } from "jose";
import type { VerifiedToken } from "../access/identity.ts";
import type { TokenConfig } from "../config/token-config.ts";
import { log } from "../log/log.ts";
import { accept, type Outcome, type Refusal, refuse, reject } from "../protocol/index.ts";
import {
  readRooms,
  readTimes,
  readUser,
  requireAccessToken,
  requireAccessType,
  requireAudience,
  requireIssuer,
  type TokenClaims,
} from "./token-claims.ts";
import { noteRefusedToken } from "./token-log.ts";
import { MAX_TOKEN_LENGTH, TokenRefused, tokenRefusal } from "./token-refusals.ts";
import { verifyJwtSignature } from "./verify-jwt-signature.ts";

interface Decoded {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: TokenClaims;
}

/** Never rejects. Each refusal has its reason, and is logged. */
export async function verifyToken(
  config: TokenConfig,
  jwt: string,
  now: number,
): Promise<Outcome<VerifiedToken>> {
  let decoded: Decoded | undefined;
  try {
    decoded = decode(jwt);
    return accept(await judge(config, jwt, decoded, now));
  } catch (error) {
    return reject(refusalOf(error, decoded, now));
  }
}

/** In this order: cheap checks come before keys are fetched, and the signature before the claims. */
async function judge(
  config: TokenConfig,
  jwt: string,
  { header, claims }: Decoded,
  now: number,
): Promise<VerifiedToken> {
  if (header.crit !== undefined) throw new TokenRefused("critical_header");
  requireAccessType(header.typ);
  requireIssuer(claims, config);
  const signedAt = typeof claims.iat === "number" ? claims.iat * 1_000 : undefined;
  await verifyJwtSignature(config.key, { jwt, alg: header.alg, kid: header.kid, signedAt });
  requireAccessToken(claims);
  requireAudience(claims, config);
  const times = readTimes(claims, now);
  const user = readUser(claims, config);
  return { identity: { kind: "user", user, ...times }, rooms: readRooms(claims, config) };
}

const PART = /^[\w-]*$/;

function decode(jwt: string): Decoded {
  if (jwt.length > MAX_TOKEN_LENGTH) throw new TokenRefused("too_long");
  const parts = jwt.split(".");
  if (!parts.every((part) => PART.test(part))) throw new TokenRefused("not_a_jwt");
  if (parts.length === 5) throw new TokenRefused("encrypted");
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) };
  } catch {
    throw new TokenRefused("not_a_jwt");
  }
}

function refusalOf(error: unknown, decoded: Decoded | undefined, now: number): Refusal {
  if (!(error instanceof TokenRefused)) {
    log("token_check_failed", { error });
    return refuse("internal", "this failed here");
  }
  const { alg, kid } = decoded?.header ?? {};
  noteRefusedToken(error.refusal, { issuer: decoded?.claims.iss, kid, alg }, now);
  return tokenRefusal(error.refusal);
}
