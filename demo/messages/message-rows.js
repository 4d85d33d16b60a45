// The rows of the list as data: the list itself only compares and moves them.

import { dayKey } from "../ui/format.js";
import { isOpen, isOwn, isToys } from "./message-content.js";

/** @import { RoomMessage, User } from "../edge-rooms.js" */

/** @typedef {{ kind: "day", key: string, at: number }} DayRow */
/** Above the first unread message. @typedef {{ kind: "unread", key: string }} UnreadRow */
/** @typedef {{ kind: "seen", key: string, readers: readonly User[] }} SeenRow */
/**
 * `first`: of a group by one author; `quoted`: the message that it replies to, if that is loaded.
 *
 * @typedef {{
 *   kind: "message", key: string, message: RoomMessage, own: boolean, first: boolean, quoted: RoomMessage | undefined,
 * }} MessageRow
 */
/** @typedef {DayRow | UnreadRow | SeenRow | MessageRow} Row */
/** @typedef {{ seq: number, readers: readonly User[] }} Seen */

const GROUP_MS = 5 * 60_000;

/**
 * @param {readonly RoomMessage[]} messages
 * @param {{ self: string | undefined, unreadFrom?: number | undefined, seen?: Seen | undefined }} marks
 * @returns {Row[]}
 */
export function rowsOf(messages, { self, unreadFrom = Number.POSITIVE_INFINITY, seen }) {
  const bySeq = new Map(messages.map((message) => [message.seq, message]));
  /** @type {Row[]} */
  const rows = [];
  /** @type {MessageRow | undefined} */
  let before;
  for (const message of messages) {
    const newDay = before === undefined || dayKey(before.message.at) !== dayKey(message.at);
    const own = isOwn(message, self);
    const key = keyOf(message, own);
    // Named after the message below it: if older messages of that day are loaded, its row is a new one further up.
    if (newDay) rows.push({ kind: "day", key: `day ${key}`, at: message.at });
    const firstUnread = seqOf(message) >= unreadFrom && seqOf(before?.message) < unreadFrom;
    if (firstUnread) rows.push({ kind: "unread", key: "unread" });
    const first = newDay || firstUnread || before === undefined || !follows(before, message, own);
    const quoted = message.replyTo === undefined ? undefined : bySeq.get(message.replyTo);
    before = { kind: "message", key, message, own, first, quoted };
    rows.push(before);
    if (seen !== undefined && seen.seq === message.seq)
      rows.push({ kind: "seen", key: "seen", readers: seen.readers });
  }
  return rows;
}

/** Whether both look the same. @param {Row} a @param {Row} b */
export function sameRow(a, b) {
  if (a.kind === "seen" && b.kind === "seen") return a.readers === b.readers;
  if (a.kind !== "message" || b.kind !== "message") return a.kind === b.kind;
  return a.message === b.message && samePlace(a, b);
}

/** Whether all but the message itself looks the same. @param {MessageRow} a @param {MessageRow} b */
export function samePlace(a, b) {
  // A quote of a message that grows is made anew when it has ended, not for each word.
  const sameQuote = a.quoted === b.quoted || (isOpen(a.quoted) && isOpen(b.quoted));
  return a.own === b.own && a.first === b.first && sameQuote;
}

/** A message that is not stored yet comes after all others. @param {RoomMessage} [message] */
const seqOf = (message) => (message === undefined ? 0 : (message.seq ?? Number.MAX_SAFE_INTEGER));

/**
 * From author and id, which stay when a pending message is stored: it keeps its element. Server code that speaks for a
 * user has ids of its own.
 *
 * @param {RoomMessage} message
 * @param {boolean} own
 */
const keyOf = ({ id, from, byServer }, own) =>
  own && !byServer ? `own ${id}` : `${byServer ? "for" : "of"} ${from?.id ?? ""}\n${id}`;

/**
 * @param {MessageRow} before
 * @param {RoomMessage} message
 * @param {boolean} own
 */
const follows = (before, message, own) =>
  before.own === own &&
  !isToys(message) &&
  !isToys(before.message) &&
  before.message.from?.id === message.from?.id &&
  message.at - before.message.at < GROUP_MS;
