// What was begun in a room and not sent, until the tab is closed.

import { attachmentsIn, chatOf, recordOf } from "../messages/message-content.js";
import { inTab } from "../session/storage.js";

/** @import { Attachment, RoomHandle } from "../edge-rooms.js" */

/** @typedef {{ text: string, replyTo: number | undefined, attachments: readonly Attachment[] }} Draft */

const MAX_TEXT = 20_000;

/** @param {string} room */
const keyOf = (room) => `draft.${room}`;

/** @param {string} room @returns {Draft} */
export function draftOf(room) {
  const data = parsed(inTab.get(keyOf(room)) ?? "null");
  const { text, replyTo } = recordOf(data);
  return {
    text: typeof text === "string" ? text : "",
    replyTo: typeof replyTo === "number" ? replyTo : undefined,
    attachments: attachmentsIn(data),
  };
}

/** @param {string} room @param {Draft} draft */
export function keepDraft(room, { text, replyTo, attachments }) {
  const isEmpty = text.trim() === "" && replyTo === undefined && attachments.length === 0;
  const json = JSON.stringify({ text: text.slice(0, MAX_TEXT), replyTo, attachments });
  inTab.set(keyOf(room), isEmpty ? undefined : json);
}

/**
 * When the page goes away, what was not sent becomes the draft of its room.
 *
 * @param {Pick<RoomHandle, "name" | "getSnapshot">} room
 */
export function keepUnsent({ name, getSnapshot }) {
  const unsent = getSnapshot().messages.filter((one) => one.pending && one.status !== "sent");
  if (unsent.length === 0) return;
  const draft = draftOf(name);
  const texts = [...unsent.map(({ data }) => chatOf(data).text), draft.text];
  keepDraft(name, {
    text: texts.filter(Boolean).join("\n"),
    replyTo: draft.replyTo ?? unsent[0]?.replyTo,
    attachments: [...unsent.flatMap(({ data }) => attachmentsIn(data)), ...draft.attachments],
  });
}

/** @param {string} room */
export const hasDraft = (room) => inTab.get(keyOf(room)) !== undefined;

/** @param {string} json @returns {unknown} */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
