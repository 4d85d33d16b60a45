// @ts-check
// What the list shows, row by row: pure, so that the list itself only compares and moves.

import { dayKey } from "../ui/format.js";

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("../edge-rooms.js").User} User */
/** @typedef {{ kind: "day", key: string, at: number }} DayRow */
/** What follows came while nobody looked. @typedef {{ kind: "unread", key: string }} UnreadRow */
/** @typedef {{ kind: "seen", key: string, readers: readonly User[] }} SeenRow */
/**
 * `first`: a new sender, or some time after the last; `quoted`: what it answers, if that is held.
 *
 * @typedef {{
 *   kind: "message", key: string, message: RoomMessage, own: boolean, first: boolean, quoted: RoomMessage | undefined,
 * }} MessageRow
 */
/** @typedef {DayRow | UnreadRow | SeenRow | MessageRow} Row */
/**
 * @typedef {{
 *   self: string | undefined,
 *   unreadFrom?: number | undefined,
 *   seen?: { seq: number, readers: readonly User[] } | undefined,
 * }} Marks
 */

const GROUP_MS = 5 * 60_000;

/**
 * @param {readonly RoomMessage[]} messages
 * @param {Marks} marks
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
    // Named after what follows: a day that begins earlier with older messages is another row, further up.
    if (newDay) rows.push({ kind: "day", key: `day ${key}`, at: message.at });
    const firstUnread = seqOf(message) >= unreadFrom && seqOf(before?.message) < unreadFrom;
    if (firstUnread) rows.push({ kind: "unread", key: "unread" });
    /** @type {MessageRow} */
    const row = {
      kind: "message",
      key,
      message,
      own,
      first: newDay || firstUnread || before === undefined || !follows(before, message, own),
      quoted: message.replyTo === undefined ? undefined : bySeq.get(message.replyTo),
    };
    rows.push(row);
    if (seen !== undefined && seen.seq === message.seq)
      rows.push({ kind: "seen", key: "seen", readers: seen.readers });
    before = row;
  }
  return rows;
}

/**
 * @param {Row} a
 * @param {Row} b
 */
export function sameRow(a, b) {
  if (a.kind === "seen" && b.kind === "seen") return a.readers === b.readers;
  if (a.kind !== "message" || b.kind !== "message") return a.kind === b.kind;
  return a.message === b.message && a.own === b.own && a.first === b.first && a.quoted === b.quoted;
}

/**
 * @param {RoomMessage} message
 * @param {string | undefined} self
 */
export const isOwn = ({ pending, from }, self) =>
  pending === true || (self !== undefined && from?.id === self);

/** What is not stored yet comes after everything; before the first there is nothing. @param {RoomMessage} [message] */
const seqOf = (message) => (message === undefined ? 0 : (message.seq ?? Number.MAX_SAFE_INTEGER));

/**
 * Author and id name a message for good: also from pending to stored, so that it keeps its element. What server code says
 * in a user's name has ids of its own.
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
  before.message.from?.id === message.from?.id &&
  message.at - before.message.at < GROUP_MS;
