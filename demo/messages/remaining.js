// What a message says beside its time: when it will be deleted, and for moderators how the back end has marked it.

import { element } from "../ui/dom.js";
import { fullTime, shortDuration } from "../ui/format.js";
import { storedOf } from "./message-content.js";

/** @import { RoomMessage } from "../edge-rooms.js" */

const TICK_MS = 1_000;

/** @param {RoomMessage} message */
export function renderRemaining(message) {
  const { expiresAt } = storedOf(message);
  if (expiresAt === undefined) return [];
  const attributes = {
    class: "expires",
    title: `Will be deleted on ${fullTime(expiresAt)}`,
    "data-at": expiresAt,
  };
  return [element("span", attributes, remainingText(expiresAt)), " · "];
}

/** @param {RoomMessage} message @param {boolean} isModerator */
export function renderFlag(message, isModerator) {
  const { flag } = storedOf(message);
  if (flag === undefined || !isModerator) return [];
  const attributes = {
    class: "flag",
    dir: "auto",
    title: "The back end marked this message. This page shows it to moderators.",
  };
  return [element("span", attributes, flag), " "];
}

/** @param {number} at */
const remainingText = (at) => `Deletes in ${shortDuration(Math.max(0, at - Date.now()))}`;

/** Counts down in the list, while a message in it expires. @param {HTMLElement} list */
export function createCountdown(list) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  function tick() {
    const shown = list.querySelectorAll(".expires");
    for (const one of shown) {
      // As a text node: screen readers, to which the list is a log, hear of it once, with the message.
      const [text] = one.childNodes;
      const next = remainingText(Number(one.getAttribute("data-at")));
      if (text && text.nodeValue !== next) text.nodeValue = next;
    }
    if (shown.length > 0) timer ??= setInterval(tick, TICK_MS);
    else stop();
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
  }

  return { update: tick, stop };
}
