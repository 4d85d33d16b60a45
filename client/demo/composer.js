// @ts-check
// Writing a message: its text, what it answers, and what is attached.

import { isDeleted } from "./chat-data.js";
import { createAttachmentTray } from "./composer-attachments.js";
import { part } from "./dom.js";
import { grow, isEnter } from "./keys.js";
import { mayWrite } from "./permissions.js";
import { createReplyPreview } from "./reply-preview.js";

/** @typedef {import("./edge-rooms.js").RoomHandle} RoomHandle */

/**
 * @param {ParentNode} root
 * @param {RoomHandle} room
 * @param {{ stage: Pick<import("./message-view.js").Stage, "people" | "self">, onEditLast(): void }} page
 */
export function createComposer(root, room, { stage, onEditLast }) {
  const form = part(root, "composer", HTMLFormElement);
  const text = part(form, "text", HTMLTextAreaElement);
  const send = part(form, "send", HTMLButtonElement);
  const attach = part(form, "attach", HTMLButtonElement);
  const reply = createReplyPreview(root, stage, () => text.focus());
  const tray = createAttachmentTray(root, () => text.focus());

  attach.addEventListener("click", () => void tray.askForOne());
  text.addEventListener("input", () => {
    grow(text);
    if (text.value.trim() === "") room.stopTyping();
    else room.startTyping();
  });
  text.addEventListener("blur", () => room.stopTyping());
  text.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (text.value.trim() === "" && tray.takesPasted(pasted)) event.preventDefault();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && text.value === "" && !event.isComposing) {
      event.preventDefault();
      onEditLast();
    }
    if (event.key === "Escape") reply.cancel();
    if (!isEnter(event)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = text.value.trim();
    text.focus();
    if (text.disabled || (message === "" && tray.isEmpty)) return;
    const data = { ...(message !== "" && { text: message }), ...tray.take() };
    const replyTo = reply.take();
    text.value = "";
    grow(text);
    room.send(data, { ...(replyTo !== undefined && { replyTo }) }).catch(() => {
      // The message in the list shows what became of it.
    });
  });

  text.focus();
  return {
    /** @param {import("./message-rows.js").MessageRow} row */
    reply: ({ message }) => reply.to(message),

    /** @param {import("./edge-rooms.js").RoomSnapshot} snapshot */
    update(snapshot) {
      const { state, messages } = snapshot;
      const readOnly = state.status === "connected" && !mayWrite(snapshot);
      for (const control of [text, send, attach]) control.disabled = readOnly;
      text.placeholder = readOnly ? "You can read here, not write" : "Write a message";
      const answered = reply.seq;
      if (answered !== undefined && messages.some((one) => one.seq === answered && isDeleted(one)))
        reply.cancel();
    },
  };
}
