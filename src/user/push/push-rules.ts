// Which notifications are pushed, and when. One that a device has shown is not pushed; in quiet hours pushes wait.

import type { Notification, Preferences } from "../../protocol/index.ts";

/** After this many failures in a row, about a day, what waits for the subscription is dropped. */
export const MAX_TRIES = 6;
const FIRST_RETRY_MS = 60_000;
const RETRY_FACTOR = 5;
const DAY_MS = 86_400_000;
/** Longer than any quiet night and any row of retries: what is older is no news any more. */
const MAX_AGE_MS = 2 * DAY_MS;

export type Pushable = Pick<Notification, "priority" | "state" | "muted" | "at" | "expiresAt">;

export interface Circumstances {
  /** Whether a session is open. It may be that of a device that vanished: only after `doubtMs` is that known. */
  readonly online: boolean;
  readonly doubtMs: number;
  readonly quietUntil: number | null;
  /** Whether the user wants pushes. */
  readonly wanted: boolean;
}

export type PushVerdict =
  | { readonly kind: "send" }
  | { readonly kind: "drop" }
  | { readonly kind: "wait"; readonly until: number };

const SEND: PushVerdict = { kind: "send" };
const DROP: PushVerdict = { kind: "drop" };

export function judge(
  { priority, state, muted, at, expiresAt }: Pushable,
  { online, doubtMs, quietUntil, wanted }: Circumstances,
  now: number,
): PushVerdict {
  if (!wanted || muted === true || state !== "unseen" || now - at > MAX_AGE_MS) return DROP;
  if (expiresAt !== undefined && expiresAt <= now) return DROP;
  if (priority === "urgent") return SEND;
  // A device that is still connected by then has shown it.
  if (online && now >= at + doubtMs) return DROP;
  // Rounded up, so that all of one stretch of time are looked at together.
  if (online) return { kind: "wait", until: Math.ceil((at + doubtMs) / doubtMs) * doubtMs };
  return quietUntil === null ? SEND : { kind: "wait", until: quietUntil };
}

/** How long after the `tries`th failure the next try comes. `random` is 0 to 1. */
export function waitAfter(tries: number, retryAfterMs: number, random: number): number {
  const backOffMs = FIRST_RETRY_MS * RETRY_FACTOR ** (tries - 1) * (0.5 + random);
  return Math.min(DAY_MS, Math.max(backOffMs, retryAfterMs * (1 + random / 10)));
}

/**
 * What a change of preferences does to the pushes that wait. `drop`: the user wants pushes again, and what came
 * meanwhile is no news. `send`: other quiet hours, so what waits for the end of the old ones is looked at now.
 */
export function pushesAfterChange(
  before: Pick<Preferences, "push" | "quietHours">,
  patch: Partial<Preferences>,
): "drop" | "send" | "keep" {
  if (!before.push && patch.push === true) return "drop";
  return before.quietHours !== null && patch.quietHours !== undefined ? "send" : "keep";
}
