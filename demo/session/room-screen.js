// @ts-check
// One room, as long as it is on the screen: what listens to it here ends with the visit, the room goes on.

import { roomApi } from "../edge-rooms.js";
import { refusalIn } from "./session.js";

/** @typedef {import("../edge-rooms.js").RoomsError} RoomsError */
/** @typedef {import("../edge-rooms.js").RoomEvents} RoomEvents */
/** @typedef {ReturnType<typeof openVisit>} Visit */

/** Who was in the room is told there, and may come back later. @type {ReadonlySet<string>} */
const REMOVALS = new Set(["forbidden", "banned", "deleted"]);

const CONNECTED_WITHIN_MS = 10_000;

/**
 * @param {import("./session.js").Session} session
 * @param {string} name
 */
export function openVisit(session, name) {
  const entry = session.enter(name);
  const { room } = entry;
  /** @type {(() => void)[]} */
  const cancels = [];
  // Where it had ended, another try may do better now.
  if (refusalIn(room.state)) room.reconnect();

  /**
   * @template {keyof RoomEvents} Type
   * @param {Type} type
   * @param {(payload: RoomEvents[Type]) => void} fn
   */
  function on(type, fn) {
    cancels.push(room.on(type, fn));
  }

  /** @param {RoomsError} error */
  const isRemoval = (error) => entry.wasIn && REMOVALS.has(error.code);

  return {
    room,
    api: roomApi(session.client, name),
    on,
    inbox: session.inbox,
    reconnect: session.reconnect,
    comeBack: () => room.reconnect(),
    get slowModeMs() {
      return entry.slowModeMs;
    },

    /** @param {() => void} fn */
    subscribe(fn) {
      cancels.push(room.subscribe(fn));
    },

    /** Rejects where it ends before, or takes too long. @returns {Promise<void>} */
    whenConnected() {
      if (room.state.status === "connected") return Promise.resolve();
      return new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error("There is no connection.")), CONNECTED_WITHIN_MS);
        on("state", (state) => {
          if (state.status === "connected") resolve();
          else if (refusalIn(state)) reject(new Error("The room is closed."));
        });
      });
    },

    /** Why this user is not in the room any more, if somebody saw to that. */
    removal() {
      const error = refusalIn(room.state);
      return error && isRemoval(error) ? error : undefined;
    },

    /**
     * Calls `fn` when the room lets nobody in, for good.
     *
     * @param {(error: RoomsError) => void} fn
     */
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
