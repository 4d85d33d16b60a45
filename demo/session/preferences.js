// What this user wants to be notified of, the same in all their tabs.

import { userApi } from "../edge-rooms.js";

/** @import { Preferences } from "../edge-rooms.js" */
/** @import { Session } from "./session.js" */

/** @typedef {ReturnType<typeof followPreferences>} PreferenceKeeper */

/** @type {Preferences} */
const DEFAULTS = { mutedTopics: [], mutedRooms: [], quietHours: null, push: true };

/** @param {Pick<Session, "client" | "onOtherTabs" | "tellOtherTabs">} session @param {() => void} onChange */
export function followPreferences({ client, onOtherTabs, tellOtherTabs }, onChange) {
  const api = userApi(client);
  let current = DEFAULTS;

  /** @param {Preferences} next */
  function learn(next) {
    current = next;
    onChange();
  }

  /** Answers whether it worked. */
  const load = () =>
    api.preferences().then(
      (next) => {
        learn(next);
        return true;
      },
      () => false,
    );
  onOtherTabs("preferences", () => void load());

  /** Rejects if the server refuses; then nothing has changed. @param {Partial<Preferences>} patch */
  async function set(patch) {
    learn(await api.setPreferences(patch));
    tellOtherTabs("preferences");
  }

  /** @param {"mutedTopics" | "mutedRooms"} kind @returns {(name: string, muted: boolean) => Promise<void>} */
  const mute = (kind) => (name, muted) => {
    const others = current[kind].filter((one) => one !== name);
    return set({ [kind]: muted ? [...others, name] : others });
  };

  return {
    get current() {
      return current;
    },
    load,
    set,
    muteTopic: mute("mutedTopics"),
    muteRoom: mute("mutedRooms"),
  };
}
