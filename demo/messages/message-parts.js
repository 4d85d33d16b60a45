// Parts of a message: the quote above its text, its pictures and files, the reactions below it.

import { serverBadge, setColor, TOY_NAME } from "../ui/avatar.js";
import { element, icon, iconButton } from "../ui/dom.js";
import { pickEmoji } from "../ui/emoji-picker.js";
import { countOf, listed, sizeText } from "../ui/format.js";
import { FILE, REACT } from "../ui/icons.js";
import { gist, isDeleted, isToys, storedOf } from "./message-content.js";

/** @import { RoomMessage } from "../edge-rooms.js" */
/** @import { Attached } from "./message-content.js" */
/** @import { MessageRow } from "./message-rows.js" */
/** @import { Stage } from "./message-view.js" */

const QUOTE_LENGTH = 140;
const MAX_NAMES = 20;
const TO_OTHER_SITE = { target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer" };

/** @param {MessageRow} row @param {Stage} stage */
export function renderQuote({ message, quoted }, stage) {
  const { replyTo } = message;
  if (replyTo === undefined) return undefined;
  if (quoted === undefined) return absent("The original message is not loaded");
  if (isDeleted(quoted)) return absent("The original message was deleted");
  const quote = quoteOf("button", quoted, stage);
  quote.prepend(element("span", { class: "visually-hidden" }, "In reply to "));
  quote.type = "button";
  quote.dataset.action = "quote";
  quote.addEventListener("click", () => stage.jumpTo(replyTo));
  return quote;
}

/** @param {string} text */
const absent = (text) => element("p", { class: "quote absent" }, text);

/**
 * A few words of a message, in the color of its author.
 *
 * @template {"button" | "div"} Tag
 * @param {Tag} tag
 * @param {RoomMessage} message
 * @param {Pick<Stage, "users" | "self">} stage
 */
export function quoteOf(tag, message, { users, self }) {
  const { from } = message;
  const author = from === null ? serverBadge() : from.id === self() ? "You" : users.nameOf(from.id);
  const who = isToys(message) ? TOY_NAME : author;
  const quote = element(
    tag,
    { class: from === null ? "quote by-server" : "quote" },
    element("strong", { dir: "auto" }, who),
    // On one line, whatever line breaks the text has.
    element("span", { dir: "auto" }, gist(message).slice(0, QUOTE_LENGTH).replace(/\s+/gu, " ")),
  );
  if (from !== null) setColor(quote, from.id);
  return quote;
}

/** @param {readonly Attached[]} attachments */
export const renderAttachments = (attachments) =>
  attachments.length > 0 && element("div", { class: "attachments" }, attachments.map(renderAttachment));

/** Only an https address is loaded or linked; of any other only the name is shown. @param {Attached} attached */
function renderAttachment(attached) {
  const { name, url, image, bytes, width, height } = attached;
  const label = () => [
    icon(FILE),
    element("span", { class: "file-name", dir: "auto" }, name),
    bytes !== undefined && element("span", { class: "file-size" }, sizeText(bytes)),
  ];
  if (url === undefined)
    return element(
      "span",
      { class: "file blocked", title: "This address is not secure, so it cannot be opened." },
      label(),
    );
  const title = `${name} (${new URL(url).hostname})`;
  const file = element("a", { href: url, ...TO_OTHER_SITE, class: "file", title }, label());
  if (!image) return file;
  const sized = width !== undefined && height !== undefined;
  const picture = element("img", {
    alt: name,
    loading: "lazy",
    decoding: "async",
    referrerpolicy: "no-referrer",
    ...(sized && { width, height }),
  });
  // After the policy: not even the first request may name this page.
  picture.src = url;
  const look = sized ? "picture" : "picture unsized";
  const link = element("a", { href: url, ...TO_OTHER_SITE, class: look, title: name }, picture);
  picture.addEventListener("error", () => link.replaceWith(file));
  return link;
}

/** @param {MessageRow} row @param {Stage} stage */
export function renderReactions({ message }, stage) {
  const { reactions = {}, seq } = storedOf(message);
  const entries = Object.entries(reactions);
  if (entries.length === 0 || seq === undefined) return undefined;
  const chips = entries.map(([emoji, users]) => renderChip(seq, emoji, users, stage));
  const attributes = { class: "reactions", role: "group", "aria-label": "Reactions" };
  return element("div", attributes, chips, stage.mayWrite() && addButton(seq, stage));
}

/**
 * @param {number} seq
 * @param {string} emoji
 * @param {readonly string[]} users
 * @param {Stage} stage
 */
function renderChip(seq, emoji, users, stage) {
  const self = stage.self();
  const mine = self !== undefined && users.includes(self);
  const names = users.map((id) => (id === self ? "You" : stage.users.nameOf(id)));
  const who = listed(names, MAX_NAMES);
  const chip = element(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": mine,
      "aria-label": `${emoji} ${users.length}: ${who}`,
      title: who,
      "data-action": `react ${emoji}`,
    },
    element("span", { class: "emoji" }, emoji),
    element("span", { class: "count" }, countOf(users.length)),
  );
  chip.disabled = !stage.mayWrite();
  chip.addEventListener("click", () => stage.react(seq, emoji, !mine));
  return chip;
}

/** @param {number} seq @param {Stage} stage */
function addButton(seq, stage) {
  const pick = () => pickEmoji(add, (emoji) => stage.react(seq, emoji, true));
  const attributes = { class: "tool chip-add", "data-action": "react", "aria-haspopup": "dialog" };
  const add = iconButton("Add a reaction", REACT, pick, attributes);
  return add;
}
