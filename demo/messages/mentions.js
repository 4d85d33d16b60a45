// @ts-check
// Who a message names: found in what is written, marked in what is read. And where a notification of one leads.

import { isRoomName } from "../session/session.js";
import { element } from "../ui/dom.js";
import { isDeleted, recordOf } from "./chat-data.js";
import { isOwn } from "./message-rows.js";

/** @typedef {import("../edge-rooms.js").User} User */
/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {{ room: string, seq: number }} Place */

/** What a message takes. */
const MOST = 20;
const TOPIC = "mention";
const WORD = /[\p{L}\p{N}_]/u;

/**
 * The ids of those whom a text names, as `@Name`: the longer name counts where one begins with another.
 *
 * @param {string} text
 * @param {readonly User[]} users in the order in which they count where names are the same
 */
export function mentionedIn(text, users) {
  const byName = new Map([...users].reverse().map(({ id, name = id }) => [name.toLowerCase(), id]));
  const found = piecesOf(text, [...byName.keys()]).flatMap(({ name }) => byName.get(name ?? "") ?? []);
  return [...new Set(found)].slice(0, MOST);
}

/**
 * The text pieces with the names of those mentioned marked.
 *
 * @param {readonly (Node | string)[]} pieces
 * @param {readonly string[]} ids
 * @param {Pick<import("./message-view.js").Stage, "people" | "self">} stage
 * @returns {(Node | string)[]}
 */
export function withMentions(pieces, ids, { people, self }) {
  if (ids.length === 0) return [...pieces];
  const own = self();
  const byName = new Map(ids.slice(0, MOST).map((id) => [people.nameOf(id).toLowerCase(), id]));
  /** @param {string} text @returns {(Node | string)[]} */
  const marked = (text) =>
    piecesOf(text, [...byName.keys()]).map((piece) =>
      piece.name === undefined
        ? piece.text
        : element("span", { class: byName.get(piece.name) === own ? "mention self" : "mention" }, [
            piece.text,
          ]),
    );
  return pieces.flatMap((piece) => (typeof piece === "string" ? marked(piece) : [piece]));
}

/** Whether one of those that are not read yet names this user. @param {RoomSnapshot} snapshot */
export function unreadMention({ messages, unread, user }) {
  if (user === null) return false;
  let left = unread;
  for (let at = messages.length - 1; at >= 0 && left > 0; at--) {
    const message = messages[at];
    if (message === undefined || isOwn(message, user.id) || isDeleted(message)) continue;
    if (message.mentions?.includes(user.id)) return true;
    left -= 1;
  }
  return false;
}

/**
 * The message that a notification tells of, if it tells of one.
 *
 * @param {{ topic?: string, data?: unknown }} notification
 * @returns {Place | undefined}
 */
export function mentionOf({ topic, data }) {
  const { room, seq } = recordOf(data);
  if (topic !== TOPIC || typeof room !== "string" || !isRoomName(room)) return undefined;
  return typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0 ? { room, seq } : undefined;
}

/** One for each room. @param {string} room */
export const mentionToast = (room) => `mention in ${room}`;

/**
 * Of who is in the room the server tells nobody else that they were named there.
 *
 * @param {string} room
 * @param {import("../edge-rooms.js").Message} message
 * @returns {import("../edge-rooms.js").Notification}
 */
export const mentionAsNotification = (room, { seq, at, from }) => ({
  type: "notification",
  seq: 0,
  id: mentionToast(room),
  title: from?.name ?? from?.id ?? "",
  message: "",
  priority: "medium",
  topic: TOPIC,
  data: { room, seq },
  at,
  state: "unseen",
});

/**
 * @param {string} text
 * @param {readonly string[]} names in lower case
 * @returns {{ text: string, name?: string }[]}
 */
function piecesOf(text, names) {
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const lower = text.toLowerCase();
  // Where lower case has another length, places in it are none in the text.
  if (lower.length !== text.length) return [{ text }];
  /** @type {{ text: string, name?: string }[]} */
  const pieces = [];
  let end = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at < end || WORD.test(text.charAt(at - 1))) continue;
    const name = longestFirst.find(
      (one) => lower.startsWith(one, at + 1) && !WORD.test(text.charAt(at + 1 + one.length)),
    );
    if (name === undefined) continue;
    const after = at + 1 + name.length;
    pieces.push({ text: text.slice(end, at) }, { text: text.slice(at, after), name });
    end = after;
  }
  return [...pieces, { text: text.slice(end) }].filter((piece) => piece.text !== "");
}
