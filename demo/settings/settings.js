// The notification settings: each change is stored at once.

import { BLOCKED } from "../inbox/push.js";
import { errorText } from "../session/error-text.js";
import { roomProblem } from "../session/session.js";
import { openDialog } from "../ui/dialogs.js";
import { element, showProblem } from "../ui/dom.js";
import { mutedList, quietHours, toggle } from "./settings-fields.js";

/** @import { PushState } from "../edge-rooms-push.js" */
/** @import { PushKeeper } from "../inbox/push.js" */
/** @import { PreferenceKeeper } from "../session/preferences.js" */

const TOPIC = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
const NO_TOPIC = "Topics use letters, digits and _ . : - and start with a letter or a digit.";

/** @type {Readonly<Record<PushState, string>>} */
const PUSH_HINT = {
  unsupported: "",
  denied: BLOCKED,
  off: "You get none when this page is closed.",
  on: "You get them even when this page is closed.",
};

/** @param {PreferenceKeeper} preferences @param {PushKeeper} pushes */
export function createSettings(preferences, pushes) {
  /** @type {(() => void) | undefined} */
  let refresh;

  async function open() {
    const problem = element("p", { class: "problem", role: "alert", hidden: "" });

    /** @param {string} text */
    function complain(text) {
      showProblem(problem, text);
      refresh?.();
    }

    /** @param {Promise<void>} done */
    function attempt(done) {
      problem.hidden = true;
      done.catch((error) => complain(errorText(error)));
    }

    const here = toggle("Push notifications in this browser", "", async (on) =>
      complain((await pushes.set(on)) ?? ""),
    );
    const all = toggle(
      "Push notifications on all my devices",
      "In every browser where you turned them on.",
      (on) => attempt(preferences.set({ push: on })),
    );
    const quiet = quietHours((hours) => attempt(preferences.set({ quietHours: hours })));
    const topics = mutedList(
      "Muted topics",
      "Topic",
      (name) => (TOPIC.test(name) ? "" : name === "" ? "Enter a topic." : NO_TOPIC),
      (name, muted) => attempt(preferences.muteTopic(name, muted)),
    );
    const rooms = mutedList("Muted rooms", "Room name", roomProblem, (name, muted) =>
      attempt(preferences.muteRoom(name, muted)),
    );
    refresh = () => {
      const { current } = preferences;
      here.show(pushes.state === "on", PUSH_HINT[pushes.state]);
      here.input.disabled = pushes.state === "denied";
      here.box.hidden = pushes.state === "unsupported";
      for (const { box } of [all, quiet]) box.hidden = !pushes.isServed;
      all.show(current.push);
      quiet.show(current.quietHours);
      topics.show(current.mutedTopics);
      rooms.show(current.mutedRooms);
    };
    refresh();
    const done = element("button", { type: "submit", class: "primary small" }, "Done");
    const form = element(
      "form",
      { method: "dialog", class: "settings" },
      element("h2", { id: "dialog-title" }, "Notification settings"),
      problem,
      [here, all, quiet, topics, rooms].map(({ box }) => box),
      element("div", { class: "choices" }, done),
    );
    openDialog(form, () => {
      refresh = undefined;
    });
    done.focus();
    if (!(await preferences.load())) complain(errorText(undefined));
  }

  return { open: () => void open(), update: () => refresh?.() };
}
