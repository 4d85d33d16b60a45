// @ts-check
// One visit to one room: a client, its room and its inbox. Knows nothing of the page.

import { createClient } from "./edge-rooms.js";
import { createRoomApi } from "./room-api.js";

/** @typedef {import("./edge-rooms.js").RoomsErrorCode} RoomsErrorCode */
/** @typedef {import("./edge-rooms.js").ConnectionState} ConnectionState */
/** @typedef {import("./edge-rooms.js").RoomsError} RoomsError */
/** @typedef {ReturnType<typeof openSession>} Session */

/** Failed tries in a row before the reader is asked. */
export const MAX_TRIES = 5;

/** No further try with the same token and room can do better. @type {ReadonlySet<RoomsErrorCode>} */
const FINAL = new Set(["unauthorized", "token_expired", "forbidden", "banned", "bad_request", "deleted"]);

/** Who was in the room is told there, and may come back later. @type {ReadonlySet<RoomsErrorCode>} */
const REMOVALS = new Set(["forbidden", "banned", "deleted"]);

/**
 * @param {{ url: string, room: string, getToken: () => Promise<string> | string }} options
 */
export function openSession({ url, room: name, getToken }) {
  const client = createClient({ url, getToken, maxAttempts: MAX_TRIES });
  const room = client.room(name);
  const { inbox } = client;
  const api = createRoomApi({ url, room: name, getToken });
  let wasIn = false;
  room.on("state", ({ status }) => {
    wasIn ||= status === "connected";
  });

  return {
    room,
    inbox,
    api,
    reconnect: () => client.reconnect(),
    close: () => client.close(),

    /** Why this user is not in the room any more, if somebody saw to that. */
    removal() {
      const { state } = room;
      const error = state.status === "disconnected" ? state.error : undefined;
      return wasIn && error && REMOVALS.has(error.code) ? error : undefined;
    },

    /**
     * Calls `fn` when the server let nobody in, for good.
     *
     * @param {(error: RoomsError) => void} fn
     */
    onRefused(fn) {
      /** @param {ConnectionState} state */
      const look = (state) => {
        const error = state.status === "disconnected" ? state.error : undefined;
        if (error && FINAL.has(error.code) && !(wasIn && REMOVALS.has(error.code))) fn(error);
      };
      room.on("state", look);
      inbox.on("state", look);
    },

    /**
     * Calls `fn` for what is new: not for what already lay in the inbox when this visit began.
     *
     * @param {(notification: import("./edge-rooms.js").Notification) => void} fn
     */
    onNewNotification(fn) {
      let caughtUp = false;
      inbox.on("state", ({ status }) => {
        caughtUp ||= status === "connected";
      });
      // What follows is again a first page.
      inbox.on("lost", () => {
        caughtUp = false;
      });
      inbox.on("notification", (notification) => {
        if (caughtUp && notification.state === "unseen") fn(notification);
      });
    },
  };
}
