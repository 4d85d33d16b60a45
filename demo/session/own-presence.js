// @ts-check
// How this user is here: as they chose, and away by itself where nobody touches the page.

import { followIdleness } from "./page-focus.js";
import { inTab } from "./storage.js";

/** @typedef {import("../edge-rooms.js").Status} Status */
/** @typedef {ReturnType<typeof createPresence>} Presence */

const UNTOUCHED_MS = 5 * 60_000;
const HIDDEN_MS = 2 * 60_000;

/** @type {readonly { status: Status, label: string }[]} */
export const STATUSES = [
  { status: "online", label: "Online" },
  { status: "away", label: "Away" },
  { status: "busy", label: "Busy" },
];

/** @param {Pick<import("./session.js").Session, "setPresence">} session */
export function createPresence(session) {
  /** @type {Status} */
  let chosen = STATUSES.find(({ status }) => status === inTab.get("status"))?.status ?? "online";
  /** @type {Status} */
  let told = "online";
  let idle = false;

  function tell() {
    const status = chosen === "online" && idle ? "away" : chosen;
    if (status === told) return;
    told = status;
    session.setPresence({ status }).catch(() => {
      // Told again with the next connection.
    });
  }

  const stop = followIdleness({
    untouchedMs: UNTOUCHED_MS,
    hiddenMs: HIDDEN_MS,
    onIdle(now) {
      idle = now;
      tell();
    },
  });
  tell();

  return {
    get chosen() {
      return chosen;
    },
    get status() {
      return told;
    },
    /** @param {Status} status */
    choose(status) {
      chosen = status;
      inTab.set("status", status);
      tell();
    },
    stop,
  };
}
