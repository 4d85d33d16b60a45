// @ts-check
// What this user wants to hear of: stored as soon as it is changed.

import { element, iconButton } from "./dom.js";
import { CLOSE } from "./icons.js";
import { isRoomName } from "./join-form.js";
import { errorWords } from "./words.js";

/** @typedef {import("./preferences.js").PreferenceKeeper} PreferenceKeeper */

const USUAL_HOURS = { from: "22:00", to: "07:00" };
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
const isTopic = (/** @type {string} */ name) => TOPIC.test(name);

/**
 * @param {PreferenceKeeper} preferences
 * @param {() => readonly HTMLElement[]} extras what only some browsers and servers can do
 */
export function createSettings(preferences, extras) {
  /** @type {(() => void) | undefined} */
  let refresh;

  async function open() {
    const problem = element("p", { class: "problem", role: "alert", hidden: "" });

    /** @param {Promise<void>} done */
    async function attempt(done) {
      problem.hidden = true;
      try {
        await done;
      } catch (error) {
        problem.textContent = errorWords(error);
        problem.hidden = false;
        refresh?.();
      }
    }

    const push = toggle("Push to my devices", "Notifications reach you while this page is closed.", (on) =>
      attempt(preferences.set({ push: on })),
    );
    const quiet = quietHours((hours) => attempt(preferences.set({ quietHours: hours })));
    const topics = mutedList("Muted topics", "Topic", isTopic, (name, muted) =>
      attempt(preferences.muteTopic(name, muted)),
    );
    const rooms = mutedList("Muted rooms", "Name of the room", isRoomName, (name, muted) =>
      attempt(preferences.muteRoom(name, muted)),
    );
    const done = element("button", { type: "submit", class: "primary small" }, ["Done"]);
    const form = element("form", { method: "dialog", class: "settings" }, [
      element("h2", { id: "settings-title" }, ["Notification settings"]),
      problem,
      ...extras(),
      push.box,
      quiet.box,
      topics.box,
      rooms.box,
      element("div", { class: "choices" }, [done]),
    ]);
    const dialog = element("dialog", { class: "dialog", "aria-labelledby": "settings-title" }, [form]);
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      refresh = undefined;
      dialog.remove();
    });
    refresh = () => {
      const { current } = preferences;
      push.show(current.push);
      quiet.show(current.quietHours);
      topics.show(current.mutedTopics);
      rooms.show(current.mutedRooms);
    };
    refresh();
    document.body.append(dialog);
    dialog.showModal();
    done.focus();
    if (!(await preferences.load())) await attempt(Promise.reject(new Error("It could not be loaded.")));
  }

  return { open: () => void open(), update: () => refresh?.() };
}

/**
 * @param {string} label
 * @param {string} hint
 * @param {(on: boolean) => void} onChange
 */
function toggle(label, hint, onChange) {
  const input = element("input", { type: "checkbox", role: "switch" });
  input.addEventListener("change", () => onChange(input.checked));
  const box = element("label", { class: "switch" }, [
    element("span", {}, [element("strong", {}, [label]), element("span", { class: "hint" }, [hint])]),
    input,
  ]);
  return {
    box,
    /** @param {boolean} on */
    show(on) {
      input.checked = on;
    },
  };
}

/** @param {(hours: import("./user-api.js").QuietHours | null) => void} onChange */
function quietHours(onChange) {
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
    /** @param {import("./user-api.js").QuietHours | null} shown */
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
function mutedList(title, what, isName, onChange) {
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
