// Which notifications are pushed, and when: what a device shows anyway is not, nor what waits for the morning.

import type { Notification } from "../../protocol/index.ts";

/** So many tries, and then whatever waited for this subscription is dropped: about a day. */
export const MAX_TRIES = 6;
const FIRST_RETRY_MS = 60_000;
const RETRY_FACTOR = 5;
const DAY_MS = 86_400_000;
/** Older than any quiet night and any row of tries: somebody took pushes back up after days, and this is no news. */
const MAX_AGE_MS = 2 * DAY_MS;

export type Pushable = Pick<Notification, "priority" | "state" | "muted" | "at" | "expiresAt">;

export interface Circumstances {
  /** Whether a session socket is open. It may be that of a device that vanished: so long nobody knows. */
  readonly online: boolean;
  readonly doubtMs: number;
  readonly quietUntil: number | null;
  /** Whether the user wants any. */
  readonly wanted: boolean;
}

export type Verdict =
  | { readonly kind: "send" }
  | { readonly kind: "drop" }
  | { readonly kind: "wait"; readonly until: number };

const SEND: Verdict = { kind: "send" };
const DROP: Verdict = { kind: "drop" };

export function judge(
  { priority, state, muted, at, expiresAt }: Pushable,
  { online, doubtMs, quietUntil, wanted }: Circumstances,
  now: number,
): Verdict {
  if (!wanted || muted === true || state !== "unseen" || now - at > MAX_AGE_MS) return DROP;
  if (expiresAt !== undefined && expiresAt <= now) return DROP;
  if (priority === "urgent") return SEND;
  // A device that is still there by then has shown it. Those of one stretch of time are looked at together.
  if (online && now >= at + doubtMs) return DROP;
  if (online) return { kind: "wait", until: Math.ceil((at + doubtMs) / doubtMs) * doubtMs };
  return quietUntil === null ? SEND : { kind: "wait", until: quietUntil };
}

/** How long after the `tries`th failure the next try comes. `random` is 0 to 1. */
export function waitAfter(tries: number, retryAfterMs: number, random: number): number {
  const backOffMs = FIRST_RETRY_MS * RETRY_FACTOR ** (tries - 1) * (0.5 + random);
  return Math.min(DAY_MS, Math.max(backOffMs, retryAfterMs * (1 + random / 10)));
}
