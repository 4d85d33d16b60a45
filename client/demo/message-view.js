// @ts-check
// One row of the list as an element.

import { avatar, paint } from "./avatar.js";
import { button, element } from "./dom.js";
import { dayKey, dayName, fullTime, timeOfDay } from "./format.js";
import { anchor, linked } from "./links.js";

/** @typedef {import("./edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("./message-rows.js").Row} Row */
/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/** @typedef {{ retry(id: string): void, drop(id: string): void }} OutboxActions */

/** Who speaks where server code does. */
const SERVER = { id: "server", name: "Server" };
const PREVIEW_LENGTH = 300;
const QUOTE_LENGTH = 120;
const MAX_ATTACHMENTS = 10;

/**
 * @param {Row} row
 * @param {OutboxActions} outbox
 */
export function renderRow(row, outbox) {
  if (row.kind === "message") return renderMessage(row, outbox);
  const time = element("time", { datetime: dayKey(row.at) }, [dayName(row.at)]);
  return element("li", { class: "day" }, [time]);
}

/**
 * @param {MessageRow} row
 * @param {OutboxActions} outbox
 */
function renderMessage({ message, own, first, quoted }, outbox) {
  const classes = ["message", own && "own", first && "first", message.pending && message.status];
  const item = element("li", { class: classes.filter(Boolean).join(" ") });
  const bubble = element("div", { class: "bubble" });
  if (first && !own) {
    const user = message.from ?? SERVER;
    const name = element("span", { class: "sender", dir: "auto" }, [user.name ?? user.id]);
    paint(name, user.id);
    item.append(avatar(user));
    bubble.append(name);
  }
  if (quoted) bubble.append(renderQuote(quoted));
  const body = renderBody(message);
  // The time stands beside the last line where there is room, else below it.
  const line = element("div", { class: "line" }, [...body.slice(-1), renderTime(message)]);
  bubble.append(...body.slice(0, -1), line, ...renderReactions(message));
  item.append(bubble);
  if (message.pending && message.status === "failed") item.append(renderFailure(message, outbox));
  return item;
}

/** @param {RoomMessage} message */
function renderBody(message) {
  const { event, data } = message;
  if (storedOf(message).deletedAt !== undefined)
    return [element("p", { class: "gone" }, ["Message deleted"])];
  if (event !== "chat") return [renderCard(event, data)];
  const { text, attachments } = chatOf(data);
  if (text === "" && attachments.length === 0) return [renderCard(event, data)];
  const body = text === "" ? [] : [element("p", { class: "text", dir: "auto" }, linked(text))];
  return [
    ...body,
    ...attachments.map(({ url, name }) =>
      element("p", { class: "file", dir: "auto", title: url }, [anchor(url, name)]),
    ),
  ];
}

/**
 * What other apps send, and what this page does not understand.
 *
 * @param {string} event
 * @param {unknown} data
 */
function renderCard(event, data) {
  const json = jsonOf(data);
  const preview = json.length > PREVIEW_LENGTH ? `${json.slice(0, PREVIEW_LENGTH)}…` : json;
  return element("div", { class: "event" }, [
    element("strong", { dir: "ltr" }, [event]),
    element("pre", { dir: "ltr" }, [preview]),
  ]);
}

/** @param {unknown} data */
function jsonOf(data) {
  try {
    return JSON.stringify(data) ?? "";
  } catch {
    // Nested so deeply that it can be read, but not written.
    return "…";
  }
}

/** @param {RoomMessage} quoted */
function renderQuote(quoted) {
  const { from, event, data } = quoted;
  const words = storedOf(quoted).deletedAt === undefined ? chatOf(data).text || event : "Message deleted";
  return element("blockquote", {}, [
    element("strong", { dir: "auto" }, [from?.name ?? from?.id ?? SERVER.name]),
    element("span", { dir: "auto" }, [words.slice(0, QUOTE_LENGTH)]),
  ]);
}

/** @param {RoomMessage} message */
function renderReactions(message) {
  const { reactions = {} } = storedOf(message);
  const entries = Object.entries(reactions);
  if (entries.length === 0) return [];
  const counts = entries.map(([emoji, users]) => element("span", {}, [`${emoji} ${users.length}`]));
  return [element("p", { class: "reactions" }, counts)];
}

/** @param {RoomMessage} message */
function renderTime(message) {
  const { at } = message;
  const words = message.pending ? PENDING_WORDS[message.status] : timeOfDay(at);
  const edited = storedOf(message).editedAt === undefined ? "" : "edited ";
  return element("time", { class: "time", datetime: new Date(at).toISOString(), title: fullTime(at) }, [
    edited + words,
  ]);
}

const PENDING_WORDS = { queued: "Waiting…", sent: "Sending…", failed: "Not sent" };

/**
 * @param {import("./edge-rooms.js").PendingMessage} message
 * @param {OutboxActions} outbox
 */
const renderFailure = ({ id, error }, outbox) =>
  element("div", { class: "failure", role: "alert" }, [
    element("span", {}, [failureWords(error)]),
    button("Retry", () => outbox.retry(id)),
    button("Delete", () => outbox.drop(id)),
  ]);

/** @param {import("./edge-rooms.js").RoomsError | undefined} error */
function failureWords(error) {
  switch (error?.code) {
    case "too_large":
      return "This message is too long.";
    case "forbidden":
      return "You may read here, but not write.";
    case "stale_retry":
      return "It is unknown whether this was sent before. Retry sends it again.";
    default:
      return error?.message ?? "This could not be sent.";
  }
}

/**
 * What only a stored message can have.
 *
 * @param {RoomMessage} message
 * @returns {Partial<import("./edge-rooms.js").Message>}
 */
const storedOf = (message) => (message.pending ? {} : message);

/**
 * The fields of a chat message that can be shown, whatever else was sent.
 *
 * @param {unknown} data
 * @returns {{ text: string, attachments: { url: string, name: string }[] }}
 */
function chatOf(data) {
  const { text, attachments } = recordOf(data);
  const files = Array.isArray(attachments) ? attachments.slice(0, MAX_ATTACHMENTS).map(recordOf) : [];
  return {
    text: typeof text === "string" ? text : "",
    attachments: files.flatMap(({ url, name }) =>
      typeof url === "string" && /^https:\/\//iu.test(url) && URL.canParse(url)
        ? [{ url, name: typeof name === "string" && name !== "" ? name : url }]
        : [],
    ),
  };
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
const recordOf = (value) => (typeof value === "object" && value !== null ? { ...value } : {});
