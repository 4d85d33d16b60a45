// The one rule of tokens that a `disconnect` revokes, for rooms, users' objects and calls over HTTP.
//
// The moment of the `disconnect` is T, on the server's clock. The clock of a signer may be up to `CLOCK_TOLERANCE_MS`
// ahead, so tokens dated up to T plus that are revoked: no token issued before T outlives it. A token issued after T may
// be among them, until its signer's clock has passed that date: then the refusal says how long to wait for a new one.

import { CLOCK_TOLERANCE_MS, type Dated } from "../access/identity.ts";
import { type Refusal, refuse } from "../protocol/index.ts";

/** Tokens are dated to the second. */
const SECOND_MS = 1_000;
/** The shortest wait that a refusal asks for. */
const MIN_WAIT_MS = 500;
/** How long after T a new token may be refused: its signer's clock may be slow by the tolerance. */
const WINDOW_MS = 2 * CLOCK_TOLERANCE_MS + SECOND_MS;

/** Which of a user's tokens are revoked. In milliseconds. */
export interface RevokedTokens {
  /** Tokens dated up to then. 0: none is revoked, undated ones included. */
  readonly upTo: number;
  /** Tokens without a date that expire up to then. 0: none was known, so all tokens without a date are revoked. */
  readonly undatedUpTo: number;
}

export const NONE_REVOKED: RevokedTokens = { upTo: 0, undatedUpTo: 0 };

/**
 * What is revoked after a `disconnect` at `now`. `lastUndated`: the latest expiry of an accepted token without a date.
 */
export function revokeAllTokens(before: RevokedTokens, lastUndated: number, now: number): RevokedTokens {
  return {
    // Never back, whatever the clock does, and further each time, so that rooms see that it is new.
    upTo: Math.max(before.upTo + 1, now + CLOCK_TOLERANCE_MS),
    undatedUpTo: Math.max(before.undatedUpTo, lastUndated),
  };
}

const WITHDRAWN = "this token was withdrawn";
const UNDATED = refuse(
  "token_expired",
  "tokens were withdrawn, and this one may be among them: tokens need an iat",
);

/** The refusal of a revoked token; with `retryAfterMs` while a new one may be refused too. */
export function revokedRefusal(
  { issuedAt, expiresAt }: Dated,
  { upTo, undatedUpTo }: RevokedTokens,
  now: number,
): Refusal | undefined {
  if (upTo === 0) return undefined;
  if (issuedAt === null && undatedUpTo === 0) return UNDATED;
  if (issuedAt === null ? expiresAt > undatedUpTo : issuedAt > upTo) return undefined;
  const leftMs = upTo - CLOCK_TOLERANCE_MS + WINDOW_MS - now;
  if (leftMs <= 0) return refuse("token_expired", WITHDRAWN);
  const waitMs = issuedAt === null ? SECOND_MS : upTo + SECOND_MS - signersClock(issuedAt, now);
  const retryAfterMs = Math.min(leftMs, WINDOW_MS, Math.max(MIN_WAIT_MS, waitMs));
  return refuse("token_expired", WITHDRAWN, { retryAfterMs });
}

/** A fresh token shows its signer's clock. An older one shows nothing, and the clock counts as right. */
const signersClock = (issuedAt: number, now: number): number =>
  issuedAt <= now - CLOCK_TOLERANCE_MS - SECOND_MS ? now : issuedAt;
