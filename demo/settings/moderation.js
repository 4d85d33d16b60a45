// What moderators can do: remove people from the room, let them back in, and set slow mode.

import { errorText } from "../session/error-text.js";
import { avatar } from "../ui/avatar.js";
import { ask, field } from "../ui/dialogs.js";
import { button, element } from "../ui/dom.js";
import { durationText, everyText, fullTime, timeOfDay } from "../ui/format.js";
import { openPopup } from "../ui/popup.js";

/** @import { Ban, Member, RoomApi } from "../edge-rooms.js" */
/** @import { Toasts } from "../inbox/toasts.js" */
/** @import { UserNames } from "../session/user-names.js" */
/** @import { MenuItem } from "../ui/popup.js" */

/** How long a moderator can remove a member for; 0: the member is only disconnected. */
const REMOVE_FOR_S = [0, 60, 3_600, 86_400];
const SLOW_MODES_MS = [0, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];
const SOON_MS = 12 * 3_600_000;

/** @param {RoomApi} api @param {Pick<Toasts, "attempt">} toasts */
export function createKickMenu(api, { attempt }) {
  /** @param {Member} member @param {number} seconds @param {string} action */
  async function kick({ id, name = id }, seconds, action) {
    const reason = field("Reason (optional)", { dir: "auto", maxlength: "200" });
    const isRemoval = seconds > 0;
    const time = durationText(seconds * 1_000);
    const agreed = await ask({
      title: isRemoval ? `Remove ${name}?` : `Disconnect ${name}?`,
      text: `They can rejoin ${isRemoval ? `in ${time}` : "right away"}.`,
      action,
      look: "primary small danger",
      fields: isRemoval ? [reason.box] : [],
    });
    if (!agreed) return;
    const because = reason.input.value.trim();
    const done = api.kick(id, { banSeconds: seconds, ...(because !== "" && { reason: because }) });
    await attempt(done, isRemoval ? `${name} was removed for ${time}.` : `${name} was disconnected.`);
  }

  /** @param {Member} member @returns {MenuItem[]} */
  return (member) =>
    REMOVE_FOR_S.map((seconds) => {
      const label = seconds === 0 ? "Disconnect" : `Remove for ${durationText(seconds * 1_000)}`;
      const onPick = () => void kick(member, seconds, label);
      return { label, onPick, ...(seconds > 0 && { look: "danger" }) };
    });
}

/**
 * @param {HTMLElement} opener the button beside which it opens
 * @param {RoomApi} api
 * @param {{ users: UserNames, toasts: Pick<Toasts, "say" | "attempt">, onSlowMode(ms: number): void }} page
 */
export function openModeration(opener, api, { users, toasts, onSlowMode }) {
  const slow = element("select", { id: "slow-mode", disabled: "" });
  const bans = element("ul", { class: "bans" }, element("li", { class: "hint" }, "Loading…"));
  const panel = element(
    "section",
    { class: "moderation", role: "dialog", "aria-label": "Moderation", tabindex: -1 },
    element("h2", {}, "Moderation"),
    element("label", { for: "slow-mode" }, "Slow mode"),
    slow,
    element(
      "p",
      { class: "hint" },
      "How long people have to wait between messages. Moderators do not have to wait.",
    ),
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
      toasts.say(errorText(error), "failed");
    }
  }

  async function setSlowMode() {
    const ms = Number(slow.value);
    const text = ms === 0 ? "Slow mode is off." : `Slow mode is on: one message ${everyText(ms)}.`;
    if (await toasts.attempt(api.setSettings({ slowModeMs: ms }), text)) onSlowMode(ms);
    else await loadSlowMode();
  }

  async function listBans() {
    const hint = (/** @type {string} */ text) => [element("li", { class: "hint" }, text)];
    const items = await api.bans().then(
      ({ bans }) => (bans.length > 0 ? bans.map(renderBan) : hint("No one has been removed.")),
      () => hint("The list could not be loaded. Close this panel and open it again."),
    );
    bans.replaceChildren(...items);
  }

  /** @param {Ban} ban */
  function renderBan({ user, until, by, reason }) {
    const name = users.nameOf(user);
    const end = until - Date.now() < SOON_MS ? timeOfDay(until) : fullTime(until);
    const unban = button("Let back in", async () => {
      unban.disabled = true;
      await toasts.attempt(api.unban(user), `${name} can rejoin the room.`);
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
