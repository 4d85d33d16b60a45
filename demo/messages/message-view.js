// One row of the list as an element.

import { failureText } from "../session/error-text.js";
import { avatar, serverBadge, serverFace, setColor, TOY_NAME, toyFace } from "../ui/avatar.js";
import { button, element, icon } from "../ui/dom.js";
import { dayKey, dayName, fullTime, listed, timeOfDay } from "../ui/format.js";
import { REMOVED } from "../ui/icons.js";
import { linked } from "../ui/links.js";
import { renderOpen, renderOpenText, renderOutcome } from "./answers.js";
import { markedUp } from "./markup.js";
import { withMentions } from "./mentions.js";
import { chatOf, isDeleted, isOpen, isToys, storedOf } from "./message-content.js";
import { renderAttachments, renderQuote, renderReactions } from "./message-parts.js";
import { renderFlag, renderRemaining } from "./remaining.js";

/** @import { PendingMessage, RoomMessage, User } from "../edge-rooms.js" */
/** @import { UserNames } from "../session/user-names.js" */
/** @import { MessageRow, Row } from "./message-rows.js" */

/**
 * What the rows need of the page, and what can be done from them.
 *
 * @typedef {{
 *   users: UserNames, self(): string | undefined, mayWrite(): boolean, isModerator(): boolean,
 *   retry(id: string): void, drop(id: string): void, change(message: PendingMessage): void, jumpTo(seq: number): unknown,
 *   react(seq: number, emoji: string, on: boolean): void, stop(seq: number): Promise<boolean>,
 * }} Stage
 */

const PREVIEW_LENGTH = 300;
const MAX_READERS = 5;
const PENDING_TEXT = { queued: "Waiting…", kept: "Waiting…", sent: "Sending…", failed: "Not sent" };

/** @param {Row} row @param {Stage} stage */
export function renderRow(row, stage) {
  switch (row.kind) {
    case "message":
      return renderMessage(row, stage);
    case "day":
      return element("li", { class: "day" }, element("time", { datetime: dayKey(row.at) }, dayName(row.at)));
    case "unread":
      return element("li", { class: "unread-from" }, element("span", {}, "New messages"));
    case "seen":
      return renderSeen(row.readers);
  }
}

/** @param {MessageRow} row @param {Stage} stage */
function renderMessage(row, stage) {
  const { message, first } = row;
  const gone = isDeleted(message);
  const open = isOpen(message);
  // What the toy model wrote stands with what others say, also on the page that asked.
  const own = row.own && !isToys(message);
  const classes = [
    "message",
    own && "own",
    first && "first",
    gone && "deleted",
    open && "open",
    message.pending && message.status,
    !own && message.mentions?.includes(stage.self() ?? "") && "mentions-me",
  ];
  const sender = first && !own ? renderSender(message, stage) : undefined;
  const name = sender?.name ?? hiddenSender(row, stage);
  const body = gone
    ? [element("p", { class: "gone" }, icon(REMOVED), "This message was deleted")]
    : [renderQuote(row, stage), ...renderBody(message, stage)].filter((one) => one instanceof Node);
  // The time stands beside the last line if there is room, else below it. The space parts "Message 1" from "2:53 PM" where
  // the page is read as text.
  const line = element("div", { class: "line" }, body.at(-1), " ", !open && renderTime(message, stage));
  const bubble = element(
    "div",
    { class: "bubble" },
    name,
    body.slice(0, -1),
    line,
    open && renderOpen(message, stage),
  );
  return element(
    "li",
    // Screen readers must not announce each word: they announce the row that takes its place at the end.
    { class: classes.filter(Boolean).join(" "), ...(open && { "aria-live": "off", "aria-busy": true }) },
    sender?.face,
    element("div", { class: "said" }, bubble),
    !gone && renderReactions(row, stage),
    message.pending && message.status === "failed" && renderFailure(message, stage),
  );
}

/** @param {RoomMessage} message @param {Stage} stage */
function renderSender(message, { users, self }) {
  const { from } = message;
  if (isToys(message)) {
    const asker = from?.id === self() ? "you" : (from?.name ?? users.nameOf(from?.id ?? ""));
    const asked = [", asked by ", element("bdi", {}, asker)];
    const name = element(
      "span",
      { class: "sender toy" },
      TOY_NAME,
      element("span", { class: "asker" }, asked),
    );
    return { face: toyFace(), name };
  }
  if (from === null) return { face: serverFace(), name: serverBadge() };
  const name = element("span", { class: "sender", dir: "auto" }, from.name ?? from.id);
  setColor(name, from.id);
  return { face: avatar({ ...users.userOf(from.id), ...from }), name };
}

/**
 * For screen readers, which read a message alone: its place and its color do not say whose it is.
 *
 * @param {MessageRow} row
 * @param {Stage} stage
 */
function hiddenSender({ message: { from }, own }, { users }) {
  const name = own ? "You" : from === null ? "Server" : (from.name ?? users.nameOf(from.id));
  return element("span", { class: "visually-hidden" }, `${name}: `);
}

/** @param {RoomMessage} message @param {Stage} stage */
function renderBody(message, stage) {
  const { event, data, mentions = [] } = message;
  const { text, attachments } = chatOf(data);
  if (event === "chat" && isOpen(message)) return [renderAttachments(attachments), renderOpenText(text)];
  const isEmpty = text === "" && attachments.length === 0;
  if (event === "chat" && isEmpty && storedOf(message).stream) return [renderNothing()];
  if (event !== "chat" || isEmpty) return [renderCard(event, data)];
  return [
    renderAttachments(attachments),
    text !== "" && element("p", { class: "text", dir: "auto" }, renderText(text, mentions, stage)),
  ];
}

/** @param {string} text @param {readonly string[]} mentions @param {Stage} stage */
function renderText(text, mentions, stage) {
  /** @param {string} words */
  const live = (words) => withMentions(linked(words), mentions, stage);
  return markedUp(text).flatMap(({ kind, text }) => {
    if (kind === "text") return live(text);
    if (kind === "bold") return [element("strong", {}, live(text))];
    return [element("code", { class: kind === "block" ? "block" : undefined, dir: "ltr" }, text)];
  });
}

/** In place of the text of an answer that ended before its first word. */
const renderNothing = () => element("p", { class: "nothing" }, "Nothing was written.");

/** An event of another app: its name and its data. @param {string} event @param {unknown} data */
function renderCard(event, data) {
  const json = jsonOf(data);
  const preview = json.length > PREVIEW_LENGTH ? `${json.slice(0, PREVIEW_LENGTH)}…` : json;
  return element(
    "div",
    { class: "event" },
    element("strong", { dir: "ltr" }, event),
    element("pre", { dir: "ltr" }, preview),
  );
}

/** @param {unknown} data */
function jsonOf(data) {
  try {
    return JSON.stringify(data) ?? "";
  } catch {
    // Nested too deeply to be written.
    return "…";
  }
}

/** @param {RoomMessage} message @param {Stage} stage */
function renderTime(message, stage) {
  const { at } = message;
  const text = message.pending ? PENDING_TEXT[message.status] : timeOfDay(at);
  const time = element("time", { datetime: new Date(at).toISOString(), title: fullTime(at) }, text);
  return element(
    "span",
    { class: "time" },
    renderOutcome(message, stage),
    renderFlag(message, stage.isModerator()),
    renderEdited(message, stage),
    renderRemaining(message),
    time,
  );
}

/** Names who edited it, if that was not the author. @param {RoomMessage} message @param {Stage} stage */
function renderEdited(message, { users }) {
  const { editedAt, deletedAt, editedBy } = storedOf(message);
  if (editedAt === undefined || deletedAt !== undefined) return [];
  const who = editedBy === null ? serverBadge() : element("bdi", {}, users.nameOf(editedBy ?? ""));
  const text = editedBy === undefined ? ["(edited)"] : ["(edited by ", who, ")"];
  return [element("span", { class: "edited", title: fullTime(editedAt) }, text), " "];
}

/** Screen readers do not announce it: it changes with every reader. @param {readonly User[]} readers */
function renderSeen(readers) {
  const names = readers.map(({ id, name = id }) => name);
  return element(
    "li",
    { class: "seen", "aria-live": "off", title: `Seen by ${listed(names, 50)}` },
    element("span", { class: "faces" }, readers.slice(0, MAX_READERS).map(avatar)),
    element("span", { class: "seen-words", dir: "auto" }, `Seen by ${listed(names, MAX_READERS)}`),
  );
}

/** @param {PendingMessage} message @param {Stage} stage */
function renderFailure(message, stage) {
  const { id, error } = message;
  // Sent again unchanged, it would be too long again.
  const again =
    error?.code === "too_large"
      ? button("Edit", () => stage.change(message))
      : button("Retry", () => stage.retry(id));
  const remove = button("Delete", () => stage.drop(id));
  return element(
    "div",
    { class: "failure", role: "alert" },
    element("span", {}, failureText(error)),
    again,
    remove,
  );
}
