// Mentions: `@Name` in what is written and in what is read, and where the notification of one leads.

import { isRoomName } from "../session/session.js";
import { element } from "../ui/dom.js";
import { isDeleted, isOwn, recordOf } from "./message-content.js";
import { foldCase, piecesOf } from "./names-in-text.js";

/** @import { Message, Notification, RoomSnapshot, User } from "../edge-rooms.js" */
/** @import { Stage } from "./message-view.js" */

/** One message. @typedef {{ room: string, seq: number }} Place */

/** The server stores at most 20 with a message. */
const MAX_MENTIONS = 20;
const TOPIC = "mention";

/**
 * The ids of the users whom a text mentions. Where one name begins with another, the longer one counts.
 *
 * @param {string} text
 * @param {readonly User[]} users of two with the same name the first is meant
 */
export function mentionedIn(text, users) {
  const byName = new Map([...users].reverse().map(({ id, name = id }) => [foldCase(name), id]));
  const found = piecesOf(text, [...byName.keys()]).flatMap(({ name }) => byName.get(name ?? "") ?? []);
  return [...new Set(found)].slice(0, MAX_MENTIONS);
}

/**
 * Marks the names of the mentioned users in the text pieces.
 *
 * @param {readonly (Node | string)[]} pieces
 * @param {readonly string[]} ids
 * @param {Pick<Stage, "users" | "self">} stage
 * @returns {(Node | string)[]}
 */
export function withMentions(pieces, ids, { users, self }) {
  const byName = new Map(ids.slice(0, MAX_MENTIONS).map((id) => [foldCase(users.nameOf(id)), id]));
  /** @param {{ text: string, name?: string }} piece @returns {Node | string} */
  const marked = ({ text, name }) =>
    name === undefined
      ? text
      : element("span", { class: byName.get(name) === self() ? "mention self" : "mention" }, text);
  return pieces.flatMap((piece) =>
    typeof piece === "string" ? piecesOf(piece, [...byName.keys()]).map(marked) : [piece],
  );
}

/** Whether an unread message mentions this user. @param {RoomSnapshot} snapshot */
export function hasUnreadMention({ messages, unread, user }) {
  if (user === null) return false;
  const others = messages.filter((message) => !isOwn(message, user.id) && !isDeleted(message));
  return unread > 0 && others.slice(-unread).some(({ mentions }) => mentions?.includes(user.id));
}

/**
 * The message that a notification leads to, if any.
 *
 * @param {{ topic?: string, data?: unknown }} notification
 * @returns {Place | undefined}
 */
export function mentionOf({ topic, data }) {
  const { room, seq } = recordOf(data);
  if (topic !== TOPIC || typeof room !== "string" || !isRoomName(room)) return undefined;
  return typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0 ? { room, seq } : undefined;
}

/** The id of the toast: one for each room. @param {string} room */
export const mentionToast = (room) => `mention in ${room}`;

/**
 * The server notifies only users who are not in the room; the page shows the others the same.
 *
 * @param {string} room
 * @param {Message} message
 * @returns {Notification}
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
