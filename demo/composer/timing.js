// When a message is sent, and how long it stays: a button above the composer with a menu.

import { mayWrite } from "../messages/message-content.js";
import { part, setText } from "../ui/dom.js";
import { durationText, fullTime } from "../ui/format.js";
import { openMenu } from "../ui/popup.js";
import { askWhen } from "./ask-when.js";
import { openScheduled } from "./scheduled-list.js";

/** @import { RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { Composed } from "./composer.js" */
/** @import { Outcomes } from "./scheduled-list.js" */

/** In seconds. */
const LIFETIMES = [60, 3_600, 86_400];
const HOUR_MS = 3_600_000;

/**
 * @param {ParentNode} root
 * @param {RoomScreen} screen
 * @param {{ toasts: Outcomes, take(): Composed | undefined, putBack(composed: Composed): void }} page `take`: what is
 *   written, which leaves the composer; `undefined` where it is empty
 */
export function createTiming(root, { schedule }, { toasts, take, putBack }) {
  const button = part(root, "timing", HTMLButtonElement);
  const label = part(root, "timing-text");
  const plain = label.textContent ?? "";
  /** @type {number | undefined} */
  let lifetime;

  /** @param {number | undefined} seconds */
  function keepFor(seconds) {
    lifetime = seconds;
    button.classList.toggle("chosen", seconds !== undefined);
    setText(label, seconds === undefined ? plain : afterText(seconds));
  }

  button.addEventListener("click", () =>
    openMenu(button, "Timing", [
      { label: "Keep the message", checked: lifetime === undefined, onPick: () => keepFor(undefined) },
      ...LIFETIMES.map((seconds) => ({
        label: afterText(seconds),
        checked: lifetime === seconds,
        onPick: () => keepFor(seconds),
      })),
      { label: "Send later…", onPick: () => void sendLater() },
      { label: "Scheduled messages", onPick: () => void openScheduled(schedule, toasts) },
    ]),
  );

  async function sendLater() {
    const at = await askWhen("Send later", Date.now() + HOUR_MS, "Schedule");
    if (at === undefined) return;
    const composed = take();
    if (composed === undefined)
      return toasts.say("Write a message first, then choose when to send it.", "failed");
    const done = schedule.schedule(composed.data, { ...composed.options, ...options(), sendAt: at });
    if (!(await toasts.attempt(done, `Will be sent on ${fullTime(at)}`))) putBack(composed);
  }

  /** Of the next message. */
  function options() {
    return lifetime === undefined ? {} : { expiresInSeconds: lifetime };
  }

  return {
    options,

    /** @param {RoomSnapshot} snapshot */
    update(snapshot) {
      button.hidden = snapshot.state.status === "connected" && !mayWrite(snapshot);
    },
  };
}

/** @param {number} seconds */
const afterText = (seconds) => `Delete after ${durationText(seconds * 1_000)}`;
