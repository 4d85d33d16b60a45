// Messages that grow while they are written: their text, the button that stops them, and how they ended.

import { button, element } from "../ui/dom.js";
import { chatOf, isOpen, recordOf, storedOf } from "./message-content.js";
import { samePlace } from "./message-rows.js";

/** @import { RoomMessage } from "../edge-rooms.js" */
/** @import { Row } from "./message-rows.js" */
/** @import { Stage } from "./message-view.js" */

/** The words for how one ended. */
const OUTCOMES = { complete: "Complete", cancelled: "Stopped", failed: "Failed", interrupted: "Interrupted" };
const WHY = {
  complete: "All of the answer is here.",
  cancelled: "The answer was stopped before its end.",
  failed: "Writing the answer failed before its end.",
  interrupted: "Nothing more came of the answer: its writer was closed, or lost its connection.",
};
/** What changes with each piece. */
const GROWS = { message: ["data", "n"], data: ["text"] };

/** As one node, to which text is added; what is marked in it is shown as such at the end. @param {string} text */
export const renderOpenText = (text) =>
  element("p", { class: "text", dir: "auto" }, document.createTextNode(text));

/** @param {RoomMessage} message @param {Stage} stage */
export function renderOpen({ seq }, stage) {
  const stop = button("Stop", async () => {
    if (seq === undefined || stop.getAttribute("aria-disabled") === "true") return;
    stop.setAttribute("aria-disabled", "true");
    stop.textContent = "Stopping…";
    if (await stage.stop(seq)) return;
    stop.removeAttribute("aria-disabled");
    stop.textContent = "Stop";
  });
  stop.dataset.action = "stop";
  return element(
    "div",
    { class: "open-foot" },
    element("span", { class: "writing" }, "Writing…"),
    stage.mayWrite() && stop,
  );
}

/** How it ended. @param {RoomMessage} message @param {Pick<Stage, "users" | "self">} stage */
export function renderOutcome(message, { users, self }) {
  const { stream, deletedAt } = storedOf(message);
  if (stream === undefined || stream === "open" || deletedAt !== undefined) return [];
  const { stoppedBy } = recordOf(recordOf(message.data).metadata);
  const who = stoppedBy === self() ? "you" : typeof stoppedBy === "string" && users.nameOf(stoppedBy);
  const by = stream === "cancelled" && who ? [" by ", element("bdi", {}, who)] : [];
  return [element("span", { class: "outcome", title: WHY[stream] }, OUTCOMES[stream], by), " · "];
}

/**
 * Adds to the row what its message has grown by. Answers whether that was all: else the row is rendered again.
 *
 * @param {HTMLElement} row
 * @param {Row} before
 * @param {Row} now
 */
export function growText(row, before, now) {
  if (before.kind !== "message" || now.kind !== "message" || !samePlace(before, now)) return false;
  const [a, b] = [before.message, now.message];
  const same = isOpen(a) && isOpen(b) && a.event === "chat" && differOnlyIn(GROWS.message, a, b);
  if (!same || !differOnlyIn(GROWS.data, recordOf(a.data), recordOf(b.data))) return false;
  const node = row.querySelector(".text")?.firstChild;
  if (!(node instanceof Text)) return false;
  const { text } = chatOf(b.data);
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
  return true;
}

/** @param {readonly string[]} names @param {object} a @param {object} b */
function differOnlyIn(names, a, b) {
  const others = new Map(Object.entries(a).filter(([name]) => !names.includes(name)));
  const left = Object.entries(b).filter(([name]) => !names.includes(name));
  return others.size === left.length && left.every(([name, value]) => others.get(name) === value);
}
