// @ts-check
// Removing people from the room.

import { errorWords } from "../session/error-text.js";
import { ask, field } from "../ui/dialogs.js";

/** @typedef {import("../edge-rooms.js").Member} Member */

/** @type {readonly { seconds: number, label: string, words: string, done: string }[]} */
const LENGTHS = [
  { seconds: 0, label: "Disconnect", words: "They may come back at once.", done: "disconnected" },
  {
    seconds: 60,
    label: "Remove for 1 minute",
    words: "They can come back in a minute.",
    done: "removed for 1 minute",
  },
  {
    seconds: 3_600,
    label: "Remove for 1 hour",
    words: "They can come back in an hour.",
    done: "removed for 1 hour",
  },
  {
    seconds: 86_400,
    label: "Remove for 1 day",
    words: "They can come back tomorrow.",
    done: "removed for 1 day",
  },
];

/**
 * @param {import("../edge-rooms.js").RoomApi} room
 * @param {ReturnType<typeof import("../inbox/toasts.js").createToasts>["say"]} say
 */
export function createKicking(room, say) {
  /**
   * @param {Member} member
   * @param {typeof LENGTHS[number]} length
   */
  async function kick({ id, name = id }, { seconds, words, label, done }) {
    const reason = field("Reason (optional)", { dir: "auto", maxlength: "200", autocomplete: "off" });
    const agreed = await ask({
      title: seconds === 0 ? `Disconnect ${name}?` : `Remove ${name}?`,
      words,
      action: label,
      look: "primary small danger",
      fields: seconds === 0 ? [] : [reason.box],
    });
    if (!agreed) return;
    const because = reason.input.value.trim();
    try {
      await room.kick(id, { banSeconds: seconds, ...(because !== "" && { reason: because }) });
      say(`${name} was ${done}.`);
    } catch (error) {
      say(errorWords(error), "failed");
    }
  }

  return {
    /** @param {Member} member */
    menu: (member) =>
      LENGTHS.map((length) => ({
        label: length.label,
        look: length.seconds === 0 ? "" : "danger",
        onPick: () => void kick(member, length),
      })),
  };
}
