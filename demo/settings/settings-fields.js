// @ts-check
// The fields of the settings: each tells of a change at once, and shows what it is told.

import { element, iconButton, setText } from "../ui/dom.js";
import { CLOSE } from "../ui/icons.js";

const USUAL_HOURS = { from: "22:00", to: "07:00" };

/**
 * @param {string} label
 * @param {string} hint
 * @param {(on: boolean) => void} onChange
 */
export function toggle(label, hint, onChange) {
  const input = element("input", { type: "checkbox", role: "switch" });
  const words = element("span", { class: "hint" }, [hint]);
  input.addEventListener("change", () => onChange(input.checked));
  const box = element("label", { class: "switch" }, [
    element("span", {}, [element("strong", {}, [label]), words]),
    input,
  ]);
  return {
    box,
    input,
    /** @param {boolean} on @param {string} [hint] */
    show(on, hint) {
      input.checked = on;
      if (hint !== undefined) setText(words, hint);
    },
  };
}

/** @param {(hours: import("../edge-rooms.js").QuietHours | null) => void} onChange */
export function quietHours(onChange) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const from = element("input", { type: "time", required: "", "aria-label": "Quiet from" });
  const to = element("input", { type: "time", required: "", "aria-label": "Quiet until" });
  const hours = element("div", { class: "hours" }, [from, element("span", {}, ["until"]), to]);
  const tell = () => {
    if (from.value !== "" && to.value !== "" && from.value !== to.value)
      onChange({ from: from.value, to: to.value, timeZone });
  };
  const hint = `No push then, but for what is urgent. ${timeZone.replaceAll("_", " ")} time.`;
  const on = toggle("Quiet hours", hint, (isOn) => {
    hours.hidden = !isOn;
    if (isOn) tell();
    else onChange(null);
  });
  for (const input of [from, to]) input.addEventListener("change", tell);

  return {
    box: element("div", { class: "quiet-hours" }, [on.box, hours]),
    /** @param {import("../edge-rooms.js").QuietHours | null} shown */
    show(shown) {
      on.show(shown !== null);
      hours.hidden = shown === null;
      from.value = shown?.from ?? USUAL_HOURS.from;
      to.value = shown?.to ?? USUAL_HOURS.to;
    },
  };
}

/**
 * @param {string} title
 * @param {string} what
 * @param {(name: string) => boolean} isName
 * @param {(name: string, muted: boolean) => void} onChange
 */
export function mutedList(title, what, isName, onChange) {
  const list = element("ul", { class: "names" });
  const input = element("input", {
    dir: "ltr",
    maxlength: "128",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    placeholder: what,
    "aria-label": `${title}: ${what}`,
  });
  const add = element("button", { type: "button", class: "plain" }, ["Mute"]);
  const mute = () => {
    const name = input.value.trim();
    const isWrong = !isName(name);
    input.setAttribute("aria-invalid", String(isWrong));
    if (!isWrong) {
      input.value = "";
      onChange(name, true);
    }
    input.focus();
  };
  add.addEventListener("click", mute);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // It would close the dialog.
    event.preventDefault();
    mute();
  });
  const box = element("fieldset", { class: "field" }, [
    element("legend", {}, [title]),
    list,
    element("div", { class: "adding" }, [input, add]),
  ]);

  return {
    box,
    /** @param {readonly string[]} names */
    show(names) {
      const hadFocus = list.contains(document.activeElement);
      list.hidden = names.length === 0;
      list.replaceChildren(
        ...names.map((name) =>
          element("li", {}, [
            element("bdi", {}, [name]),
            iconButton(`Unmute ${name}`, CLOSE, () => onChange(name, false)),
          ]),
        ),
      );
      if (hadFocus) input.focus();
    },
  };
}
