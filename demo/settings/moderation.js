// What moderators can do: remove people from the room, let them back in, and set slow mode.

import { errorText } from "../session/error-text.js";
import { avatar } from "../ui/avatar.js";
import { ask, field } from "../ui/dialogs.js";
import { button, element } from "../ui/dom.js";
import { durationText, fullTime, timeOfDay } from "../ui/format.js";
import { openPopup } from "../ui/popup.js";

/** @import { Ban, Member, RoomApi } from "../edge-rooms.js" */
/** @import { Say } from "../inbox/toasts.js" */
/** @import { UserNames } from "../session/user-names.js" */
/** @import { MenuItem } from "../ui/popup.js" */

/** How long a member can be removed for. */
const REMOVALS = [
  { seconds: 0, label: "Disconnect", text: "They can come back immediately.", done: "disconnected" },
  ...[
    { seconds: 60, time: "1 minute" },
    { seconds: 3_600, time: "1 hour" },
    { seconds: 86_400, time: "1 day" },
  ].map(({ seconds, time }) => ({
    seconds,
    label: `Remove for ${time}`,
    text: `They can come back in ${time}.`,
    done: `removed for ${time}`,
  })),
];
const SLOW_MODES_MS = [0, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];
const SOON_MS = 12 * 3_600_000;

/** @param {RoomApi} api @param {Say} say */
export function createKickMenu(api, say) {
  /** @param {Member} member @param {typeof REMOVALS[number]} removal */
  async function kick({ id, name = id }, { seconds, text, label, done }) {
    const reason = field("Reason (optional)", { dir: "auto", maxlength: "200" });
    const agreed = await ask({
      title: seconds === 0 ? `Disconnect ${name}?` : `Remove ${name}?`,
      text,
      action: label,
      look: "primary small danger",
      fields: seconds === 0 ? [] : [reason.box],
    });
    if (!agreed) return;
    const because = reason.input.value.trim();
    await report(
      api.kick(id, { banSeconds: seconds, ...(because !== "" && { reason: because }) }),
      `${name} was ${done}.`,
      say,
    );
  }

  /** @param {Member} member @returns {MenuItem[]} */
  return (member) =>
    REMOVALS.map((removal) => ({
      label: removal.label,
      ...(removal.seconds > 0 && { look: "danger" }),
      onPick: () => void kick(member, removal),
    }));
}

/**
 * Says the text once it is done, or why it failed. Resolves with whether it is done.
 *
 * @param {Promise<unknown>} done
 * @param {string} text
 * @param {Say} say
 */
const report = (done, text, say) =>
  done.then(
    () => {
      say(text);
      return true;
    },
    (error) => {
      say(errorText(error), "failed");
      return false;
    },
  );

/**
 * @param {HTMLElement} opener the button beside which it opens
 * @param {RoomApi} api
 * @param {{ users: UserNames, say: Say, onSlowMode(ms: number): void }} page
 */
export function openModeration(opener, api, { users, say, onSlowMode }) {
  const slow = element("select", { id: "slow-mode", disabled: "" });
  const bans = element("ul", { class: "bans" }, element("li", { class: "hint" }, "One moment…"));
  const panel = element(
    "section",
    { class: "moderation", role: "dialog", "aria-label": "Moderation", tabindex: -1 },
    element("h2", {}, "Moderation"),
    element("label", { for: "slow-mode" }, "Slow mode"),
    slow,
    element("p", { class: "hint" }, "How long people wait between two messages. Moderators do not wait."),
    element("h3", {}, "Removed people"),
    bans,
  );
  slow.addEventListener("change", () => void setSlowMode());
  if (openPopup(opener, panel) === undefined) return;
  const focusPanel = () => panel.focus({ preventScroll: true });
  focusPanel();
  void loadSlowMode();
  void listBans();

  async function loadSlowMode() {
    try {
      const { slowModeMs } = await api.settings();
      const choices = [...new Set([...SLOW_MODES_MS, slowModeMs])].sort((a, b) => a - b);
      const options = choices.map((ms) =>
        element("option", { value: ms }, ms === 0 ? "Off" : durationText(ms)),
      );
      slow.replaceChildren(...options);
      slow.value = String(slowModeMs);
      slow.disabled = false;
    } catch (error) {
      say(errorText(error), "failed");
    }
  }

  async function setSlowMode() {
    const ms = Number(slow.value);
    const text = ms === 0 ? "Slow mode is off." : `Slow mode: one message every ${durationText(ms)}.`;
    if (await report(api.setSettings({ slowModeMs: ms }), text, say)) onSlowMode(ms);
    else await loadSlowMode();
  }

  async function listBans() {
    const hint = (/** @type {string} */ text) => [element("li", { class: "hint" }, text)];
    const items = await api.bans().then(
      ({ bans }) => (bans.length > 0 ? bans.map(renderBan) : hint("No one has been removed.")),
      () => hint("The list could not be loaded."),
    );
    bans.replaceChildren(...items);
  }

  /** @param {Ban} ban */
  function renderBan({ user, until, by, reason }) {
    const name = users.nameOf(user);
    const end = until - Date.now() < SOON_MS ? timeOfDay(until) : fullTime(until);
    const unban = button("Let back in", async () => {
      unban.disabled = true;
      await report(api.unban(user), `${name} can come back.`, say);
      await listBans();
      focusPanel();
    });
    const details = element(
      "div",
      {},
      element("strong", { dir: "auto" }, name),
      element("span", {}, by ? `Until ${end}, by ${users.nameOf(by)}` : `Until ${end}`),
      reason && element("span", { dir: "auto" }, `“${reason}”`),
    );
    return element("li", {}, avatar(users.userOf(user)), details, unban);
  }
}
