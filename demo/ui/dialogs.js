// @ts-check
// Questions that wait for an answer.

import { element } from "./dom.js";

/**
 * @typedef {{
 *   title: string, words?: string, action: string, look?: string, fields?: readonly HTMLElement[],
 *   onSubmit?(): boolean | Promise<boolean>,
 * }} Question
 */

/**
 * Whether the answer was yes. `onSubmit` may keep the dialog open by saying `false`.
 *
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, words, action, look = "primary small", fields = [], onSubmit }) {
  const heading = element("h2", { id: "dialog-title" }, [title]);
  const cancel = element("button", { type: "button", class: "plain" }, ["Cancel"]);
  const submit = element("button", { type: "submit", class: look }, [action]);
  const form = element("form", { novalidate: "" }, [
    heading,
    ...(words === undefined ? [] : [element("p", { dir: "auto" }, [words])]),
    ...fields,
    element("div", { class: "choices" }, [cancel, submit]),
  ]);
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "dialog-title" }, [form]);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = false;
    cancel.addEventListener("click", () => dialog.close());
    // On the shade around it.
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      answer = (await onSubmit?.()) ?? true;
      submit.disabled = false;
      if (answer) dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.showModal();
    if (fields.length === 0) submit.focus();
  });
}

/**
 * A labelled field, with a place for what is wrong with it.
 *
 * @param {string} label
 * @param {Readonly<Record<string, string>>} attributes
 */
export function field(label, attributes) {
  const input = element("input", attributes);
  const problem = element("p", { class: "wrong", role: "alert", hidden: "" });
  const box = element("div", { class: "field" }, [element("label", {}, [label, input]), problem]);
  return {
    box,
    input,
    /** @param {string} words */
    complain(words) {
      problem.textContent = words;
      problem.hidden = words === "";
      input.setAttribute("aria-invalid", String(words !== ""));
      if (words !== "") input.focus();
    },
  };
}
