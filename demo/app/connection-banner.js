// @ts-check
// What the connection is at, in plain words.

import { MAX_TRIES } from "../session/session.js";
import { part, setText } from "../ui/dom.js";

/** @typedef {import("../edge-rooms.js").ConnectionState} ConnectionState */

const TICK_MS = 250;

/**
 * @param {ParentNode} root
 * @param {Pick<import("../session/room-screen.js").Visit, "reconnect" | "removal">} visit
 */
export function createConnectionBanner(root, visit) {
  const state = part(root, "state", HTMLElement);
  const words = part(root, "state-words", HTMLElement);
  const countdown = part(root, "state-count", HTMLElement);
  const banner = part(root, "banner", HTMLElement);
  const bannerWords = part(root, "banner-words", HTMLElement);
  const reconnect = part(root, "reconnect", HTMLButtonElement);
  reconnect.addEventListener("click", () => visit.reconnect());
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /**
   * @param {ConnectionState} room
   * @param {ConnectionState} inbox
   */
  function update(room, inbox) {
    clearInterval(timer);
    timer = undefined;
    state.dataset.status = room.status;
    setText(words, removalWords(visit.removal()) ?? stateWords(room));
    setText(countdown, "");
    if (room.status === "reconnecting") {
      const { retryAt, attempt } = room;
      const count = () => setText(countdown, countdownWords(retryAt, attempt));
      count();
      timer = setInterval(count, TICK_MS);
    }
    // That has a notice of its own.
    const problem = visit.removal() ? "" : problemWords(room, inbox);
    setText(bannerWords, problem);
    banner.hidden = problem === "";
    banner.dataset.status = room.status;
    reconnect.hidden = room.status !== "disconnected" && inbox.status !== "disconnected";
  }

  return { update, stop: () => clearInterval(timer) };
}

/** @param {import("../edge-rooms.js").RoomsError | undefined} error */
function removalWords(error) {
  if (error === undefined) return undefined;
  return error.code === "deleted" ? "Deleted" : "Removed";
}

/** @param {ConnectionState} state */
function stateWords(state) {
  switch (state.status) {
    case "connecting":
      return state.attempt > 1 ? "Reconnecting…" : "Connecting…";
    case "connected":
      return "Connected";
    case "reconnecting":
      return "Reconnecting";
    case "disconnected":
      return "Offline";
    default:
      return "";
  }
}

/**
 * @param {number} retryAt
 * @param {number} attempt
 */
function countdownWords(retryAt, attempt) {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  const when = seconds === 0 ? "now" : `in ${seconds} s`;
  return `${when} · try ${attempt} of ${MAX_TRIES}`;
}

/**
 * @param {ConnectionState} room
 * @param {ConnectionState} inbox
 */
function problemWords(room, inbox) {
  if (room.status === "disconnected")
    return `No connection after ${MAX_TRIES} tries. What you write is kept and sent once you are back.`;
  const retries = room.status === "reconnecting" || (room.status === "connecting" && room.attempt > 1);
  if (retries) {
    const why = navigator.onLine ? "The connection was lost." : "Your device is offline.";
    return `${why} What you write is kept and sent once you are back.`;
  }
  return inbox.status === "disconnected" ? "Notifications are not connected." : "";
}
