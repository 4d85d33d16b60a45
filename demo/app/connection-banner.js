// The state of the connection in plain words.

import { outageText } from "../session/error-text.js";
import { MAX_ATTEMPTS } from "../session/session.js";
import { part, setText } from "../ui/dom.js";

/** @import { ConnectionState } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */

const TICK_MS = 250;
const KEPT = "Messages you write are sent once you are connected.";

/** @param {ParentNode} root @param {Pick<RoomScreen, "reconnect" | "removal" | "wasIn">} screen */
export function createConnectionBanner(root, screen) {
  const state = part(root, "state");
  const stateText = part(root, "state-text");
  const countdown = part(root, "state-count");
  const banner = part(root, "banner");
  const bannerText = part(root, "banner-text");
  const reconnect = part(root, "reconnect");
  reconnect.addEventListener("click", () => screen.reconnect());
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  /** The last one with an error. @type {ConnectionState | undefined} */
  let failed;

  return {
    /** @param {ConnectionState} room @param {ConnectionState} inbox */
    update(room, inbox) {
      clearInterval(timer);
      const removal = screen.removal();
      state.dataset.status = room.status;
      const removed = removal?.code === "deleted" ? "Deleted" : "Removed";
      setText(stateText, removal ? removed : textOf(room, screen.wasIn));
      setText(countdown, "");
      if (room.status === "reconnecting") {
        const count = () => setText(countdown, countdownText(room.retryAt, room.attempt));
        count();
        timer = setInterval(count, TICK_MS);
      }
      // A removal has a notice of its own.
      if (room.status === "connected") failed = undefined;
      else if (room.status !== "connecting") failed = room;
      const problem = removal ? "" : problemText(room, inbox, outageText(failed ?? room, screen.wasIn));
      setText(bannerText, problem);
      banner.hidden = problem === "";
      banner.dataset.status = room.status;
      reconnect.hidden = room.status !== "disconnected" && inbox.status !== "disconnected";
    },
    stop: () => clearInterval(timer),
  };
}

/** @param {ConnectionState} state @param {boolean} wasIn */
function textOf(state, wasIn) {
  switch (state.status) {
    case "connecting":
      return wasIn && state.attempt > 1 ? "Reconnecting…" : "Connecting…";
    case "connected":
      return "Connected";
    case "reconnecting":
      return wasIn ? "Reconnecting" : "Trying again";
    case "disconnected":
      return "Offline";
    default:
      return "";
  }
}

/** @param {number} retryAt @param {number} attempt */
function countdownText(retryAt, attempt) {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  return `${seconds === 0 ? "now" : `in ${seconds} s`} · attempt ${attempt} of ${MAX_ATTEMPTS}`;
}

/** @param {ConnectionState} room @param {ConnectionState} inbox @param {string} outage */
function problemText(room, inbox, outage) {
  const isTrying = room.status === "connecting" && room.attempt === 1;
  if (room.status !== "connected" && !isTrying) return `${outage} ${KEPT}`;
  return inbox.status === "disconnected" ? "Notifications are not connected. Reconnect to get new ones." : "";
}
