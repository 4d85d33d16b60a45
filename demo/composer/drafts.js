// What was begun in a room and not sent, until the tab is closed.

import { httpsAddress, recordOf } from "../messages/message-content.js";
import { inTab } from "../session/storage.js";

/** @import { Attachment } from "../edge-rooms.js" */

/** @typedef {{ text: string, replyTo: number | undefined, attachments: readonly Attachment[] }} Draft */

const MAX_TEXT = 20_000;

/** @param {string} room */
const keyOf = (room) => `draft.${room}`;

/** @param {string} room @returns {Draft} */
export function draftOf(room) {
  const { text, replyTo, attachments } = recordOf(parsed(inTab.get(keyOf(room)) ?? "null"));
  /** @type {Attachment[]} */
  const files = Array.isArray(attachments) ? attachments : [];
  return {
    text: typeof text === "string" ? text : "",
    replyTo: typeof replyTo === "number" ? replyTo : undefined,
    attachments: files.filter((file) => httpsAddress(recordOf(file).url) !== undefined),
  };
}

/** @param {string} room @param {Draft} draft */
export function keepDraft(room, { text, replyTo, attachments }) {
  const isEmpty = text.trim() === "" && replyTo === undefined && attachments.length === 0;
  const json = JSON.stringify({ text: text.slice(0, MAX_TEXT), replyTo, attachments });
  inTab.set(keyOf(room), isEmpty ? undefined : json);
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
