// @ts-check
// What this user may do to a message.

import { isDeleted, isEditable } from "./chat-data.js";

/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */

/** @param {Pick<RoomSnapshot, "permission">} snapshot */
export const mayWrite = ({ permission }) => permission === "write" || permission === "moderate";

/**
 * @param {import("./message-rows.js").MessageRow} row
 * @param {Pick<RoomSnapshot, "permission">} snapshot
 */
export function mayOf({ message, own }, snapshot) {
  const stored = message.seq !== undefined && !isDeleted(message) && mayWrite(snapshot);
  const change = stored && (own || snapshot.permission === "moderate");
  return { react: stored, reply: stored, edit: change && isEditable(message), remove: change };
}
