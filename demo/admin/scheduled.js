// What waits to be sent in a room, of all users and of server code: each can be taken back.

import { button, element, setText } from "../ui/dom.js";
import { fullTime } from "../ui/format.js";
import { refusalText } from "./words.js";

/** @import { Scheduled } from "../../src/protocol/index.ts" */
/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

const PREVIEW_LENGTH = 200;

/** @param {string} room @param {Api} api @param {Results} results */
export function createScheduled(room, api, results) {
  const list = element("ul", { class: "entries" });
  const hint = element("p", { class: "hint" }, "Loading…");

  async function refresh() {
    try {
      const { scheduled } = await api.scheduled(room);
      list.replaceChildren(...scheduled.map(renderOne));
      setText(hint, scheduled.length === 0 ? "Nothing is scheduled." : "");
    } catch (error) {
      list.replaceChildren();
      setText(hint, refusalText(error));
    }
  }

  /** @param {Scheduled} message */
  function renderOne({ id, event, data, from, sendAt, error }) {
    const text = textOf(event, data);
    const who = from === null ? "Server code" : (from.name ?? from.id);
    const remove = button("Take back", () => void takeBack(id), "plain small");
    remove.setAttribute("aria-label", `Take back “${text}”`);
    return element(
      "li",
      { class: "person" },
      element(
        "div",
        {},
        element("span", { class: "planned", dir: "auto" }, text),
        element("span", { class: "details" }, element("bdi", {}, who), ` · ${fullTime(sendAt)}`),
        error && element("span", { class: "wrong" }, `Not sent: ${error.message}`),
      ),
      remove,
    );
  }

  /** @param {string} id */
  async function takeBack(id) {
    await results.attempt(api.unschedule(room, id), () => "It will not be sent.");
    await refresh();
  }

  void refresh();
  return element(
    "section",
    { class: "sheet", "aria-label": "Scheduled messages" },
    element("h2", {}, "Scheduled messages"),
    hint,
    list,
  );
}

/** @param {string} event @param {unknown} data */
function textOf(event, data) {
  const { text } = /** @type {{ readonly text?: unknown }} */ (Object(data));
  const words = event === "chat" && typeof text === "string" ? text : `${event} ${JSON.stringify(data)}`;
  return words.length > PREVIEW_LENGTH ? `${words.slice(0, PREVIEW_LENGTH)}…` : words;
}
