import { describe, expect, it } from "vitest";
import {
  NONE_REVOKED,
  type RevokedTokens,
  revokeAllTokens,
  revokedRefusal,
} from "../../src/object/revocation.ts";

const HOUR_MS = 3_600_000;
const TOLERANCE_MS = 60_000;
/** Not the start of a second. */
const T = 1_790_000_000_437;

/** A token of a signer whose clock is off by `lagMs` (ahead if positive), dated to the second. */
const signedAt = (now: number, lagMs: number) => {
  const issuedAt = Math.floor((now + lagMs) / 1_000) * 1_000;
  return { issuedAt, expiresAt: issuedAt + HOUR_MS };
};

const undated = (expiresAt: number) => ({ issuedAt: null, expiresAt });

const LAGS_S = Array.from({ length: 121 }, (_, at) => at - 60);

/** Acts as the client does: after each refusal it waits, and asks its signer for a token. */
function comesBack(token: { issuedAt: number; expiresAt: number }, lagMs: number, revoked: RevokedTokens) {
  let now = T;
  let held = token;
  for (let tries = 1; ; tries++) {
    const refusal = revokedRefusal(held, revoked, now);
    if (refusal === undefined) return { now, tries };
    const { retryAfterMs } = refusal;
    expect(retryAfterMs, `lag ${lagMs}, ${now - T} ms after`).toBeTypeOf("number");
    now += retryAfterMs ?? 0;
    held = signedAt(now, lagMs);
  }
}

describe("a disconnect", () => {
  const revoked = revokeAllTokens(NONE_REVOKED, 0, T);

  it("[B10] revokes nothing before the first one", () => {
    for (const token of [signedAt(0, 0), signedAt(T, 60_000), undated(1)])
      expect(revokedRefusal(token, NONE_REVOKED, T)).toBe(undefined);
  });

  it.each(LAGS_S)("[B10] revokes every token issued before, by a signer %i s ahead", (lagS) => {
    for (const ageMs of [0, 1, 437, 999, 5_000, 60_000, HOUR_MS])
      for (const laterMs of [0, 60_000, 120_000, 125_000, HOUR_MS])
        expect(revokedRefusal(signedAt(T - ageMs, lagS * 1_000), revoked, T + laterMs)).toMatchObject({
          code: "token_expired",
        });
  });

  it.each(LAGS_S)("[B11] lets a fresh token of a signer %i s ahead in within the window", (lagS) => {
    const lagMs = lagS * 1_000;
    for (const ageMs of [0, 700, 30_000, 61_000, HOUR_MS]) {
      const { now, tries } = comesBack(signedAt(T - ageMs, lagMs), lagMs, revoked);
      // As soon as its signer's clock allows, apart from whole seconds and the shortest wait. A stored token says less
      // of that clock.
      const earliest = Math.max(0, TOLERANCE_MS - lagMs);
      expect(now - T).toBeLessThanOrEqual(ageMs < 1_000 ? earliest + 2_500 : 121_000);
      expect(tries).toBeLessThanOrEqual(4);
    }
  });

  it("[B11] makes a refusal say how long a fresh token takes, at least some hundred ms", () => {
    const waitOf = (issuedAt: number, now: number) =>
      revokedRefusal({ issuedAt, expiresAt: issuedAt + HOUR_MS }, revoked, now)?.retryAfterMs;
    expect(waitOf(T, T)).toBe(61_000);
    expect(waitOf(T - 30_000, T)).toBe(91_000);
    expect(waitOf(T - 60_000, T)).toBe(121_000);
    expect(waitOf(T + 59_900, T)).toBe(1_100);
    // The token is old, so nothing is known of its signer's clock.
    expect(waitOf(T - HOUR_MS, T)).toBe(61_000);
    expect(waitOf(T - HOUR_MS, T + 61_000)).toBe(500);
    expect(waitOf(T, T + 120_800)).toBe(200);
    expect(waitOf(T, T + 121_000)).toBe(undefined);
    expect(revokedRefusal({ issuedAt: T, expiresAt: T + HOUR_MS }, revoked, T + 121_000)).toBeDefined();
    // Not longer, although the clock was set back.
    expect(waitOf(T, T - HOUR_MS)).toBe(61_000);
    expect(waitOf(T - HOUR_MS, T - HOUR_MS)).toBe(121_000);
  });

  it("[B10] never moves the limit back, and moves it each time", () => {
    const once = revokeAllTokens(NONE_REVOKED, 5, T);
    const again = revokeAllTokens(once, 3, T);
    expect(again.upTo).toBeGreaterThan(once.upTo);
    expect(revokeAllTokens(again, 9, T - HOUR_MS)).toEqual({ upTo: again.upTo + 1, undatedUpTo: 9 });
    expect(again.undatedUpTo).toBe(5);
  });
});

describe("a token without a date", () => {
  const known = revokeAllTokens(NONE_REVOKED, T + HOUR_MS, T);

  it("[B12] is revoked if it expires no later than one that was accepted before", () => {
    for (const expiresAt of [T + 1, T + HOUR_MS])
      expect(revokedRefusal(undated(expiresAt), known, T + 5_000)).toMatchObject({
        code: "token_expired",
        retryAfterMs: 1_000,
      });
    expect(revokedRefusal(undated(T + HOUR_MS + 1_000), known, T)).toBe(undefined);
    expect(revokedRefusal(undated(T + HOUR_MS), known, T + 121_000)).not.toHaveProperty("retryAfterMs");
  });

  it("[B12] is refused for good, with a hint about iat, if none was known", () => {
    const refusal = revokedRefusal(undated(T + 9 * HOUR_MS), revokeAllTokens(NONE_REVOKED, 0, T), T);
    expect(refusal).toMatchObject({ code: "token_expired", message: expect.stringContaining("iat") });
    expect(refusal).not.toHaveProperty("retryAfterMs");
  });
});
