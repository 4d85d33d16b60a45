// @ts-check
// From the form into the rooms and back.

import { refusalWords } from "../session/error-text.js";
import { isRoomName, openSession } from "../session/session.js";
import { inTab, onDevice } from "../session/storage.js";
import { BASE, makesTokens, tokenFor, userIdOf } from "../session/token.js";
import { openApp } from "./app-view.js";
import { createJoinForm } from "./join-form.js";

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
  const session = openSession({ url: BASE, getToken });
  const app = openApp(session, { onLeave: leave, onRoom: rememberRoom });
  session.onRefused((error) => {
    // A token that is no good shall not be tried again by itself.
    inTab.set("token", undefined);
    leave(refusalWords(error));
  });
  app.show(room);
  const ended = new AbortController();
  addEventListener("popstate", () => app.show(roomInAddress() ?? room), { signal: ended.signal });

  /** @param {string} problem */
  function leave(problem) {
    if (ended.signal.aborted) return;
    ended.abort();
    inTab.set("joined", undefined);
    session.close();
    app.close();
    document.title = "Edge Rooms";
    form.show(remembered());
    form.complain(problem);
  }
}

/** What the address names, if that can be a room. */
function roomInAddress() {
  const name = new URLSearchParams(location.search).get("room");
  return name !== null && isRoomName(name) ? name : undefined;
}

/**
 * The address names the room on the screen, so that it can be shared, and the browser's buttons lead from room to room;
 * never the token, nor what this user may do.
 *
 * @param {string} room
 */
function rememberRoom(room) {
  onDevice.set("room", room);
  const before = inTab.get("joined");
  inTab.set("joined", room);
  const address = new URL(location.href);
  if (roomInAddress() === room && !address.searchParams.has("as")) return;
  address.searchParams.set("room", room);
  address.searchParams.delete("as");
  if (before === undefined || before === room) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
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

/** @param {Wishes} wishes */
function remember({ name, token, moderator }) {
  onDevice.set("name", name);
  inTab.set("name", name);
  inTab.set("moderator", moderator ? "yes" : undefined);
  if (!guests) inTab.set("token", token);
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
