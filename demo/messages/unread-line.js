// What arrived while the user did not look: how much, and where it begins. Pure but for the clock.

import { isDeleted, isOwn } from "./message-content.js";

/** @import { RoomMessage } from "../edge-rooms.js" */

/** Once the user looks, the line stays at least this long. */
const LINE_STAYS_MS = 10_000;

/** @param {() => number} [now] */
export function createUnreadLine(now = Date.now) {
  /** The last message that was read; `undefined` until it is known. @type {number | undefined} */
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
    /** The first message that was unread when the user came back. */
    get lineAt() {
      return lineAt;
    },
    get known() {
      return readSeq !== undefined;
    },

    /** What this user has read according to the server. @param {number} seq */
    readUpTo(seq) {
      readSeq = Math.max(readSeq ?? 0, seq);
    },

    /** For a new log, whose numbers start again. */
    reset() {
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
        // A line above a message that has been read moves to the new ones.
        if (lineAt === undefined || lineAt <= from) lineAt = first.seq;
      } else if (looking && unread.length > 0 && now() - lookedAt > LINE_STAYS_MS) lineAt = undefined;
      // A user who writes has finished reading.
      if (looking && wasLooking && unread.some((message) => isOwn(message, self))) lineAt = undefined;
      if (looking && !wasLooking) lookedAt = now();
      wasLooking = looking;
      count = looking ? 0 : fromOthers.length;
      if (looking) readSeq = Math.max(from, newest);
    },
  };
}
