// The fields of the settings: each reports a change at once, and shows the value that it is given.

import { button, element, iconButton, setText, showProblem } from "../ui/dom.js";
import { CLOSE } from "../ui/icons.js";

/** @import { QuietHours } from "../edge-rooms.js" */

const USUAL_HOURS = { from: "22:00", to: "07:00" };

/**
 * @param {string} label
 * @param {string} hint
 * @param {(on: boolean) => void} onChange
 */
export function toggle(label, hint, onChange) {
  const input = element("input", { type: "checkbox", role: "switch" });
  const text = element("span", { class: "hint" }, hint);
  input.addEventListener("change", () => onChange(input.checked));
  return {
    box: element(
      "label",
      { class: "switch" },
      element("span", {}, element("strong", {}, label), text),
      input,
    ),
    input,
    /** @param {boolean} on @param {string} [hint] */
    show(on, hint) {
      input.checked = on;
      if (hint !== undefined) setText(text, hint);
    },
  };
}

/** @param {(hours: QuietHours | null) => void} onChange */
export function quietHours(onChange) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const timeField = (/** @type {string} */ label) =>
    element("input", { type: "time", required: "", "aria-label": label });
  const from = timeField("Quiet from");
  const to = timeField("Quiet until");
  const hours = element("div", { class: "hours" }, from, element("span", {}, "until"), to);
  const report = () => {
    if (from.value !== "" && to.value !== "" && from.value !== to.value)
      onChange({ from: from.value, to: to.value, timeZone });
  };
  const hint = `Only urgent push notifications get through. Time zone: ${timeZone.replaceAll("_", " ")}.`;
  const on = toggle("Quiet hours", hint, (isOn) => {
    hours.hidden = !isOn;
    if (isOn) report();
    else onChange(null);
  });
  for (const input of [from, to]) input.addEventListener("change", report);

  return {
    box: element("div", { class: "quiet-hours" }, on.box, hours),
    /** @param {QuietHours | null} value */
    show(value) {
      on.show(value !== null);
      hours.hidden = value === null;
      ({ from: from.value, to: to.value } = value ?? USUAL_HOURS);
    },
  };
}

/**
 * @param {string} title
 * @param {string} placeholder
 * @param {(name: string) => string} problemOf what is wrong with a name; "" if nothing is
 * @param {(name: string, muted: boolean) => void} onChange
 */
export function mutedList(title, placeholder, problemOf, onChange) {
  const problem = element("p", { class: "wrong", role: "alert", hidden: "" });
  const list = element("ul", { class: "names" });
  const input = element("input", {
    dir: "ltr",
    maxlength: 128,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: false,
    placeholder,
    "aria-label": `${title}: ${placeholder}`,
  });
  const mute = () => {
    const name = input.value.trim();
    const wrong = problemOf(name);
    showProblem(problem, wrong, input);
    if (wrong === "") {
      input.value = "";
      onChange(name, true);
    }
    input.focus();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // It would close the dialog.
    event.preventDefault();
    mute();
  });

  return {
    box: element(
      "fieldset",
      { class: "field" },
      element("legend", {}, title),
      list,
      element("div", { class: "adding" }, input, button("Mute", mute, "plain")),
      problem,
    ),
    /** @param {readonly string[]} names */
    show(names) {
      const hadFocus = list.contains(document.activeElement);
      const unmute = (/** @type {string} */ name) =>
        iconButton(`Unmute ${name}`, CLOSE, () => onChange(name, false));
      list.hidden = names.length === 0;
      list.replaceChildren(...names.map((name) => element("li", {}, element("bdi", {}, name), unmute(name))));
      if (hadFocus) input.focus();
    },
  };
}
