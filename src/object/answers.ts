// Frames that rooms and users both send, encoded, and the refusals that both answer with.

import { type Refusal, refuse } from "../protocol/index.ts";

/** A field of the batch that a replay comes in. */
export const REPLAY = '"replay":true,';

export const caughtUp = (seq: number, more = false): string =>
  `{"type":"caughtUp","seq":${seq}${more ? ',"more":true' : ""}}`;

/** After the last page of a long replay. Entries up to `floor` may have changed since their page was made. */
export const pagedToTheEnd = (seq: number, floor: number): string =>
  `{"type":"caughtUp","seq":${seq},"floor":${floor}}`;

/**
 * The `caughtUp` for connections with a topic filter, whose cursors would else fall behind the log: whenever the log
 * passes a multiple of 1,000, or of a tenth of `limit`. `null`: none, `before` and `head` are in the same step.
 */
export function cursorCheckpoint(before: number, head: number, limit: number): string | null {
  const step = Math.max(1, Math.min(1_000, Math.floor(limit / 10)));
  return Math.floor(head / step) > Math.floor(before / step) ? caughtUp(head) : null;
}

export const okAnswer = (id: string, fields: object = {}): string =>
  JSON.stringify({ type: "ok", id, ...fields });

export const errorAnswer = (id: string | undefined, refusal: Refusal): string =>
  JSON.stringify({ type: "error", ...(id !== undefined && { id }), ...refusal });

/** The answer to a ping that the runtime did not answer by itself. */
export const pong = (id: string | undefined, at: number): string => JSON.stringify({ type: "pong", id, at });

/** One page of a list. Its entries are encoded already, and are put in as they are. */
export function pageAnswer(
  id: string,
  field: "messages" | "events" | "notifications",
  page: { readonly events: readonly string[]; readonly more: boolean },
  fields: object,
): string {
  const rest = JSON.stringify({ ...fields, ...(page.more && { more: true }) }).slice(1);
  return `{"type":"ok","id":${JSON.stringify(id)},"${field}":[${page.events.join(",")}],${rest}`;
}

export const FULL = refuse("room_full", "no more connections here at the moment", { retryAfterMs: 5_000 });
export const FAILED = refuse("internal", "this failed here; nothing was stored");
export const UNREACHABLE = refuse("overloaded", "try again in a moment", { retryAfterMs: 1_000 });
export const TOKEN_EXPIRED = refuse("token_expired", "the token expired meanwhile: get a new one");
export const NOT_YOURS = refuse("forbidden", "the token is of another user");
/** Why a connection ends whose user may no longer read. */
export const TAKEN_BY_TOKEN = refuse("forbidden", "the new token may not read this room");
export const TAKEN_BY_BACK_END = refuse("forbidden", "AUTHORIZE_URL no longer lets you read this room");
export const RETIRED = refuse("not_found", "the log does not reach back to after", { path: ["after"] });

/** `retryAfterMs`: in how long the allowance suffices. */
export const tooFast = (retryAfterMs: number) =>
  refuse("rate_limited", "you are too fast for this room", { retryAfterMs });
