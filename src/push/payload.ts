// A notification as a push service takes it: what of it is encrypted, and what stands in headers.

import { exceedsBytes, type Priority } from "../protocol/index.ts";
import type { PushNotification } from "./push.ts";

/** Services take 4,096 bytes in all; encryption leaves 3,993 of them. */
const MAX_PAYLOAD_BYTES = 3_900;
const DEFAULT_TTL_S = 4 * 7 * 24 * 3_600;

const URGENCY: Readonly<Record<Priority, string>> = {
  low: "low",
  medium: "normal",
  high: "high",
  urgent: "high",
};

/** JSON for the service worker. What is too long goes: of the message the end, then the link. */
export function payloadOf(notification: PushNotification, withMessage = true): string {
  const { id, seq, title, priority, topic, link } = notification;
  const message = withMessage ? notification.message : "";
  const encode = (text: string, fields: object = { link }) =>
    JSON.stringify({ title, message: text, ...fields, topic, priority, id, seq });
  if (fits(encode(message))) return encode(message);
  const fields = fits(encode("…")) ? { link } : {};
  let shortest = 0;
  let tooLong = message.length;
  while (tooLong - shortest > 1) {
    const middle = Math.floor((shortest + tooLong) / 2);
    if (fits(encode(cut(message, middle), fields))) shortest = middle;
    else tooLong = middle;
  }
  return encode(cut(message, shortest), fields);
}

/** A repeat of one and the same takes the place of what the service still holds. */
export async function headersOf(
  { id, priority, expiresAt }: PushNotification,
  now: number,
): Promise<Record<string, string>> {
  const leftS = expiresAt === undefined ? DEFAULT_TTL_S : Math.ceil((expiresAt - now) / 1_000);
  return {
    TTL: String(Math.max(0, Math.min(DEFAULT_TTL_S, leftS))),
    Urgency: URGENCY[priority],
    Topic: await topicOf(id),
  };
}

/** At most 32 characters of base64url, so an id is hashed. */
async function topicOf(id: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id));
  const bytes = new Uint8Array(hash).subarray(0, 24);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

const fits = (json: string): boolean => !exceedsBytes(json, MAX_PAYLOAD_BYTES);

/** Not between the halves of a pair. */
const cut = (text: string, length: number): string =>
  `${text.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…`;
