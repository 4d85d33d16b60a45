// Above the composer: the message that the next one replies to.

import { quoteOf } from "../messages/message-parts.js";
import { element, iconButton, part } from "../ui/dom.js";
import { CLOSE } from "../ui/icons.js";

/** @import { RoomMessage } from "../edge-rooms.js" */
/** @import { Stage } from "../messages/message-view.js" */

/**
 * @param {ParentNode} root
 * @param {Pick<Stage, "users" | "self">} stage
 * @param {() => void} onChange
 */
export function createReplyPreview(root, stage, onChange) {
  const preview = part(root, "reply");
  /** @type {number | undefined} */
  let seq;

  /** Ends the reply and returns which message it was to. */
  function take() {
    const repliedTo = seq;
    seq = undefined;
    preview.hidden = true;
    preview.replaceChildren();
    return repliedTo;
  }

  const cancel = () => {
    if (take() !== undefined) onChange();
  };

  return {
    get seq() {
      return seq;
    },
    cancel,
    take,
    /** @param {RoomMessage} message */
    to(message) {
      seq = message.seq;
      preview.replaceChildren(
        element("span", { class: "visually-hidden" }, "Replying to "),
        quoteOf("div", message, stage),
        iconButton("Cancel reply", CLOSE, cancel),
      );
      preview.hidden = false;
      onChange();
    },
  };
}
