// @ts-check
// What a message says, whatever else was sent with it. Nothing here trusts its sender.

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("../edge-rooms.js").Message} Message */
/**
 * `url` only where it may be opened.
 *
 * @typedef {{
 *   name: string, url: string | undefined, image: boolean, bytes: number | undefined,
 *   width: number | undefined, height: number | undefined,
 * }} Attached
 */

const MAX_ATTACHMENTS = 10;
const MAX_NAME = 200;
const MAX_SIDE_PX = 100_000;
const IMAGE_PATH = /\.(?:png|jpe?g|gif|webp|avif)$/iu;

/**
 * What only a stored message can have.
 *
 * @param {RoomMessage} message
 * @returns {Partial<Message>}
 */
export const storedOf = (message) => (message.pending ? {} : message);

/** @param {RoomMessage} message */
export const isDeleted = (message) => storedOf(message).deletedAt !== undefined;

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

/** Whether it has a text that its page could change. @param {RoomMessage} message */
export const isEditable = (message) =>
  message.event === "chat" && !isDeleted(message) && typeof recordOf(message.data).text === "string";

/**
 * What a quote shows of it.
 *
 * @param {RoomMessage} message
 */
export function gist({ event, data }) {
  if (event !== "chat") return event;
  const { text, attachments } = chatOf(data);
  return text || attachments.map(({ name }) => name).join(", ") || event;
}

/**
 * The address as it may be opened or loaded: over https, or not at all.
 *
 * @param {unknown} address
 */
export function httpsAddress(address) {
  if (typeof address !== "string" || !URL.canParse(address)) return undefined;
  const { protocol, href } = new URL(address);
  return protocol === "https:" ? href : undefined;
}

/** @param {string} url */
export const looksLikeImage = (url) => IMAGE_PATH.test(new URL(url).pathname);

/**
 * The last part of its path says more about an address than the rest.
 *
 * @param {string} url
 */
export function nameOfAddress(url) {
  const { pathname, hostname } = new URL(url);
  const last = pathname.split("/").findLast((piece) => piece !== "");
  try {
    return last === undefined ? hostname : decodeURIComponent(last);
  } catch {
    return last ?? hostname;
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
export const recordOf = (value) => (typeof value === "object" && value !== null ? { ...value } : {});

/**
 * @param {Record<string, unknown>} file
 * @param {boolean} saidToBeImage
 * @returns {Attached[]}
 */
function attachedOf({ url, name, mime, bytes, width, height }, saidToBeImage) {
  const address = httpsAddress(url);
  const words = typeof name === "string" && name.trim() !== "" ? name : address && nameOfAddress(address);
  const shown = words ?? (typeof url === "string" ? url : "");
  if (shown === "") return [];
  const isImage = typeof mime === "string" ? mime.startsWith("image/") : saidToBeImage;
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

/**
 * @param {unknown} value
 * @param {number} most
 */
const countIn = (value, most) =>
  typeof value === "number" && value >= 1 && value <= most ? Math.round(value) : undefined;
