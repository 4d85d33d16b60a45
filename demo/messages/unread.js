// @ts-check
// What came while nobody looked: how many, and where it begins. Pure but for the clock it is given.

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */

import { isDeleted } from "./chat-data.js";
import { isOwn } from "./message-rows.js";

/** Once looked at, the line stays this long at least, to be found. */
const LINE_STAYS_MS = 10_000;

/** @param {() => number} [now] */
export function countUnread(now = Date.now) {
  /** Up to where everything was seen; `undefined` until it is known. @type {number | undefined} */
  let readSeq;
  /** @type {number | undefined} */
  let lineAt;
  let lookedAt = 0;
  let wasLooking = false;
  let count = 0;

  return {
    get count() {
      return count;
    },
    /** The first that was unread; it stays for a while once it was read. */
    get lineAt() {
      return lineAt;
    },
    get known() {
      return readSeq !== undefined;
    },

    /** What this user has read, as the server or another device says. @param {number} seq */
    readUpTo(seq) {
      readSeq = Math.max(readSeq ?? 0, seq);
    },

    /** Another log: its numbers begin anew. */
    forget() {
      readSeq = undefined;
      lineAt = undefined;
      count = 0;
    },

    /**
     * @param {readonly RoomMessage[]} messages
     * @param {string | undefined} self
     * @param {boolean} looking
     */
    update(messages, self, looking) {
      if (readSeq === undefined) return;
      const from = readSeq;
      const newest = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? from;
      const unread = messages.filter((message) => (message.seq ?? 0) > from);
      const fromOthers = unread.filter((message) => !isOwn(message, self) && !isDeleted(message));
      const [first] = fromOthers;
      if (first?.seq !== undefined && !(wasLooking && looking)) {
        // What lies before it has been read: a new absence begins a new line.
        if (lineAt === undefined || lineAt <= from) lineAt = first.seq;
      } else if (looking && unread.length > 0 && now() - lookedAt > LINE_STAYS_MS) lineAt = undefined;
      // Who writes is done with reading.
      if (looking && wasLooking && unread.some((message) => isOwn(message, self))) lineAt = undefined;
      if (looking && !wasLooking) lookedAt = now();
      wasLooking = looking;
      count = looking ? 0 : fromOthers.length;
      if (looking) readSeq = Math.max(from, newest);
    },
  };
}
