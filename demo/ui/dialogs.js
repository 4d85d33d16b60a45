// Dialogs: questions that wait for an answer, and their fields.

import { element, showProblem } from "./dom.js";

/**
 * A dialog that goes away when it is closed, also by a click on the shade around it.
 *
 * @param {HTMLElement} content with an `h2` whose id is `dialog-title`
 * @param {() => void} onClose
 */
export function openDialog(content, onClose) {
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "dialog-title" }, content);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Resolves with whether the answer was yes. The dialog stays open while `isValid` answers `false`.
 *
 * @param {{
 *   title: string, text: string, action: string, look?: string, fields?: readonly HTMLElement[], isValid?(): boolean,
 * }} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, action, look = "primary small", fields = [], isValid = () => true }) {
  const cancel = element("button", { type: "button", class: "plain" }, "Cancel");
  const submit = element("button", { type: "submit", class: look }, action);
  const form = element(
    "form",
    { novalidate: "" },
    element("h2", { id: "dialog-title" }, title),
    element("p", { dir: "auto" }, text),
    fields,
    element("div", { class: "choices" }, cancel, submit),
  );
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openDialog(form, () => resolve(answer));
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = isValid();
      if (answer) dialog.close();
    });
    if (fields.length === 0) submit.focus();
  });
}

/**
 * A field with its label, and a place for what is wrong with it.
 *
 * @param {string} label
 * @param {Readonly<Record<string, string>>} attributes
 */
export const field = (label, attributes) =>
  labelled(label, element("input", { autocomplete: "off", ...attributes }));

/** A field for text of several lines. @param {string} label @param {string} text */
export const textField = (label, text) =>
  labelled(label, element("textarea", { rows: 3, dir: "auto" }, text));

/** @template {HTMLInputElement | HTMLTextAreaElement} Input @param {string} label @param {Input} input */
function labelled(label, input) {
  const problem = element("p", { class: "wrong", role: "alert", hidden: "" });
  return {
    box: element("div", { class: "field" }, element("label", {}, label, input), problem),
    input,
    /** @param {string} text */
    complain(text) {
      showProblem(problem, text, input);
      if (text !== "") input.focus();
    },
  };
}
