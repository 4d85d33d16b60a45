// Where messages are written: text, mentions, attachments, and the message that is replied to.

import { mentionedIn } from "../messages/mentions.js";
import { attachmentsIn, chatOf, isDeleted, mayWrite } from "../messages/message-content.js";
import { part } from "../ui/dom.js";
import { pickEmoji } from "../ui/emoji-picker.js";
import { growToText, isEnter } from "../ui/keyboard.js";
import { createAttachmentTray } from "./attachment-tray.js";
import { draftOf, keepDraft } from "./drafts.js";
import { suggestMentions } from "./mention-suggestions.js";
import { createReplyPreview } from "./reply-preview.js";

/** @import { PendingMessage, RoomSnapshot, User } from "../edge-rooms.js" */
/** @import { MessageRow } from "../messages/message-rows.js" */
/** @import { Stage } from "../messages/message-view.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */

/**
 * What was written, as it is sent.
 *
 * @typedef {{ data: object, options: { replyTo?: number, mentions?: readonly string[] } }} Composed
 */

/**
 * @param {ParentNode} root
 * @param {RoomScreen} screen
 * @param {{
 *   stage: Pick<Stage, "users" | "self">, options(): { expiresInSeconds?: number }, onEditLast(): void, onDraft(): void,
 *   onAsk(question: string, stored: Promise<{ seq: number }>): void,
 * }} page `onAsk`: the message that is being sent asks the room
 */
export function createComposer(root, { room }, { stage, options, onEditLast, onDraft, onAsk }) {
  const form = part(root, "composer", HTMLFormElement);
  const text = part(form, "text", HTMLTextAreaElement);
  const send = part(form, "send", HTMLButtonElement);
  const ask = part(form, "ask", HTMLButtonElement);
  const askHint = part(root, "ask-hint");
  const attach = part(form, "attach", HTMLButtonElement);
  const emoji = part(form, "emoji", HTMLButtonElement);
  const draft = draftOf(room.name);
  /** The draft replies to it: shown as soon as that message is loaded. */
  let toReplyTo = draft.replyTo;
  const reply = createReplyPreview(root, stage, onChange);
  const tray = createAttachmentTray(root, onChange);
  const suggestions = suggestMentions(root, text, { candidates: mentionable, onPick: onInput });

  /** Members first, then authors. @returns {readonly User[]} */
  function mentionable() {
    const { members, messages } = room.getSnapshot();
    const authors = messages.flatMap(({ from }) => from ?? []).reverse();
    const ids = new Set([...members, ...authors].map(({ id }) => id));
    ids.delete(stage.self() ?? "");
    return [...ids].map(stage.users.userOf);
  }

  function keep() {
    const replyTo = reply.seq ?? toReplyTo;
    keepDraft(room.name, { text: text.value, replyTo, attachments: tray.attachments });
    onDraft();
  }

  function onChange() {
    text.focus();
    keep();
  }

  /** In place of what is selected. @param {string} emoji */
  function insert(emoji) {
    text.setRangeText(emoji, text.selectionStart, text.selectionEnd, "end");
    onInput();
    // After the popup has given the focus back to the button.
    queueMicrotask(() => text.focus());
  }

  function onInput() {
    growToText(text);
    keep();
    if (text.value.trim() === "") room.stopTyping();
    else room.startTyping();
  }

  /** What is written leaves the composer. @returns {Composed | undefined} `undefined` where nothing is, or may be, written */
  function take() {
    const message = text.value.trim();
    if (text.disabled || (message === "" && tray.attachments.length === 0)) return undefined;
    const data = { ...(message !== "" && { text: message }), ...tray.take() };
    const replyTo = reply.take();
    const mentions = mentionedIn(message, mentionable());
    toReplyTo = undefined;
    text.value = "";
    growToText(text);
    suggestions.hide();
    keep();
    return {
      data,
      options: { ...(replyTo !== undefined && { replyTo }), ...(mentions.length > 0 && { mentions }) },
    };
  }

  /** What was not sent comes back, above what was begun since. @param {unknown} data @param {number} [replyTo] */
  function putBack(data, replyTo) {
    text.value = [chatOf(data).text, text.value].filter(Boolean).join("\n");
    tray.put([...attachmentsIn(data), ...tray.attachments]);
    toReplyTo = replyTo ?? toReplyTo;
    growToText(text);
    onChange();
  }

  attach.addEventListener("click", () => void tray.askForOne());
  emoji.addEventListener("click", () => pickEmoji(emoji, insert, { label: "Pick an emoji" }));
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
    const asks = event.submitter === ask;
    text.focus();
    // Pressed with nothing to ask, the button says what it does, also where there is little room.
    askHint.classList.toggle("shown", asks && message === "");
    if (asks && message === "") return;
    const composed = take();
    if (composed === undefined) return;
    const stored = room.send(composed.data, { ...composed.options, ...options() });
    if (asks) onAsk(message, stored);
    stored.catch(() => {
      // The message in the list shows the failure.
    });
  });

  text.value = draft.text;
  tray.put(draft.attachments);
  growToText(text);
  // On a touch screen the focus would open a keyboard.
  if (!matchMedia("(pointer: coarse)").matches) text.focus();

  return {
    /** @param {MessageRow} row */
    reply: ({ message }) => reply.to(message),

    take,

    /** @param {Composed} composed */
    putBack: ({ data, options: { replyTo } }) => putBack(data, replyTo),

    /** A message that was not sent comes back to be changed. @param {PendingMessage} message */
    takeBack: ({ data, replyTo }) => putBack(data, replyTo),

    /** @param {RoomSnapshot} snapshot */
    update(snapshot) {
      const { state, messages } = snapshot;
      const readOnly = state.status === "connected" && !mayWrite(snapshot);
      for (const control of [text, send, ask, attach, emoji]) control.disabled = readOnly;
      text.placeholder = readOnly ? "You can read this room but not write in it" : "Write a message";
      const loaded = messages.find(({ seq }) => seq !== undefined && seq === toReplyTo);
      if (loaded && !isDeleted(loaded)) {
        toReplyTo = undefined;
        reply.to(loaded);
      }
      const { seq } = reply;
      if (seq !== undefined && messages.some((one) => one.seq === seq && isDeleted(one))) reply.cancel();
    },
  };
}
