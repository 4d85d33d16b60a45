import { type Refusal, refuse } from "../protocol/index.ts";

/** Tokens are dated to the second. */
const SECOND_MS = 1_000;

/** What is issued in the second of `now` is void too. */
export const voidFrom = (now: number): number => Math.floor(now / SECOND_MS) * SECOND_MS;

/**
 * Why a token is void that was issued at `issuedAt`, if it is. Within the second that tokens were withdrawn in, a new
 * one would have the same date: so it is to be waited out. All in milliseconds; `voidUpTo` 0: none was withdrawn.
 */
export function withdrawn(issuedAt: number, voidUpTo: number, now: number): Refusal | undefined {
  if (voidUpTo === 0 || issuedAt > voidUpTo) return undefined;
  const retryAfterMs = voidUpTo + SECOND_MS - now;
  return refuse("token_expired", "this token was withdrawn", retryAfterMs > 0 ? { retryAfterMs } : {});
}
