// @ts-check
// What a moderator sets for the room: how fast people may write, and who is kept out.

import { errorWords } from "../session/error-text.js";
import { avatar } from "../ui/avatar.js";
import { button, element, part } from "../ui/dom.js";
import { durationWords, fullTime, timeOfDay } from "../ui/format.js";
import { openPopup } from "../ui/popup.js";

/** @typedef {import("../edge-rooms.js").Ban} Ban */

const SLOW_MODES_MS = [0, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];
const SOON_MS = 12 * 3_600_000;

/**
 * @param {ParentNode} root
 * @param {import("../edge-rooms.js").RoomApi} room
 * @param {{
 *   people: import("../session/user-names.js").People, say: ReturnType<typeof import("../inbox/toasts.js").createToasts>["say"],
 *   onSlowMode(ms: number): void,
 * }} page
 */
export function createModeratorPanel(root, room, { people, say, onSlowMode }) {
  const opener = part(root, "moderate", HTMLButtonElement);

  opener.addEventListener("click", () => {
    const slow = element("select", { id: "slow-mode" });
    const bans = element("ul", { class: "bans" }, [element("li", { class: "hint" }, ["One moment…"])]);
    const panel = element(
      "section",
      { class: "moderation", role: "dialog", "aria-label": "Moderation", tabindex: "-1" },
      [
        element("h2", {}, ["Moderation"]),
        element("label", { for: "slow-mode" }, ["Slow mode"]),
        slow,
        element("p", { class: "hint" }, [
          "How long each person waits between two messages. Not for moderators.",
        ]),
        element("h3", {}, ["Removed people"]),
        bans,
      ],
    );
    slow.disabled = true;
    slow.addEventListener("change", () => void setSlowMode(slow));
    if (openPopup(opener, panel) === undefined) return;
    panel.focus({ preventScroll: true });
    void load(slow);
    void list(bans);
  });

  /** @param {HTMLSelectElement} slow */
  async function load(slow) {
    try {
      fill(slow, (await room.settings()).slowModeMs);
    } catch (error) {
      say(errorWords(error), "failed");
    }
  }

  /** @param {HTMLSelectElement} slow */
  async function setSlowMode(slow) {
    const ms = Number(slow.value);
    try {
      await room.setSettings({ slowModeMs: ms });
      onSlowMode(ms);
      say(ms === 0 ? "Slow mode is off." : `Slow mode: one message every ${durationWords(ms)}.`);
    } catch (error) {
      say(errorWords(error), "failed");
      void load(slow);
    }
  }

  /** @param {HTMLElement} bans */
  async function list(bans) {
    try {
      const { bans: kept } = await room.bans();
      const items = kept.map((ban) => renderBan(ban, bans));
      bans.replaceChildren(
        ...(items.length > 0 ? items : [element("li", { class: "hint" }, ["Nobody is kept out."])]),
      );
    } catch {
      bans.replaceChildren(element("li", { class: "hint" }, ["The list could not be loaded."]));
    }
  }

  /**
   * @param {Ban} ban
   * @param {HTMLElement} bans
   */
  function renderBan({ user, until, by, reason }, bans) {
    const name = people.nameOf(user);
    const end = until - Date.now() < SOON_MS ? timeOfDay(until) : fullTime(until);
    const who = by ? `Until ${end}, by ${people.nameOf(by)}` : `Until ${end}`;
    const free = button("Let back in", async () => {
      free.disabled = true;
      try {
        await room.unban(user);
        say(`${name} may come back.`);
      } catch (error) {
        say(errorWords(error), "failed");
      }
      await list(bans);
      bans.closest("section")?.focus({ preventScroll: true });
    });
    return element("li", {}, [
      avatar(people.userOf(user)),
      element("div", {}, [
        element("strong", { dir: "auto" }, [name]),
        element("span", {}, [who]),
        ...(reason ? [element("span", { dir: "auto" }, [`“${reason}”`])] : []),
      ]),
      free,
    ]);
  }

  /** @param {import("../edge-rooms.js").RoomSnapshot} snapshot */
  return function update({ permission }) {
    opener.hidden = permission !== "moderate";
  };
}

/**
 * @param {HTMLSelectElement} slow
 * @param {number} now
 */
function fill(slow, now) {
  const choices = [...new Set([...SLOW_MODES_MS, now])].sort((a, b) => a - b);
  slow.replaceChildren(
    ...choices.map((ms) => element("option", { value: String(ms) }, [ms === 0 ? "Off" : durationWords(ms)])),
  );
  slow.value = String(now);
  slow.disabled = false;
}
