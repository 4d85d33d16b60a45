// @ts-check
// What this user wants to hear of: stored as soon as it is changed.

import { errorWords } from "../session/error-text.js";
import { isRoomName } from "../session/session.js";
import { element } from "../ui/dom.js";
import { mutedList, quietHours, toggle } from "./settings-fields.js";

/** @typedef {import("../edge-rooms-push.js").PushState} PushState */

const TOPIC = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
const isTopic = (/** @type {string} */ name) => TOPIC.test(name);

/** @type {Readonly<Record<PushState, string>>} */
const HERE = {
  unsupported: "",
  denied: "Blocked in your browser's settings for this page.",
  off: "This browser shows nothing while this page is closed.",
  on: "This browser shows notifications while this page is closed.",
};

/**
 * @param {import("../session/preferences.js").PreferenceKeeper} preferences
 * @param {import("../inbox/push.js").PushKeeper} pushes
 */
export function createSettings(preferences, pushes) {
  /** @type {(() => void) | undefined} */
  let refresh;

  async function open() {
    const problem = element("p", { class: "problem", role: "alert", hidden: "" });

    /** @param {string} words */
    function complain(words) {
      problem.textContent = words;
      problem.hidden = words === "";
      refresh?.();
    }

    /** @param {Promise<void>} done */
    async function attempt(done) {
      problem.hidden = true;
      await done.catch((error) => complain(errorWords(error)));
    }

    const here = toggle("Push in this browser", "", async (on) => complain((await pushes.set(on)) ?? ""));
    const all = toggle("Push to my devices", "All browsers where it is on.", (on) =>
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
    const dialog = element("dialog", { class: "dialog", "aria-labelledby": "settings-title" }, [
      element("form", { method: "dialog", class: "settings" }, [
        element("h2", { id: "settings-title" }, ["Notification settings"]),
        problem,
        ...[here, all, quiet, topics, rooms].map(({ box }) => box),
        element("div", { class: "choices" }, [done]),
      ]),
    ]);
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      refresh = undefined;
      dialog.remove();
    });
    refresh = () => {
      const { current } = preferences;
      here.show(pushes.state === "on", HERE[pushes.state]);
      here.input.disabled = pushes.state === "denied";
      here.box.hidden = pushes.state === "unsupported";
      for (const { box } of [all, quiet]) box.hidden = !pushes.isServed;
      all.show(current.push);
      quiet.show(current.quietHours);
      topics.show(current.mutedTopics);
      rooms.show(current.mutedRooms);
    };
    refresh();
    document.body.append(dialog);
    dialog.showModal();
    done.focus();
    if (!(await preferences.load())) complain(errorWords(undefined));
  }

  return { open: () => void open(), update: () => refresh?.() };
}
