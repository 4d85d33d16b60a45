// @ts-check
// Writing a message: its text, whom it names, what it answers, and what is attached.

import { isDeleted } from "../messages/chat-data.js";
import { mentionedIn } from "../messages/mentions.js";
import { mayWrite } from "../messages/permissions.js";
import { part } from "../ui/dom.js";
import { grow, isEnter } from "../ui/text-field.js";
import { createAttachmentTray } from "./attachment-tray.js";
import { draftOf, keepDraft } from "./drafts.js";
import { suggestMentions } from "./mention-suggestions.js";
import { createReplyPreview } from "./reply-preview.js";

/** @typedef {import("../edge-rooms.js").User} User */

/**
 * @param {ParentNode} root
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {{
 *   stage: Pick<import("../messages/message-view.js").Stage, "people" | "self">, onEditLast(): void, onDraft(): void,
 * }} page
 */
export function createComposer(root, { room }, { stage, onEditLast, onDraft }) {
  const form = part(root, "composer", HTMLFormElement);
  const text = part(form, "text", HTMLTextAreaElement);
  const send = part(form, "send", HTMLButtonElement);
  const attach = part(form, "attach", HTMLButtonElement);
  const draft = draftOf(room.name);
  /** Answered by the draft: shown as soon as that message is held. */
  let toAnswer = draft.replyTo;
  const reply = createReplyPreview(root, stage, onChange);
  const tray = createAttachmentTray(root, onChange);
  const suggestions = suggestMentions(root, text, { users: mentionable, onPick: onInput });

  /** Who is here first, then who wrote. @returns {readonly User[]} */
  function mentionable() {
    const { members, messages } = room.getSnapshot();
    const authors = messages.flatMap(({ from }) => from ?? []).reverse();
    const ids = new Set([...members, ...authors].map(({ id }) => id));
    ids.delete(stage.self() ?? "");
    return [...ids].map(stage.people.userOf);
  }

  function keep() {
    keepDraft(room.name, {
      text: text.value,
      replyTo: reply.seq ?? toAnswer,
      attachments: tray.attachments,
    });
    onDraft();
  }

  function onChange() {
    text.focus();
    keep();
  }

  function onInput() {
    grow(text);
    keep();
    if (text.value.trim() === "") room.stopTyping();
    else room.startTyping();
  }

  attach.addEventListener("click", () => void tray.askForOne());
  text.addEventListener("input", onInput);
  text.addEventListener("blur", () => room.stopTyping());
  text.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (text.value.trim() === "" && tray.takesPasted(pasted)) event.preventDefault();
  });
  text.addEventListener("keydown", (event) => {
    if (suggestions.takes(event)) return;
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
    const mentions = mentionedIn(message, mentionable());
    toAnswer = undefined;
    text.value = "";
    grow(text);
    suggestions.hide();
    keep();
    const options = { ...(replyTo !== undefined && { replyTo }), ...(mentions.length > 0 && { mentions }) };
    room.send(data, options).catch(() => {
      // The message in the list shows what became of it.
    });
  });

  text.value = draft.text;
  tray.put(draft.attachments);
  grow(text);
  // On a touch screen a keyboard would open.
  if (!matchMedia("(pointer: coarse)").matches) text.focus();

  return {
    /** @param {import("../messages/message-rows.js").MessageRow} row */
    reply: ({ message }) => reply.to(message),

    /** @param {import("../edge-rooms.js").RoomSnapshot} snapshot */
    update(snapshot) {
      const { state, messages } = snapshot;
      const readOnly = state.status === "connected" && !mayWrite(snapshot);
      for (const control of [text, send, attach]) control.disabled = readOnly;
      text.placeholder = readOnly ? "You can read here, not write" : "Write a message";
      const awaited = messages.find(({ seq }) => seq !== undefined && seq === toAnswer);
      if (awaited && !isDeleted(awaited)) {
        toAnswer = undefined;
        reply.to(awaited);
      }
      const answered = reply.seq;
      if (answered !== undefined && messages.some((one) => one.seq === answered && isDeleted(one)))
        reply.cancel();
    },
  };
}
