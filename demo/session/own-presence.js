// This user's status: what they chose, and "away" while the page is not touched.

import { followIdleness } from "./page-focus.js";
import { inTab } from "./storage.js";

/** @import { Status } from "../edge-rooms.js" */
/** @import { Session } from "./session.js" */

/** @typedef {ReturnType<typeof createOwnPresence>} OwnPresence */

const UNTOUCHED_MS = 5 * 60_000;
const HIDDEN_MS = 2 * 60_000;

/** @type {Readonly<Record<Status, string>>} */
export const STATUSES = { online: "Online", away: "Away", busy: "Busy" };

/** @param {string | undefined} value @returns {value is Status} */
const isStatus = (value) => value !== undefined && Object.hasOwn(STATUSES, value);

/** @param {Pick<Session, "setPresence">} session */
export function createOwnPresence(session) {
  const kept = inTab.get("status");
  /** @type {Status} */
  let chosen = isStatus(kept) ? kept : "online";
  /** @type {Status} */
  let status = "online";
  let idle = false;

  function update() {
    const next = chosen === "online" && idle ? "away" : chosen;
    if (next === status) return;
    status = next;
    session.setPresence({ status }).catch(() => {
      // The client sends it again with the next connection.
    });
  }

  const stop = followIdleness({
    untouchedMs: UNTOUCHED_MS,
    hiddenMs: HIDDEN_MS,
    onIdle(now) {
      idle = now;
      update();
    },
  });
  update();

  return {
    get chosen() {
      return chosen;
    },
    get status() {
      return status;
    },
    /** @param {Status} next */
    choose(next) {
      chosen = next;
      inTab.set("status", next);
      update();
    },
    stop,
  };
}
