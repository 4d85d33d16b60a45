// @ts-check
// What the list shows, row by row: pure, so that the list itself only compares and moves.

import { dayKey } from "./format.js";

/** @typedef {import("./edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {{ kind: "day", key: string, at: number }} DayRow */
/**
 * `first`: a new sender, or some time after the last; `quoted`: what it answers, if that is held.
 *
 * @typedef {{
 *   kind: "message", key: string, message: RoomMessage, own: boolean, first: boolean, quoted: RoomMessage | undefined,
 * }} MessageRow
 */
/** @typedef {DayRow | MessageRow} Row */

const GROUP_MS = 5 * 60_000;

/**
 * @param {readonly RoomMessage[]} messages
 * @param {string | undefined} self
 * @returns {Row[]}
 */
export function rowsOf(messages, self) {
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
    /** @type {MessageRow} */
    const row = {
      kind: "message",
      key,
      message,
      own,
      first: newDay || before === undefined || !follows(before, message, own),
      quoted: message.replyTo === undefined ? undefined : bySeq.get(message.replyTo),
    };
    rows.push(row);
    before = row;
  }
  return rows;
}

/**
 * @param {Row} a
 * @param {Row} b
 */
export function sameRow(a, b) {
  if (a.kind === "day" || b.kind === "day") return a.kind === b.kind;
  return a.message === b.message && a.own === b.own && a.first === b.first && a.quoted === b.quoted;
}

/**
 * @param {RoomMessage} message
 * @param {string | undefined} self
 */
const isOwn = ({ pending, from }, self) => pending === true || (self !== undefined && from?.id === self);

/**
 * Author and id name a message for good: also from pending to stored, so that it keeps its element.
 *
 * @param {RoomMessage} message
 * @param {boolean} own
 */
const keyOf = ({ id, from }, own) => (own ? `own ${id}` : `of ${from?.id ?? ""} ${id}`);

/**
 * @param {MessageRow} before
 * @param {RoomMessage} message
 * @param {boolean} own
 */
const follows = (before, message, own) =>
  before.own === own &&
  before.message.from?.id === message.from?.id &&
  message.at - before.message.at < GROUP_MS;
