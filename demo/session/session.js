// @ts-check
// One person at this page: a client, with the inbox and all rooms on its one connection. Knows nothing of the page.

import { createClient, inboxOf, sharedRoom } from "../edge-rooms.js";
import { openTabNews } from "./tab-news.js";

/** @typedef {import("../edge-rooms.js").RoomsErrorCode} RoomsErrorCode */
/** @typedef {import("../edge-rooms.js").ConnectionState} ConnectionState */
/** @typedef {import("../edge-rooms.js").RoomsError} RoomsError */
/** @typedef {import("../edge-rooms.js").RoomHandle} RoomHandle */
/** `wasIn`: whether this page was in it. @typedef {{ room: RoomHandle, slowModeMs: number, wasIn: boolean }} Entered */
/** @typedef {ReturnType<typeof openSession>} Session */

/** Failed tries in a row before the reader is asked. */
export const MAX_TRIES = 5;

/** A connection takes 50 rooms. */
const MOST_ENTERED = 40;

/** No further try with the same token and room can do better. @type {ReadonlySet<RoomsErrorCode>} */
const FINAL = new Set(["unauthorized", "token_expired", "forbidden", "banned", "bad_request", "deleted"]);

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** @param {string} name */
export const isRoomName = (name) => ROOM.test(name);

export const NO_ROOM = "A room's name has letters, digits and _ . : - and starts with a letter or digit.";

/** Why it ended for good, if it did. @param {ConnectionState} state */
export function refusalIn(state) {
  const error = state.status === "disconnected" ? state.error : undefined;
  return error && FINAL.has(error.code) ? error : undefined;
}

/** @param {{ url: string, getToken: () => Promise<string> | string }} options */
export function openSession({ url, getToken }) {
  const client = createClient({ url, getToken, maxAttempts: MAX_TRIES });
  const inbox = inboxOf(client);
  /** In the order of their last visit. @type {Map<string, Entered>} */
  const entered = new Map();
  /** @type {import("../edge-rooms.js").User | undefined} */
  let user;

  /** @param {string} name @param {number | undefined} history */
  function join(name, history) {
    // Without a socket for each room, the next one is there as soon as it is picked.
    const room = sharedRoom(client, name, { ...(history !== undefined && { history }) });
    /** @type {Entered} */
    const entry = { room, slowModeMs: 0, wasIn: false };
    room.on("connected", ({ limits, user: self }) => {
      entry.slowModeMs = limits.slowModeMs;
      user = self ?? user;
    });
    room.on("state", ({ status }) => {
      entry.wasIn ||= status === "connected";
    });
    return entry;
  }

  /** @param {string} name */
  function leave(name) {
    const entry = entered.get(name);
    entered.delete(name);
    entry?.room.leave();
  }

  return {
    url,
    client,
    inbox,
    news: openTabNews(() => user?.id),
    get user() {
      return user;
    },
    /** @type {ReadonlyMap<string, Entered>} */
    entered,
    leave,
    /** @param {string} name @param {number} [history] where it is not open yet */
    enter(name, history) {
      const entry = entered.get(name) ?? join(name, history);
      entered.delete(name);
      const [oldest] = entered.keys();
      if (oldest !== undefined && entered.size >= MOST_ENTERED) leave(oldest);
      entered.set(name, entry);
      return entry;
    },
    /** @param {import("../edge-rooms.js").Presence} presence */
    setPresence: (presence) => client.setPresence(presence),
    /** @param {(state: ConnectionState) => void} fn */
    onState: (fn) => inbox.on("state", fn),
    reconnect: () => client.reconnect(),
    close() {
      this.news.close();
      client.close();
    },

    /**
     * Calls `fn` when the server does not know this user.
     *
     * @param {(error: RoomsError) => void} fn
     */
    onRefused(fn) {
      inbox.on("state", (state) => {
        const error = refusalIn(state);
        if (error) fn(error);
      });
    },

    /**
     * Calls `fn` for what is new: not for what already lay in the inbox when this visit began.
     *
     * @param {(notification: import("../edge-rooms.js").Notification) => void} fn
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
