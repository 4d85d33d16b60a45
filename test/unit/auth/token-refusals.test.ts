import { describe, expect, it } from "vitest";
import { TOKEN_REFUSAL_REASONS, tokenRefusal } from "../../../src/auth/token-refusals.ts";
import { closeReason, parseCloseReason } from "../../../src/protocol/index.ts";

describe("the reason of a refused token", () => {
  it("[A20] fits into a close frame, with its code", () => {
    for (const reason of TOKEN_REFUSAL_REASONS) {
      const refusal = tokenRefusal({ reason, claim: "client_id", retryAfterMs: 30_000 });
      expect(parseCloseReason(closeReason(refusal)), reason).toEqual(refusal);
    }
    expect(TOKEN_REFUSAL_REASONS.length).toBeGreaterThan(30);
  });

  it("[A20] names the claim by its name in the settings, and differs for each cause", () => {
    const words = TOKEN_REFUSAL_REASONS.map((reason) => tokenRefusal({ reason, claim: "uid" }).message);
    expect(new Set(words).size).toBe(words.length);
    expect(words.join()).not.toContain("{");
    expect(tokenRefusal({ reason: "no_user", claim: "app.$&.uid" }).message).toContain("app.$&.uid");
  });

  it("[A20] says how long ago a token expired", () => {
    const second = 1_000;
    const ago = (agoMs: number) => tokenRefusal({ reason: "expired", claim: "exp", agoMs }).message;
    expect(
      [0, 5.9, 90, 119, 120, 7_199, 7_200, 86_400 * 2, 86_400 * 365].map((seconds) => ago(seconds * second)),
    ).toEqual([
      ...[
        "the token expired 0 s ago: get a new one",
        "the token expired 5 s ago: get a new one",
        "the token expired 90 s ago: get a new one",
      ],
      ...[
        "the token expired 119 s ago: get a new one",
        "the token expired 2 min ago: get a new one",
        "the token expired 119 min ago: get a new one",
      ],
      ...[
        "the token expired 2 h ago: get a new one",
        "the token expired 2 d ago: get a new one",
        "the token expired over a year ago: get a new one",
      ],
    ]);
    expect(ago(Number.POSITIVE_INFINITY)).toBe("the token expired over a year ago: get a new one");
  });
});
