// @ts-check
// Who joins, and where.

import { isRoomName, NO_ROOM } from "../session/session.js";
import { part } from "../ui/dom.js";

/** @typedef {{ name: string, room: string, token: string, moderator: boolean }} Wishes */

const NAMELESS = "Please enter your name.";
const TOKENLESS = "Please enter a token.";

/**
 * @param {ParentNode} root
 * @param {(wishes: Wishes) => Promise<void>} onJoin
 */
export function createJoinForm(root, onJoin) {
  const page = part(root, "join", HTMLElement);
  const form = part(page, "form", HTMLFormElement);
  const problem = part(page, "problem", HTMLElement);
  const nameField = part(page, "name-field", HTMLElement);
  const tokenField = part(page, "token-field", HTMLElement);
  const moderatorField = part(page, "moderator-field", HTMLElement);
  const { name, room, token, moderator } = {
    name: inputIn(nameField),
    token: inputIn(tokenField),
    room: inputIn(form, "#room"),
    moderator: inputIn(moderatorField),
  };

  const submit = part(form, "submit", HTMLButtonElement);

  /** @param {string} words @param {HTMLInputElement} [at] */
  function complain(words, at) {
    problem.textContent = words;
    problem.hidden = words === "";
    for (const input of [name, room, token]) input.setAttribute("aria-invalid", String(input === at));
    at?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wishes = {
      name: name.value.trim(),
      room: room.value.trim(),
      token: token.value.trim(),
      moderator: moderator.checked,
    };
    if (tokenField.hidden && wishes.name === "") return complain(NAMELESS, name);
    if (!tokenField.hidden && wishes.token === "") return complain(TOKENLESS, token);
    if (!isRoomName(wishes.room)) return complain(NO_ROOM, room);
    complain("");
    // Joined twice, it would be two visits.
    submit.disabled = true;
    await onJoin(wishes);
    submit.disabled = false;
  });

  return {
    complain,
    /** @param {Wishes} wishes */
    show(wishes) {
      name.value = wishes.name;
      room.value = wishes.room;
      token.value = wishes.token;
      moderator.checked = wishes.moderator;
      page.hidden = false;
      const first = [nameField.hidden ? token : name, room].find(({ value }) => value === "");
      (first ?? room).focus();
    },
    hide() {
      page.hidden = true;
    },
    /** Where nobody makes tokens for guests, the token says who this is. */
    askForToken() {
      nameField.hidden = true;
      moderatorField.hidden = true;
      tokenField.hidden = false;
    },
  };
}

/**
 * @param {ParentNode} root
 * @param {string} [selector]
 */
function inputIn(root, selector = "input") {
  const input = root.querySelector(selector);
  if (!(input instanceof HTMLInputElement)) throw new Error(`The markup lacks the field ${selector}.`);
  return input;
}
