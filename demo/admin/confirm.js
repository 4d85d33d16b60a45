// Acts that cannot be undone, or that a user notices: asked first.

import { ask, field } from "../ui/dialogs.js";
import { element } from "../ui/dom.js";
import { durationText } from "../ui/format.js";

const DANGER = "primary small danger";
const YEAR_S = 31_536_000;

/** Resolves with whether the name was typed. @param {string} room */
export function confirmPurge(room) {
  const name = field("Name of the room", { dir: "ltr", autocapitalize: "none", spellcheck: "false" });
  return ask({
    title: `Purge ${room}?`,
    text: "All its messages are deleted for good, and all its connections are closed. Settings and bans stay. To confirm, type the name of the room.",
    action: "Purge room",
    look: DANGER,
    fields: [name.box],
    isValid() {
      const fits = name.input.value.trim() === room;
      name.complain(fits ? "" : "This is not the name of the room.");
      return fits;
    },
  });
}

/** Resolves with whether the id was typed. @param {string} user */
export function confirmErase(user) {
  const id = field("Id of the user", { dir: "ltr", autocapitalize: "none", spellcheck: "false" });
  return ask({
    title: `Erase ${user}?`,
    text: "Their inbox, pushes and read positions, and all that they said in the rooms that they were in, are deleted for good. To confirm, type the id of the user.",
    action: "Erase user",
    look: DANGER,
    fields: [id.box],
    isValid() {
      const fits = id.input.value.trim() === user;
      id.complain(fits ? "" : "This is not the id of the user.");
      return fits;
    },
  });
}

/**
 * Resolves with what to send, or `undefined`.
 *
 * @param {string} user
 * @param {string} name
 * @returns {Promise<{ user: string, banSeconds: number, reason?: string, message?: string } | undefined>}
 */
export async function askForKick(user, name) {
  const seconds = field("Ban for how many seconds", {
    type: "number",
    min: "0",
    max: String(YEAR_S),
    step: "1",
    value: "3600",
  });
  const reason = field("Reason, for moderators (optional)", { dir: "auto", maxlength: "500" });
  const message = field("What the user is told (optional)", { dir: "auto", maxlength: "100" });
  const banSeconds = () => seconds.input.valueAsNumber;
  const agreed = await ask({
    title: `Remove ${name}?`,
    text: "All that this user has open in the room is closed. With 0 seconds they can come back at once.",
    action: "Remove",
    look: DANGER,
    fields: [seconds.box, reason.box, message.box],
    isValid() {
      const fits = Number.isInteger(banSeconds()) && banSeconds() >= 0 && banSeconds() <= YEAR_S;
      seconds.complain(fits ? "" : "Enter a whole number from 0 to 31536000, which is a year.");
      return fits;
    },
  });
  if (!agreed) return undefined;
  const [because, told] = [reason.input.value.trim(), message.input.value.trim()];
  return {
    ...{ user, banSeconds: banSeconds() },
    ...(because !== "" && { reason: because }),
    ...(told !== "" && { message: told }),
  };
}

/** Resolves with what to keep, or `undefined`. @param {string} user */
export async function askForDisconnect(user) {
  const keep = element("input", { type: "checkbox" });
  const agreed = await ask({
    title: `Disconnect ${user}?`,
    text: "All that this user has open is closed, and all tokens of up to now stop working. With a new token they can come back.",
    action: "Disconnect",
    look: DANGER,
    fields: [element("div", { class: "tick" }, element("label", {}, keep, "Keep push subscriptions"))],
  });
  return agreed ? { keepPush: keep.checked } : undefined;
}

/** @param {number} limit */
export const confirmFewer = (limit) =>
  ask({
    title: `Keep ${limit} messages?`,
    text: "That is fewer than now. If the room has more, the oldest are deleted for good.",
    action: "Save",
    look: DANGER,
  });

/** @param {number} seconds */
export const confirmShorter = (seconds) =>
  ask({
    title: `Keep messages for ${durationText(seconds * 1_000)}?`,
    text: "That is shorter than now. Older messages are deleted for good.",
    action: "Save",
    look: DANGER,
  });

/** @param {string} sender */
export const confirmDelete = (sender) =>
  ask({
    title: "Delete this message?",
    text: `What ${sender} said is erased for good, for everyone.`,
    action: "Delete",
    look: DANGER,
  });
