// @ts-check
// From the form into a room and back.

import { openChat } from "./chat-view.js";
import { createJoinForm } from "./join-form.js";
import { inTab, onDevice } from "./remembered.js";
import { openSession } from "./session.js";
import { BASE, makesTokens, tokenFor, userIdOf } from "./token.js";
import { refusalWords } from "./words.js";

/** @typedef {import("./join-form.js").Wishes} Wishes */

const DEFAULT_ROOM = "lobby";
const UNREACHABLE = "The server cannot be reached. Please try again.";

/** `undefined` until the server said whether it makes tokens for guests. @type {boolean | undefined} */
let guests;
const form = createJoinForm(document, join);

/** @param {Wishes} wishes */
async function join(wishes) {
  if (!(await learnTokens())) return form.complain(UNREACHABLE);
  if (!guests && wishes.token === "") return form.complain("Please enter a token.");
  remember(wishes);
  enter(wishes);
}

/** @param {Wishes} wishes */
function enter({ name, room, token, moderator }) {
  form.hide();
  const getToken = guests ? tokenFor(userIdOf(name), name, moderator) : () => token;
  const session = openSession({ url: BASE, room, getToken });
  const chat = openChat(session, { onLeave: () => leave("") });
  session.onRefused((error) => {
    // A token that is no good shall not be tried again by itself.
    inTab.set("token", undefined);
    leave(refusalWords(error));
  });

  /** @param {string} problem */
  function leave(problem) {
    inTab.set("joined", undefined);
    session.close();
    chat.close();
    document.title = "Edge Rooms";
    form.show(remembered());
    form.complain(problem);
  }
}

/** @returns {Wishes} */
function remembered() {
  return {
    name: inTab.get("name") ?? onDevice.get("name") ?? "",
    room: new URLSearchParams(location.search).get("room") ?? onDevice.get("room") ?? DEFAULT_ROOM,
    token: inTab.get("token") ?? "",
    moderator:
      inTab.get("moderator") !== undefined || new URLSearchParams(location.search).get("as") === "moderate",
  };
}

/**
 * The address names the room, so that it can be shared; never the token, nor what this user may do.
 *
 * @param {Wishes} wishes
 */
function remember({ name, room, token, moderator }) {
  for (const [key, value] of Object.entries({ name, room })) onDevice.set(key, value);
  inTab.set("name", name);
  inTab.set("joined", room);
  inTab.set("moderator", moderator ? "yes" : undefined);
  if (!guests) inTab.set("token", token);
  const address = new URL(location.href);
  address.searchParams.set("room", room);
  address.searchParams.delete("as");
  history.replaceState(null, "", address);
}

/** Whether the server could be asked. */
async function learnTokens() {
  try {
    guests ??= await makesTokens();
  } catch {
    return false;
  }
  if (!guests) form.askForToken();
  return true;
}

const reachable = await learnTokens();
const wishes = remembered();
// Reloading the page is no way to leave.
if (inTab.get("joined") === wishes.room && (guests ? wishes.name : wishes.token) !== "") enter(wishes);
else {
  form.show(wishes);
  if (!reachable) form.complain(UNREACHABLE);
}
