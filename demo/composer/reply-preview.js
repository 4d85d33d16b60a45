// @ts-check
// What the message being written answers, above it.

import { colourQuote, quoteWords } from "../messages/quotes.js";
import { element, iconButton, part } from "../ui/dom.js";
import { CLOSE } from "../ui/icons.js";

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */

/**
 * @param {ParentNode} root
 * @param {Pick<import("../messages/message-view.js").Stage, "people" | "self">} stage
 * @param {() => void} onChange
 */
export function createReplyPreview(root, stage, onChange) {
  const preview = part(root, "reply", HTMLElement);
  /** @type {number | undefined} */
  let seq;

  function clear() {
    seq = undefined;
    preview.hidden = true;
    preview.replaceChildren();
  }

  function cancel() {
    if (seq === undefined) return;
    clear();
    onChange();
  }

  return {
    get seq() {
      return seq;
    },
    cancel,
    /** @param {RoomMessage} message */
    to(message) {
      seq = message.seq;
      const quote = element("div", { class: "quote" }, quoteWords(message, stage));
      colourQuote(quote, message);
      preview.replaceChildren(
        element("span", { class: "visually-hidden" }, ["Replying to "]),
        quote,
        iconButton("Cancel the reply", CLOSE, cancel),
      );
      preview.hidden = false;
      onChange();
    },
    /** What is to be answered, once. */
    take() {
      const answered = seq;
      clear();
      return answered;
    },
  };
}
