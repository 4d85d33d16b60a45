// The latest messages of a room, and older ones on request.

import { serverBadge } from "../ui/avatar.js";
import { button, element, iconButton, setText } from "../ui/dom.js";
import { fullTime, timeWithSeconds } from "../ui/format.js";
import { DELETE } from "../ui/icons.js";
import { confirmDelete } from "./confirm.js";
import { refusalText } from "./words.js";

/** @import { Message } from "../../src/protocol/index.ts" */
/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

const MAX_SHOWN_TEXT = 2_000;

/** What a message says, as text. @param {unknown} data */
export function textOf(data) {
  const text = /** @type {{ text?: unknown } | null} */ (data)?.text;
  const shown = typeof text === "string" ? text : (JSON.stringify(data) ?? "");
  return shown.length > MAX_SHOWN_TEXT ? `${shown.slice(0, MAX_SHOWN_TEXT)}…` : shown;
}

/** @param {string} room @param {Api} api @param {Results} results */
export function createMessages(room, api, results) {
  /** By `seq`: what was read. @type {Map<number, Message>} */
  let held = new Map();
  /** @type {string | undefined} */
  let epoch;
  let head = 0;
  /** Where the next older page begins; `undefined`: there is none. @type {number | undefined} */
  let olderBefore;
  const items = element("ol", { class: "entries messages" });
  const note = element("p", { class: "hint", tabindex: -1 }, "Loading…");
  const older = button("Show older", () => void showOlder(), "plain small");
  older.hidden = true;

  function render() {
    const sorted = [...held.values()].sort((one, other) => other.seq - one.seq);
    const focused = document.activeElement?.closest("li")?.dataset.seq;
    items.replaceChildren(...sorted.map(renderMessage));
    const again = focused === undefined ? null : items.querySelector(`[data-seq="${focused}"] button`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    setText(note, sorted.length === 0 ? "No messages." : "Newest first.");
    older.hidden = olderBefore === undefined;
  }

  async function refresh() {
    const page = await api.messages(room);
    // After a purge, and if more than a page came since, this page does not follow what is held.
    const follows = page.epoch === epoch && (page.more !== true || page.seq <= head + 1);
    if (!follows || held.size === 0) {
      held = new Map();
      olderBefore = page.more ? page.seq : undefined;
    }
    ({ epoch, head } = page);
    for (const message of page.messages) held.set(message.seq, message);
    render();
  }

  async function showOlder() {
    older.disabled = true;
    try {
      const page = await api.messages(room, olderBefore);
      if (page.epoch === epoch) {
        for (const message of page.messages) held.set(message.seq, message);
        olderBefore = page.more ? page.seq : undefined;
      }
      render();
    } catch (error) {
      results.say(refusalText(error), "failed");
    }
    older.disabled = false;
  }

  /** @param {Message} message */
  function renderMessage({ seq, from, event, at, data, deletedAt, editedAt }) {
    const sender = from === null ? "the server" : (from.name ?? from.id);
    const remove = iconButton(`Delete message ${seq} of ${sender}`, DELETE, () => void erase(), {
      class: "tool danger",
    });

    async function erase() {
      if (!(await confirmDelete(sender))) return;
      const isDone = await results.attempt(api.deleteMessage(room, seq), () => "The message was deleted.");
      const message = held.get(seq);
      if (isDone && message) held.set(seq, { ...message, data: null, deletedAt: Date.now() });
      render();
      note.focus({ preventScroll: true });
    }

    const isGone = deletedAt !== undefined;
    return element(
      "li",
      { "data-seq": seq },
      element(
        "p",
        { class: "details" },
        from === null ? serverBadge() : element("bdi", { class: "who" }, sender),
        event !== "chat" && element("code", {}, event),
        element("time", { title: fullTime(at) }, timeWithSeconds(at)),
        editedAt !== undefined && "edited",
      ),
      element(
        "p",
        { class: isGone ? "said gone-text" : "said", dir: "auto" },
        isGone ? "Deleted" : textOf(data),
      ),
      !isGone && remove,
    );
  }

  return {
    root: element(
      "section",
      { class: "sheet", "aria-label": "Messages" },
      element("h2", {}, "Messages"),
      note,
      items,
      older,
    ),
    refresh,
  };
}
