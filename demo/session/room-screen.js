// One room while it is on the screen: listeners added here end with the screen, the room itself stays joined.

import { roomApi, scheduleApi } from "../edge-rooms.js";
import { refusalIn } from "./session.js";

/** @import { RoomEvents, RoomsError } from "../edge-rooms.js" */
/** @import { Session } from "./session.js" */

/** @typedef {ReturnType<typeof openRoomScreen>} RoomScreen */

/** Somebody removed this user, who may come back later. @type {ReadonlySet<string>} */
const REMOVALS = new Set(["forbidden", "banned", "deleted"]);

const CONNECTED_WITHIN_MS = 10_000;

/** @param {Session} session @param {string} name */
export function openRoomScreen(session, name) {
  const entry = session.enter(name);
  const { room } = entry;
  /** @type {(() => void)[]} */
  const cancels = [];
  // A room that had ended may let this user in by now.
  if (refusalIn(room.state)) room.reconnect();

  /**
   * @template {keyof RoomEvents} Type
   * @param {Type} type
   * @param {(payload: RoomEvents[Type]) => void} fn
   */
  const on = (type, fn) => void cancels.push(room.on(type, fn));

  /** @param {RoomsError} error */
  const isRemoval = (error) => entry.wasIn && REMOVALS.has(error.code);

  return {
    room,
    on,
    inbox: session.inbox,
    sessionEnded: session.ended,
    api: roomApi(session.client, name),
    schedule: scheduleApi(session.client, name),
    reconnect: session.reconnect,
    comeBack: () => room.reconnect(),
    /** Whether this user was in the room at least once. */
    get wasIn() {
      return entry.wasIn;
    },
    get slowModeMs() {
      return entry.slowModeMs;
    },

    /** @param {() => void} fn */
    subscribe: (fn) => void cancels.push(room.subscribe(fn)),

    /** Rejects when the room refuses this user, when the screen closes, and after 10 s. @returns {Promise<void>} */
    whenConnected() {
      if (room.state.status === "connected") return Promise.resolve();
      return new Promise((resolve, reject) => {
        const end = (/** @type {() => void} */ settle) => {
          clearTimeout(timer);
          cancel();
          settle();
        };
        const fail = () => end(() => reject(new Error("The room is not connected.")));
        const timer = setTimeout(fail, CONNECTED_WITHIN_MS);
        const cancel = room.on("state", (state) => {
          if (state.status === "connected") end(resolve);
          else if (refusalIn(state)) fail();
        });
        cancels.push(fail);
      });
    },

    /** The error with which somebody removed this user from the room, if so. */
    removal() {
      const error = refusalIn(room.state);
      return error && isRemoval(error) ? error : undefined;
    },

    /** Calls `fn` when the room refuses a user who was not in it. @param {(error: RoomsError) => void} fn */
    onRefused(fn) {
      on("state", (state) => {
        const error = refusalIn(state);
        if (error && !isRemoval(error)) fn(error);
      });
    },

    close() {
      room.stopTyping();
      for (const cancel of cancels) cancel();
    },
  };
}
