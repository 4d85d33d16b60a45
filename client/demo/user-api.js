// @ts-check
// What a user asks over HTTP of what is theirs: the rooms they follow, and what they want to hear of.

import { listOf } from "./http.js";

/** `unread` is `null` where the room did not answer. @typedef {{ room: string, head: number, unread: number | null }} Followed */
/** @typedef {{ from: string, to: string, timeZone: string }} QuietHours */
/**
 * @typedef {{
 *   mutedTopics: readonly string[], mutedRooms: readonly string[], quietHours: QuietHours | null, push: boolean,
 * }} Preferences
 */
/** @typedef {ReturnType<typeof createUserApi>} UserApi */

/** @param {import("./http.js").Call} call */
export function createUserApi(call) {
  return {
    /** Page by page. @returns {Promise<Followed[]>} */
    async rooms() {
      /** @type {Followed[]} */
      const rooms = [];
      for (let after = ""; ; ) {
        const page = await call("GET", `v1/me/rooms?after=${after}`);
        rooms.push(...listOf(page.rooms));
        if (typeof page.next !== "string") return rooms;
        after = page.next;
      }
    },
    /** @param {string} room */
    unfollow: (room) => call("DELETE", `v1/me/rooms/${room}`),
    preferences: async () => preferencesOf(await call("GET", "v1/me/preferences")),
    /** @param {Partial<Preferences>} patch */
    setPreferences: async (patch) => preferencesOf(await call("PUT", "v1/me/preferences", patch)),
  };
}

/**
 * @param {Record<string, unknown>} answer
 * @returns {Preferences}
 */
const preferencesOf = ({ mutedTopics, mutedRooms, quietHours, push }) => ({
  mutedTopics: listOf(mutedTopics),
  mutedRooms: listOf(mutedRooms),
  quietHours: /** @type {QuietHours | null | undefined} */ (quietHours) ?? null,
  push: push !== false,
});
