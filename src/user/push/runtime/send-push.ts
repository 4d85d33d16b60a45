// One push to one push service (RFC 8030, 8291, 8292).

import { encryptNotification } from "@block65/webcrypto-web-push";
import type { Vapid } from "../../../config/push-config.ts";
import type { PushAddress, PushNotification, PushOutcome } from "../push.ts";
import { headersOf, payloadOf } from "./payload.ts";
import { authorizationOf } from "./vapid.ts";

/** The one bound on how long a push may take, and so on how long it keeps an object awake. */
const WITHIN_MS = 10_000;
const NOT_BEFORE = "Retry-After";

/** Never rejects. The outcome may be logged: it holds no secret. */
export async function sendPush(
  vapid: Vapid,
  address: PushAddress,
  notification: PushNotification,
  unread: number,
  now: number,
): Promise<PushOutcome> {
  try {
    const outcome = await attempt(vapid, address, notification, payloadOf(notification, unread), now);
    if (outcome.kind !== "refused" || outcome.status !== 413) return outcome;
    return await attempt(vapid, address, notification, payloadOf(notification, unread, false), now);
  } catch (error) {
    return { kind: "later", retryAfterMs: 0, why: error instanceof Error ? error.name : "failed" };
  }
}

async function attempt(
  vapid: Vapid,
  address: PushAddress,
  notification: PushNotification,
  payload: string,
  now: number,
): Promise<PushOutcome> {
  const body = await encrypt(address, payload);
  // Nothing can be encrypted for these keys, so the subscription is of no use.
  if (body === undefined) return { kind: "gone" };
  const headers = {
    ...(await headersOf(notification, now)),
    Authorization: await authorizationOf(vapid, address.endpoint, now),
    "Content-Encoding": "aes128gcm",
    "Content-Type": "application/octet-stream",
  };
  const response = await withinTime((signal) =>
    fetch(address.endpoint, { method: "POST", headers, body, redirect: "manual", signal }),
  );
  await response.body?.cancel();
  return outcomeOf(response, now);
}

/** Not `AbortSignal.timeout`: it would keep the object awake for the whole time, the largest cost of a push. */
async function withinTime<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException("too slow", "TimeoutError")), WITHIN_MS);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function encrypt({ endpoint, p256dh, auth }: PushAddress, payload: string) {
  const subscription = { endpoint, expirationTime: null, keys: { p256dh, auth } };
  return encryptNotification(subscription, new TextEncoder().encode(payload)).catch(() => undefined);
}

function outcomeOf({ ok, status, headers }: Response, now: number): PushOutcome {
  if (ok) return { kind: "sent" };
  if (status === 404 || status === 410) return { kind: "gone" };
  if (status === 429 || status >= 500) {
    return { kind: "later", retryAfterMs: waitOf(headers.get(NOT_BEFORE), now), why: `answered ${status}` };
  }
  return { kind: "refused", status };
}

/** `Retry-After`, seconds or a date, in milliseconds. */
function waitOf(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  const ms = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
