// Frames that rooms and users both send, encoded.

import type { Refusal } from "../protocol/index.ts";

/** A field of the batch that a replay comes in. */
export const REPLAY = '"replay":true,';

export const caughtUp = (seq: number, more = false): string =>
  `{"type":"caughtUp","seq":${seq}${more ? ',"more":true' : ""}}`;

/** After the last page of a long replay. What stood at or below `floor` may have changed since its page was made. */
export const pagedToTheEnd = (seq: number, floor: number): string =>
  `{"type":"caughtUp","seq":${seq},"floor":${floor}}`;

/**
 * What filtered connections are told when the log moved from `before` to `head`, as their cursors would else fall
 * behind it: at each multiple of 1,000, or of a tenth of `limit`.
 */
export function passed(before: number, head: number, limit: number): string | null {
  const step = Math.max(1, Math.min(1_000, Math.floor(limit / 10)));
  return Math.floor(head / step) > Math.floor(before / step) ? caughtUp(head) : null;
}

export const okAnswer = (id: string, fields: object = {}): string =>
  JSON.stringify({ type: "ok", id, ...fields });

export const errorAnswer = (id: string | undefined, refusal: Refusal): string =>
  JSON.stringify({ type: "error", ...(id !== undefined && { id }), ...refusal });

/** To a ping that the runtime did not answer by itself. */
export const pong = (id: string | undefined, at: number): string => JSON.stringify({ type: "pong", id, at });

/** One page of a list: what is encoded already is put in as it is. */
export function pageAnswer(
  id: string,
  field: "messages" | "events" | "notifications",
  page: { readonly events: readonly string[]; readonly more: boolean },
  fields: object,
): string {
  const rest = JSON.stringify({ ...fields, ...(page.more && { more: true }) }).slice(1);
  return `{"type":"ok","id":${JSON.stringify(id)},"${field}":[${page.events.join(",")}],${rest}`;
}
