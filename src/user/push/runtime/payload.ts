// A notification as a push service takes it: the payload, to be encrypted, and the headers.

import { base64url } from "jose";
import { exceedsBytes, type Priority } from "../../../protocol/index.ts";
import type { PushNotification } from "../push.ts";

/** Services take 4,096 bytes, of which encryption leaves 3,993. */
const MAX_PAYLOAD_BYTES = 3_900;
const DEFAULT_TITLE = "New notification";
const DEFAULT_TTL_S = 4 * 7 * 24 * 3_600;

const URGENCY: Readonly<Record<Priority, string>> = {
  low: "low",
  medium: "normal",
  high: "high",
  urgent: "high",
};

/** Marks a declarative push (Push API, RFC 8030). */
const DECLARATIVE = 8030;
/** Where a click leads without a link: to the page, as the browser resolves it against the scope. */
const HOME = "./";

/**
 * JSON that Safari shows by itself, as a declarative push, and our service worker in other browsers. If it is too long,
 * the end of the message is cut, then the link is left out. `unread`: the count for the badge of the app.
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

/** Has each text once. `tag` is the id, so that a repeated push replaces the one that is shown. */
function encodePush(
  { id, seq, title, priority, topic }: PushNotification,
  { body, link, unread }: Shown,
): string {
  const isSafe = link !== undefined && !/^http:/i.test(link);
  return JSON.stringify({
    web_push: DECLARATIVE,
    notification: {
      // A browser refuses a notification without a title.
      title: title || DEFAULT_TITLE,
      body,
      navigate: isSafe ? link : HOME,
      tag: id,
      ...(priority === "low" && { silent: true }),
      ...(priority === "urgent" && { requireInteraction: true }),
      app_badge: String(unread),
      // Without TLS only a page of the same origin may open. The service worker checks that.
      data: { seq, priority, topic, ...(!isSafe && { link }) },
    },
  });
}

/** `Topic` makes a repeated push replace the one that the service still holds. */
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

/** A hash of the id, as a topic has at most 32 characters of base64url. */
async function topicOf(id: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id));
  return base64url.encode(new Uint8Array(hash).subarray(0, 24));
}

const fits = (json: string): boolean => !exceedsBytes(json, MAX_PAYLOAD_BYTES);

/** Does not cut between the halves of a surrogate pair. */
const cut = (text: string, length: number): string =>
  `${text.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…`;
