// @ts-check
// What a message answers: a few words of it, leading there.

import { avatarHue } from "../ui/avatar.js";
import { element } from "../ui/dom.js";
import { serverBadge } from "../ui/server-badge.js";
import { gist, isDeleted } from "./chat-data.js";

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/** @typedef {import("./message-view.js").Stage} Stage */

const QUOTE_LENGTH = 140;

/**
 * @param {MessageRow} row
 * @param {Stage} stage
 */
export function renderQuote({ message, quoted }, stage) {
  const { replyTo } = message;
  if (replyTo === undefined) return [];
  if (quoted === undefined) return [absent("Original message not here")];
  if (isDeleted(quoted)) return [absent("Original message was deleted")];
  const quote = element(
    "button",
    { type: "button", class: "quote", "data-action": "quote" },
    quoteWords(quoted, stage),
  );
  colourQuote(quote, quoted);
  quote.addEventListener("click", () => stage.jumpTo(replyTo));
  return [quote];
}

/** As its sender's name is. @param {HTMLElement} quote @param {RoomMessage} message */
export function colourQuote(quote, { from }) {
  if (from === null) quote.classList.add("by-server");
  else avatarHue(quote, from.id);
}

/**
 * @param {RoomMessage} message
 * @param {Pick<Stage, "people" | "self">} stage
 */
export function quoteWords(message, { people, self }) {
  const { from } = message;
  const who = from === null ? serverBadge() : from.id === self() ? "You" : people.nameOf(from.id);
  return [
    element("strong", { dir: "auto" }, [who]),
    // One line: breaks in it would show as more of them.
    element("span", { dir: "auto" }, [gist(message).slice(0, QUOTE_LENGTH).replace(/\s+/gu, " ")]),
  ];
}

/** @param {string} words */
const absent = (words) => element("p", { class: "quote absent" }, [words]);
