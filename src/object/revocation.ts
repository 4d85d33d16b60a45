// The one rule of tokens that a `disconnect` voids. Rooms, users' objects and calls over HTTP all ask it.
//
// The moment of the `disconnect` is T, on the server's clock. The clock of whoever signs tokens may be up to
// `CLOCK_TOLERANCE_MS` ahead, so what is dated up to T plus that is void: no token issued before T outlives it. For the
// same reason a token issued after T may be void too, until that signer's clock has passed the date: such a refusal
// says how long to wait for a token that counts.

import { CLOCK_TOLERANCE_MS, type Dated } from "../access/identity.ts";
import { type Refusal, refuse } from "../protocol/index.ts";

/** Tokens are dated to the second. */
const SECOND_MS = 1_000;
/** Nobody is asked to come back sooner. */
const MIN_WAIT_MS = 500;
/** How long after T a token may be void that was issued after it: by a signer whose clock is as slow as is allowed. */
const WINDOW_MS = 2 * CLOCK_TOLERANCE_MS + SECOND_MS;

/** Which of a user's tokens are void. In milliseconds. */
export interface VoidTokens {
  /** Those dated up to then; 0: none is, undated ones included. */
  readonly upTo: number;
  /** Of those without a date, the ones that expire up to then. 0: no such token was known, and all of them are void. */
  readonly undatedUpTo: number;
}

export const NONE_VOID: VoidTokens = { upTo: 0, undatedUpTo: 0 };

/**
 * What is void after a `disconnect` at `now`. `lastUndated`: the latest expiry of an undated token that was accepted.
 */
export function withdrawAll(before: VoidTokens, lastUndated: number, now: number): VoidTokens {
  return {
    // Never back, whatever the clock does; and further each time, so that rooms see that it is news.
    upTo: Math.max(before.upTo + 1, now + CLOCK_TOLERANCE_MS),
    undatedUpTo: Math.max(before.undatedUpTo, lastUndated),
  };
}

const WITHDRAWN = "this token was withdrawn";
const UNDATED = refuse(
  "token_expired",
  "tokens were withdrawn, and this one may be among them: tokens need an iat",
);

/** Why this token is void, if it is; with `retryAfterMs` while a fresh one may be too. All in milliseconds. */
export function withdrawn(
  { issuedAt, expiresAt }: Dated,
  { upTo, undatedUpTo }: VoidTokens,
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

/** A fresh token shows its signer's clock; one that is older shows nothing, and the clock is taken to be right. */
const signersClock = (issuedAt: number, now: number): number =>
  issuedAt <= now - CLOCK_TOLERANCE_MS - SECOND_MS ? now : issuedAt;
