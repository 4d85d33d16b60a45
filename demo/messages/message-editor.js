// @ts-check
// Changing a message where it stands.

import { element } from "../ui/dom.js";
import { grow, isEnter } from "../ui/text-field.js";
import { chatOf, recordOf } from "./chat-data.js";

/**
 * @param {HTMLElement} row
 * @param {import("../edge-rooms.js").RoomMessage} message
 * @param {{ onSave(data: unknown): void, onEmpty(): void, onEnd(): void }} listener
 */
export function editInPlace(row, { data }, { onSave, onEmpty, onEnd }) {
  const before = chatOf(data);
  const text = element("textarea", { rows: "1", dir: "auto", "aria-label": "Edit the message" });
  text.value = before.text;
  const cancel = element("button", { type: "button", class: "quiet" }, ["Cancel"]);
  const save = element("button", { type: "submit", class: "primary small" }, ["Save"]);
  const form = element("form", { class: "editor" }, [
    text,
    element("div", { class: "editor-foot" }, [
      element("span", { class: "hint" }, ["Enter saves, Escape cancels"]),
      cancel,
      save,
    ]),
  ]);
  let ended = false;

  function end() {
    if (ended) return;
    ended = true;
    onEnd();
  }

  text.addEventListener("input", () => grow(text));
  cancel.addEventListener("click", end);
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
    // Whatever else it carries stays.
    else if (now !== before.text) onSave({ ...recordOf(data), text: now });
    end();
  });

  row.classList.add("editing");
  row.querySelector(".said")?.replaceChildren(form);
  grow(text);
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
}
