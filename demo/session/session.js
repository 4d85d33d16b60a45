// One user at this page: a client with the inbox and all rooms on one connection. Knows nothing of the page.

import { createClient, inboxOf, sharedRoom } from "../edge-rooms.js";

/** @import { ConnectionState, Notification, Presence, User } from "../edge-rooms.js" */
/** @import { RoomHandle, RoomsError, RoomsErrorCode } from "../edge-rooms.js" */

/** @typedef {{ room: RoomHandle, slowModeMs: number, wasIn: boolean }} Entered `wasIn`: was connected once */
/** Changes that no socket event reports. @typedef {"rooms" | "preferences"} TabNews */
/** @typedef {ReturnType<typeof openSession>} Session */

/** Failed attempts in a row before the user is asked. */
export const MAX_ATTEMPTS = 5;

/** A connection carries at most 50 rooms. */
const MAX_ENTERED = 40;

/** With the same token and room another attempt must fail too. @type {ReadonlySet<RoomsErrorCode>} */
const FINAL = new Set(["unauthorized", "token_expired", "forbidden", "banned", "bad_request", "deleted"]);

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** @param {string} name */
export const isRoomName = (name) => ROOM.test(name);

const NO_ROOM = "Room names use letters, digits and _ . : - and start with a letter or a digit.";

/** What is wrong with the name of a room; "" if nothing is. @param {string} name */
export const roomProblem = (name) =>
  isRoomName(name) ? "" : name === "" ? "Enter the name of a room." : NO_ROOM;

/** The error that ended a connection for good, if one did. @param {ConnectionState} state */
export function refusalIn(state) {
  const error = state.status === "disconnected" ? state.error : undefined;
  return error && FINAL.has(error.code) ? error : undefined;
}

/** @param {{ url: string, getToken: () => Promise<string> | string }} options */
export function openSession({ url, getToken }) {
  const client = createClient({ url, getToken, maxAttempts: MAX_ATTEMPTS });
  const inbox = inboxOf(client);
  const otherTabs = new BroadcastChannel("edge-rooms");
  const ended = new AbortController();
  /** In the order of their last use. @type {Map<string, Entered>} */
  const entered = new Map();
  /** @type {User | undefined} */
  let user;

  /** @param {string} name @param {number | undefined} history */
  function join(name, history) {
    const room = sharedRoom(client, name, history === undefined ? {} : { history });
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
    get user() {
      return user;
    },
    /** @type {ReadonlyMap<string, Entered>} */
    entered,
    leave,
    /** @param {string} name @param {number} [history] how many messages to load first, if it is not open yet */
    enter(name, history) {
      const entry = entered.get(name) ?? join(name, history);
      entered.delete(name);
      const [oldest] = entered.keys();
      if (oldest !== undefined && entered.size >= MAX_ENTERED) leave(oldest);
      entered.set(name, entry);
      return entry;
    },
    /** @param {Presence} presence */
    setPresence: (presence) => client.setPresence(presence),
    reconnect: () => client.reconnect(),
    /** Aborted when the user signs out. */
    ended: ended.signal,
    close() {
      ended.abort();
      otherTabs.close();
      client.close();
    },

    /** What this tab changed over HTTP, for the other tabs of this user in this browser. @param {TabNews} news */
    tellOtherTabs: (news) => otherTabs.postMessage({ user: user?.id, news }),
    /** @param {TabNews} news @param {() => void} fn */
    onOtherTabs: (news, fn) =>
      otherTabs.addEventListener("message", ({ data }) => {
        if (data.user === user?.id && data.news === news) fn();
      }),

    /** Calls `fn` when the server refuses this user for good. @param {(error: RoomsError) => void} fn */
    onRefused(fn) {
      inbox.on("state", (state) => {
        const error = refusalIn(state);
        if (error) fn(error);
      });
    },

    /**
     * Calls `fn` for new notifications: not for those that were in the inbox before this session.
     *
     * @param {(notification: Notification) => void} fn
     */
    onNewNotification(fn) {
      inbox.on("notification", (notification) => {
        if (notification.state === "unseen") fn(notification);
      });
    },
  };
}
