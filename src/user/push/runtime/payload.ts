// A notification as a push service takes it: what of it is encrypted, and what stands in headers.

import { exceedsBytes, type Priority } from "../../../protocol/index.ts";
import type { PushNotification } from "../push.ts";

/** Services take 4,096 bytes in all; encryption leaves 3,993 of them. */
const MAX_PAYLOAD_BYTES = 3_900;
const DEFAULT_TITLE = "New notification";
const DEFAULT_TTL_S = 4 * 7 * 24 * 3_600;

const URGENCY: Readonly<Record<Priority, string>> = {
  low: "low",
  medium: "normal",
  high: "high",
  urgent: "high",
};

/** The value that makes a push a declarative one (Push API, RFC 8030). */
const DECLARATIVE = 8030;
/** Where a click leads that has no link: to the page, as the browser resolves it against the scope. */
const HOME = "./";

/**
 * JSON that a browser shows by itself where it knows declarative pushes (Safari), and our service worker elsewhere. What
 * is too long goes: of the message the end, then the link. `unread` is the count for the app's badge.
 */
export function payloadOf(notification: PushNotification, unread: number, withMessage = true): string {
  const message = withMessage ? notification.message : "";
  const { link } = notification;
  const encode = (body: string, to: string | undefined) =>
    encodePush(notification, { body, link: to, unread });
  if (fits(encode(message, link))) return encode(message, link);
  const to = fits(encode("…", link)) ? link : undefined;
  let shortest = 0;
  let tooLong = message.length;
  while (tooLong - shortest > 1) {
    const middle = Math.floor((shortest + tooLong) / 2);
    if (fits(encode(cut(message, middle), to))) shortest = middle;
    else tooLong = middle;
  }
  return encode(cut(message, shortest), to);
}

interface Shown {
  readonly body: string;
  readonly link: string | undefined;
  readonly unread: number;
}

/** Every text stands once. `tag` is the id: a repeat takes the place of what is shown. */
function encodePush(
  { id, seq, title, priority, topic }: PushNotification,
  { body, link, unread }: Shown,
): string {
  const isSafe = link !== undefined && !/^http:/i.test(link);
  return JSON.stringify({
    web_push: DECLARATIVE,
    notification: {
      // One without a title is refused as a whole.
      title: title || DEFAULT_TITLE,
      body,
      navigate: isSafe ? link : HOME,
      tag: id,
      ...(priority === "low" && { silent: true }),
      ...(priority === "urgent" && { requireInteraction: true }),
      app_badge: String(unread),
      // Only a page of the same origin may be shown without TLS, which the service worker knows.
      data: { seq, priority, topic, ...(!isSafe && { link }) },
    },
  });
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
