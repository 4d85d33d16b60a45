// What a message contains and what may be done to it. Nothing here trusts the sender: any client can send any data.

import { markedUp } from "./markup.js";

/** @import { Attachment, Message, RoomMessage, RoomSnapshot } from "../edge-rooms.js" */
/** @import { MessageRow } from "./message-rows.js" */

/**
 * `url` only if it may be opened.
 *
 * @typedef {{
 *   name: string, url: string | undefined, image: boolean, bytes: number | undefined,
 *   width: number | undefined, height: number | undefined,
 * }} Attached
 */

/** In `metadata.by` of a message: its author asked, the toy model answered. */
export const TOY = "toy";

const MAX_ATTACHMENTS = 10;
const MAX_NAME = 200;
const MAX_SIDE_PX = 100_000;
const IMAGE_PATH = /\.(?:png|jpe?g|gif|webp|avif)$/iu;

/** The fields that only a stored message has. @param {RoomMessage} message @returns {Partial<Message>} */
export const storedOf = (message) => (message.pending ? {} : message);

/** @param {RoomMessage} message */
export const isDeleted = (message) => storedOf(message).deletedAt !== undefined;

/** @param {RoomMessage} message @param {string | undefined} self */
export const isOwn = ({ pending, from }, self) =>
  pending === true || (self !== undefined && from?.id === self);

/** Whether its text is still being written. @param {RoomMessage | undefined} message */
export const isOpen = (message) =>
  message !== undefined && storedOf(message).stream === "open" && !isDeleted(message);

/** Whether the toy model of this page wrote it for its author. @param {RoomMessage} message */
export const isToys = (message) =>
  storedOf(message).stream !== undefined && recordOf(recordOf(message.data).metadata).by === TOY;

/** @param {Pick<RoomSnapshot, "permission">} snapshot */
export const mayWrite = ({ permission }) => permission === "write" || permission === "moderate";

/**
 * What this user may do to a message.
 *
 * @param {MessageRow} row
 * @param {Pick<RoomSnapshot, "permission">} snapshot
 */
export function mayOf({ message, own }, snapshot) {
  const stored = message.seq !== undefined && !isDeleted(message) && mayWrite(snapshot);
  const change = stored && (own || snapshot.permission === "moderate");
  const hasText = message.event === "chat" && typeof recordOf(message.data).text === "string";
  const written = hasText && !isOpen(message) && !isToys(message);
  return { react: stored, reply: stored, edit: change && written, remove: change };
}

/**
 * The fields of a chat message that can be shown.
 *
 * @param {unknown} data
 * @returns {{ text: string, attachments: Attached[] }}
 */
export function chatOf(data) {
  const { text, type, attachments } = recordOf(data);
  const files = Array.isArray(attachments) ? attachments.slice(0, MAX_ATTACHMENTS).map(recordOf) : [];
  return {
    text: typeof text === "string" ? text : "",
    attachments: files.flatMap((file) => attachedOf(file, type === "image")),
  };
}

/** What a message of this page attached. @param {unknown} data @returns {Attachment[]} */
export function attachmentsIn(data) {
  const { attachments } = recordOf(data);
  /** @type {Attachment[]} */
  const files = Array.isArray(attachments) ? attachments : [];
  return files.filter((file) => httpsAddress(recordOf(file).url) !== undefined);
}

/** The text that a quote shows, without its marks. @param {RoomMessage} message */
export function gist(message) {
  const { event, data } = message;
  if (event !== "chat") return event;
  const { text, attachments } = chatOf(data);
  const plain = markedUp(text).map((piece) => piece.text);
  return (
    plain.join("") ||
    attachments.map(({ name }) => name).join(", ") ||
    (storedOf(message).stream ? "…" : event)
  );
}

/** The address if it may be opened or loaded: only over https. @param {unknown} address */
export function httpsAddress(address) {
  if (typeof address !== "string" || !URL.canParse(address)) return undefined;
  const { protocol, href } = new URL(address);
  return protocol === "https:" ? href : undefined;
}

/** @param {string} url */
export const looksLikeImage = (url) => IMAGE_PATH.test(new URL(url).pathname);

/** The last part of its path, else its host. @param {string} url */
export function nameOfAddress(url) {
  const { pathname, hostname } = new URL(url);
  const last = pathname.split("/").findLast((piece) => piece !== "");
  try {
    return last === undefined ? hostname : decodeURIComponent(last);
  } catch {
    return last ?? hostname;
  }
}

/** @param {unknown} value @returns {Record<string, unknown>} */
export const recordOf = (value) => (typeof value === "object" && value !== null ? { ...value } : {});

/**
 * @param {Record<string, unknown>} file
 * @param {boolean} isOfImages whether the message says that it contains images
 * @returns {Attached[]}
 */
function attachedOf({ url, name, mime, bytes, width, height }, isOfImages) {
  const address = httpsAddress(url);
  const named = typeof name === "string" && name.trim() !== "" ? name : address && nameOfAddress(address);
  const shown = named ?? (typeof url === "string" ? url : "");
  if (shown === "") return [];
  const isImage = typeof mime === "string" ? mime.startsWith("image/") : isOfImages;
  return [
    {
      name: shown.slice(0, MAX_NAME),
      url: address,
      image: address !== undefined && (isImage || (mime === undefined && looksLikeImage(address))),
      bytes: countIn(bytes, Number.MAX_SAFE_INTEGER),
      width: countIn(width, MAX_SIDE_PX),
      height: countIn(height, MAX_SIDE_PX),
    },
  ];
}

/** @param {unknown} value @param {number} most */
const countIn = (value, most) =>
  typeof value === "number" && value >= 1 && value <= most ? Math.round(value) : undefined;
