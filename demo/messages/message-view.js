// @ts-check
// One row of the list as an element.

import { avatar, avatarHue } from "../ui/avatar.js";
import { button, element, icon } from "../ui/dom.js";
import { dayKey, dayName, fullTime, listed, timeOfDay } from "../ui/format.js";
import { REMOVED } from "../ui/icons.js";
import { linked } from "../ui/links.js";
import { serverBadge, serverFace } from "../ui/server-badge.js";
import { renderAttachments } from "./attachments.js";
import { chatOf, isDeleted, storedOf } from "./chat-data.js";
import { withMentions } from "./mentions.js";
import { renderQuote } from "./quotes.js";
import { renderReactions } from "./reactions.js";

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("../edge-rooms.js").User} User */
/** @typedef {import("./message-rows.js").Row} Row */
/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/**
 * What the rows need of the page, and what can be done from them.
 *
 * @typedef {{
 *   people: import("../session/user-names.js").People, self(): string | undefined, mayWrite(): boolean,
 *   retry(id: string): void, drop(id: string): void, jumpTo(seq: number): unknown,
 *   react(seq: number, emoji: string, on: boolean): void,
 * }} Stage
 */

const PREVIEW_LENGTH = 300;
const MOST_READERS = 5;

/**
 * @param {Row} row
 * @param {Stage} stage
 */
export function renderRow(row, stage) {
  switch (row.kind) {
    case "message":
      return renderMessage(row, stage);
    case "day":
      return element("li", { class: "day" }, [
        element("time", { datetime: dayKey(row.at) }, [dayName(row.at)]),
      ]);
    case "unread":
      return element("li", { class: "unread-from" }, [element("span", {}, ["New messages"])]);
    case "seen":
      return renderSeen(row.readers);
  }
}

/**
 * @param {MessageRow} row
 * @param {Stage} stage
 */
function renderMessage(row, stage) {
  const { message, own, first } = row;
  const gone = isDeleted(message);
  const classes = [
    "message",
    own && "own",
    first && "first",
    gone && "deleted",
    message.pending && message.status,
    !own && message.mentions?.includes(stage.self() ?? "") && "mentions-me",
  ];
  const item = element("li", { class: classes.filter(Boolean).join(" ") });
  const bubble = element("div", { class: "bubble" });
  if (first && !own) {
    const { face, name } = renderSender(message.from, stage);
    item.append(face);
    bubble.append(name);
  }
  const body = gone ? [renderGone()] : [...renderQuote(row, stage), ...renderBody(message, stage)];
  // The time stands beside the last line where there is room, else below it.
  const line = element("div", { class: "line" }, [...body.slice(-1), renderTime(message, stage)]);
  bubble.append(...body.slice(0, -1), line);
  item.append(element("div", { class: "said" }, [bubble]));
  if (!gone) item.append(...renderReactions(row, stage));
  if (message.pending && message.status === "failed") item.append(renderFailure(message, stage));
  return item;
}

/**
 * @param {RoomMessage["from"]} from
 * @param {Stage} stage
 */
function renderSender(from, { people }) {
  if (from === null) return { face: serverFace(), name: serverBadge() };
  const name = element("span", { class: "sender", dir: "auto" }, [from.name ?? from.id]);
  avatarHue(name, from.id);
  return { face: avatar({ ...people.userOf(from.id), ...from }), name };
}

const renderGone = () => element("p", { class: "gone" }, [icon(REMOVED), "This message was deleted"]);

/**
 * @param {RoomMessage} message
 * @param {Stage} stage
 */
function renderBody({ event, data, mentions = [] }, stage) {
  if (event !== "chat") return [renderCard(event, data)];
  const { text, attachments } = chatOf(data);
  if (text === "" && attachments.length === 0) return [renderCard(event, data)];
  return [
    ...renderAttachments(attachments),
    ...(text === ""
      ? []
      : [element("p", { class: "text", dir: "auto" }, withMentions(linked(text), mentions, stage))]),
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

/**
 * @param {RoomMessage} message
 * @param {Stage} stage
 */
function renderTime(message, stage) {
  const { at } = message;
  const words = message.pending ? PENDING_WORDS[message.status] : timeOfDay(at);
  const time = element("time", { datetime: new Date(at).toISOString(), title: fullTime(at) }, [words]);
  return element("span", { class: "time" }, [...renderEdited(message, stage), time]);
}

/**
 * Whose words they are now, where somebody else wrote them over.
 *
 * @param {RoomMessage} message
 * @param {Stage} stage
 */
function renderEdited(message, { people }) {
  const { editedAt, deletedAt, editedBy } = storedOf(message);
  if (editedAt === undefined || deletedAt !== undefined) return [];
  const who = editedBy === null ? serverBadge() : element("bdi", {}, [people.nameOf(editedBy ?? "")]);
  const words = editedBy === undefined ? ["(edited)"] : ["(edited by ", who, ")"];
  return [element("span", { class: "edited", title: fullTime(editedAt) }, words), " "];
}

const PENDING_WORDS = { queued: "Waiting…", sent: "Sending…", failed: "Not sent" };

/** Not read aloud: it changes with everyone who looks. @param {readonly User[]} readers */
function renderSeen(readers) {
  const names = readers.map(({ id, name = id }) => name);
  const words = `Seen by ${listed(names, MOST_READERS)}`;
  const faces = readers.slice(0, MOST_READERS).map(avatar);
  return element("li", { class: "seen", "aria-live": "off", title: `Seen by ${listed(names, 50)}` }, [
    element("span", { class: "faces" }, faces),
    element("span", { class: "seen-words", dir: "auto" }, [words]),
  ]);
}

/**
 * @param {import("../edge-rooms.js").PendingMessage} message
 * @param {Stage} stage
 */
const renderFailure = ({ id, error }, stage) =>
  element("div", { class: "failure", role: "alert" }, [
    element("span", {}, [failureWords(error)]),
    button("Retry", () => stage.retry(id)),
    button("Delete", () => stage.drop(id)),
  ]);

/** @param {import("../edge-rooms.js").RoomsError | undefined} error */
function failureWords(error) {
  switch (error?.code) {
    case "too_large":
      return "This message is too long.";
    case "forbidden":
      return "You may read here, but not write.";
    case "not_found":
      return "The message that this answers is not there any more.";
    case "stale_retry":
      return "It is unknown whether this was sent before. Retry sends it again.";
    default:
      return error?.message ?? "This could not be sent.";
  }
}
