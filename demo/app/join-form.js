// The form: who joins, and which room.

import { roomProblem } from "../session/session.js";
import { BASE } from "../session/token.js";
import { part, showProblem } from "../ui/dom.js";

/** @typedef {{ name: string, room: string, token: string, moderator: boolean }} JoinRequest */

export const NO_TOKEN = "Enter a token.";
/** Its answer has the token. */
const TOKEN_COMMAND = `curl ${BASE}v1/tokens -H "Authorization: Bearer $API_KEY" \\
  -d '{"user":"ada","name":"Ada","rooms":{"*":"write"}}'`;

/** @param {ParentNode} root @param {(request: JoinRequest) => Promise<void>} onJoin */
export function createJoinForm(root, onJoin) {
  const page = part(root, "join");
  const form = part(page, "form", HTMLFormElement);
  const problem = part(page, "problem");
  const nameField = part(page, "name-field");
  const tokenField = part(page, "token-field");
  const moderatorField = part(page, "moderator-field");
  const name = part(page, "name", HTMLInputElement);
  const token = part(page, "token", HTMLInputElement);
  const room = part(page, "room", HTMLInputElement);
  const moderator = part(page, "moderator", HTMLInputElement);
  const submit = part(form, "submit", HTMLButtonElement);

  /** @param {string} text @param {HTMLInputElement} [at] */
  function complain(text, at) {
    showProblem(problem, text);
    for (const input of [name, room, token]) input.setAttribute("aria-invalid", String(input === at));
    at?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const request = {
      name: name.value.trim(),
      room: room.value.trim(),
      token: token.value.trim(),
      moderator: moderator.checked,
    };
    if (tokenField.hidden && request.name === "") return complain("Enter your name.", name);
    if (!tokenField.hidden && request.token === "") return complain(NO_TOKEN, token);
    const wrong = roomProblem(request.room);
    if (wrong !== "") return complain(wrong, room);
    complain("");
    // A second click would open a second session.
    submit.disabled = true;
    await onJoin(request);
    submit.disabled = false;
  });

  return {
    complain,
    /** @param {JoinRequest} request */
    show(request) {
      name.value = request.name;
      room.value = request.room;
      token.value = request.token;
      moderator.checked = request.moderator;
      page.hidden = false;
      const first = [nameField.hidden ? token : name, room].find(({ value }) => value === "");
      (first ?? room).focus();
    },
    hide() {
      page.hidden = true;
    },
    /** For a server that makes no tokens for guests: the token names the user. */
    askForToken() {
      nameField.hidden = true;
      moderatorField.hidden = true;
      tokenField.hidden = false;
      part(page, "token-command").textContent = TOKEN_COMMAND;
    },
  };
}
