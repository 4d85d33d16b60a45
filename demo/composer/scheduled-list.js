// The messages that this user has scheduled in the room: a dialog to change them, or to take them back.

import { attachmentsIn, chatOf } from "../messages/message-content.js";
import { openDialog, textField } from "../ui/dialogs.js";
import { button, element } from "../ui/dom.js";
import { fullTime } from "../ui/format.js";
import { askWhen } from "./ask-when.js";

/** @import { ScheduleApi, ScheduledMessage } from "../edge-rooms.js" */

/**
 * Where the page says what became of an action.
 *
 * @typedef {{
 *   attempt(done: Promise<unknown>, text?: string): Promise<boolean>, say(text: string, look?: "done" | "failed"): void,
 * }} Outcomes
 */

/** @param {ScheduleApi} api @param {Outcomes} toasts */
export async function openScheduled(api, toasts) {
  /** @type {readonly ScheduledMessage[]} */
  let waiting = [];
  const loading = api.scheduled().then((found) => {
    waiting = found;
  });
  if (!(await toasts.attempt(loading))) return;
  const list = element("ul", { class: "scheduled" });
  const none = element("p", { class: "hint" }, "Nothing is scheduled in this room.");
  const show = () => {
    list.replaceChildren(...waiting.map(renderOne));
    none.hidden = waiting.length > 0;
  };
  const close = element("button", { type: "submit", class: "plain" }, "Close");
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "dialog-title" }, "Scheduled messages"),
    none,
    list,
    element("div", { class: "choices" }, close),
  );
  const dialog = openDialog(form, () => {});
  show();

  /** @param {ScheduledMessage} message */
  function renderOne(message) {
    const { id, sendAt, error } = message;
    const text = textOf(message);
    const change = button("Change", () => void changeOne(message));
    const remove = button("Delete", () => void removeOne(id));
    change.setAttribute("aria-label", `Change “${text}”`);
    remove.setAttribute("aria-label", `Delete “${text}”`);
    return element(
      "li",
      {},
      element("p", { class: "text", dir: "auto" }, text),
      element("p", { class: "hint" }, fullTime(sendAt)),
      error && element("p", { class: "wrong", role: "alert" }, `It was not sent. ${error.message}`),
      element("div", { class: "actions" }, change, remove),
    );
  }

  /** @param {string} id */
  async function removeOne(id) {
    if (!(await toasts.attempt(api.unschedule(id), "It will not be sent"))) return;
    waiting = waiting.filter((one) => one.id !== id);
    show();
    close.focus();
  }

  /** In a dialog of its own, after which this one opens again. @param {ScheduledMessage} message */
  async function changeOne(message) {
    dialog.close();
    const { id, data, sendAt } = message;
    const text = textField("Message", textOf(message));
    const before = text.input.value;
    const fits = () => {
      const isEmpty = text.input.value.trim() === "" && attachmentsIn(data).length === 0;
      text.complain(isEmpty ? "Write what will be sent" : "");
      return !isEmpty;
    };
    const proposed = Math.max(sendAt, Date.now() + 60_000);
    const at = await askWhen("Change the scheduled message", proposed, "Change", [text.box], fits);
    if (at !== undefined) {
      const { value } = text.input;
      const next = value === before ? {} : { data: { ...Object(data), text: value.trim() } };
      await toasts.attempt(api.reschedule(id, { ...next, sendAt: at }), `Will be sent on ${fullTime(at)}`);
    }
    await openScheduled(api, toasts);
  }
}

/** @param {Pick<ScheduledMessage, "event" | "data">} message */
const textOf = ({ event, data }) => (event === "chat" && chatOf(data).text) || event;
