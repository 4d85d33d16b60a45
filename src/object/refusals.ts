import { refuse } from "../protocol/index.ts";

export const FULL = refuse("room_full", "no more connections here at the moment", { retryAfterMs: 5_000 });
export const FAILED = refuse("internal", "this failed here; nothing was stored");
export const UNREACHABLE = refuse("overloaded", "try again in a moment", { retryAfterMs: 1_000 });
export const NOT_YOURS = refuse("forbidden", "the token is of another user");
export const RETIRED = refuse("not_found", "the log does not reach back to after", { path: ["after"] });

/** `retryAfterMs`: when the allowance will do. */
export const tooFast = (retryAfterMs: number) =>
  refuse("rate_limited", "you are too fast for this room", { retryAfterMs });
