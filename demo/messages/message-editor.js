// Editing a message in its place in the list.

import { button, element } from "../ui/dom.js";
import { growToText, isEnter } from "../ui/keyboard.js";
import { chatOf, recordOf } from "./message-content.js";

/** @import { RoomMessage } from "../edge-rooms.js" */

/**
 * @param {HTMLElement} row
 * @param {RoomMessage} message
 * @param {{ onSave(data: unknown): void, onEmpty(): void, onEnd(): void }} listener
 */
export function editInPlace(row, { data }, { onSave, onEmpty, onEnd }) {
  const before = chatOf(data);
  const text = element("textarea", { rows: 1, dir: "auto", "aria-label": "Edit message" });
  text.value = before.text;
  let ended = false;

  function end() {
    if (ended) return;
    ended = true;
    onEnd();
  }

  const foot = element(
    "div",
    { class: "editor-foot" },
    element("span", { class: "hint" }, "Enter to save, Escape to cancel"),
    button("Cancel", end),
    element("button", { type: "submit", class: "primary small" }, "Save"),
  );
  const form = element("form", { class: "editor" }, text, foot);
  text.addEventListener("input", () => growToText(text));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") end();
    if (event.target !== text || !isEnter(event)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const now = text.value.trim();
    if (now === "" && before.attachments.length === 0) onEmpty();
    // Other fields of the data are kept.
    else if (now !== before.text) onSave({ ...recordOf(data), text: now });
    end();
  });

  row.classList.add("editing");
  row.querySelector(".said")?.replaceChildren(form);
  growToText(text);
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
}
