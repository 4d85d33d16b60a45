// @ts-check
// What a room is asked over HTTP: what a socket has no command for.

import { recordOf } from "./chat-data.js";
import { listOf } from "./http.js";

/** @typedef {{ user: string, seq: number }} ReadUpTo */
/** @typedef {{ user: string, until: number, by?: string | null, reason?: string }} Ban */
/** @typedef {ReturnType<typeof createRoomApi>} RoomApi */

/**
 * @param {import("./http.js").Call} call
 * @param {string} room
 */
export function createRoomApi(call, room) {
  const base = `v1/rooms/${room}`;

  return {
    /** @returns {Promise<ReadUpTo[]>} */
    receipts: async () => listOf((await call("GET", `${base}/receipts`)).receipts),
    /** @returns {Promise<Ban[]>} */
    bans: async () => listOf((await call("GET", `${base}/bans`)).bans),
    /** @param {string} user */
    unban: (user) => call("DELETE", `${base}/bans/${encodeURIComponent(user)}`),
    /** @param {{ user: string, banSeconds: number, reason?: string }} wish */
    kick: (wish) => call("POST", `${base}/kick`, wish),
    slowModeMs: async () => Number(recordOf((await call("GET", base)).settings).slowModeMs) || 0,
    /** @param {number} seq */
    markRead: (seq) => call("PUT", `${base}/receipts/me`, { seq }),
    /** @param {number} slowModeMs */
    setSlowMode: (slowModeMs) => call("PATCH", base, { slowModeMs }),
  };
}
