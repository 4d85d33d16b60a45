// @ts-check
// What this user wants to hear of, as all their tabs know it.

import { userApi } from "../edge-rooms.js";

/** @typedef {import("../edge-rooms.js").Preferences} Preferences */
/** @typedef {ReturnType<typeof followPreferences>} PreferenceKeeper */

/** @type {Preferences} */
const DEFAULTS = { mutedTopics: [], mutedRooms: [], quietHours: null, push: true };

/**
 * @param {Pick<import("./session.js").Session, "client" | "news">} session
 * @param {() => void} onChange
 */
export function followPreferences({ client, news }, onChange) {
  const api = userApi(client);
  let current = DEFAULTS;

  /** @param {Preferences} next */
  function learn(next) {
    current = next;
    onChange();
  }

  async function load() {
    try {
      learn(await api.preferences());
      return true;
    } catch {
      return false;
    }
  }
  news.on("preferences", () => void load());

  /**
   * Rejects where it was refused: then all is as it was.
   *
   * @param {Partial<Preferences>} patch
   */
  async function set(patch) {
    learn(await api.setPreferences(patch));
    news.tell("preferences");
  }

  /**
   * Of what is known now, not of what was known when it was shown.
   *
   * @param {"mutedTopics" | "mutedRooms"} kind
   * @param {string} name
   * @param {boolean} muted
   */
  const mute = (kind, name, muted) => {
    const others = current[kind].filter((one) => one !== name);
    return set({ [kind]: muted ? [...others, name] : others });
  };

  return {
    get current() {
      return current;
    },
    load,
    set,
    /** @param {string} topic @param {boolean} muted */
    muteTopic: (topic, muted) => mute("mutedTopics", topic, muted),
    /** @param {string} room @param {boolean} muted */
    muteRoom: (room, muted) => mute("mutedRooms", room, muted),
  };
}
