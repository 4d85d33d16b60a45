// Starts the page: shows the form, opens the rooms, and returns to the form when the user leaves.

import { keepUnsent } from "../composer/drafts.js";
import { refusalText } from "../session/error-text.js";
import { isRoomName, openSession } from "../session/session.js";
import { inTab, onDevice } from "../session/storage.js";
import { BASE, makesTokens, tokenFor, userIdOf } from "../session/token.js";
import { forgetNames } from "../session/user-names.js";
import { watchLine } from "../wire/line.js";
import { openApp } from "./app-view.js";
import { createJoinForm, NO_TOKEN } from "./join-form.js";

/** @import { JoinRequest } from "./join-form.js" */

const DEFAULT_ROOM = "lobby";
const UNREACHABLE = "The server cannot be reached. Check your connection and try again.";

/** Whether the server makes tokens for guests; `undefined` until it has answered. @type {boolean | undefined} */
let guests;
const line = watchLine();
const form = createJoinForm(document, join);

/** @param {JoinRequest} request */
async function join(request) {
  if (!(await learnTokens())) return form.complain(UNREACHABLE);
  if (!guests && request.token === "") return form.complain(NO_TOKEN);
  remember(request);
  enter(request);
}

/** @param {JoinRequest} request */
function enter({ name, room, token, moderator }) {
  form.hide();
  const getToken = guests ? tokenFor(userIdOf(name), name, moderator) : () => token;
  const session = openSession({ url: BASE, getToken });
  const app = openApp(session, {
    line,
    canExpire: guests === true,
    onLeave: leave,
    onRoom: rememberRoom,
  });
  session.onRefused((error) => {
    // The next visit must not try the refused token again by itself.
    inTab.set("token", undefined);
    leave(refusalText(error));
  });
  app.show(room);
  const ended = new AbortController();
  addEventListener("popstate", () => app.show(roomInAddress() ?? room), { signal: ended.signal });

  const keepAll = (/** @type {PageTransitionEvent} */ { persisted }) => {
    // A page that the browser keeps still has them when the user comes back to it.
    if (!persisted) for (const { room } of session.entered.values()) keepUnsent(room);
  };
  addEventListener("pagehide", keepAll, { signal: ended.signal });

  /** @param {string} problem */
  function leave(problem) {
    if (ended.signal.aborted) return;
    ended.abort();
    inTab.set("joined", undefined);
    session.close();
    app.close();
    // The next user of this tab sees neither names nor frames of this one.
    forgetNames();
    line.forget();
    document.title = "Edge Rooms";
    form.show(remembered());
    form.complain(problem);
  }
}

const addressParams = () => new URLSearchParams(location.search);

function roomInAddress() {
  const name = addressParams().get("room");
  return name !== null && isRoomName(name) ? name : undefined;
}

/**
 * Writes the room into the address, for sharing and for the back button. The token and the permission are never there.
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

/** @returns {JoinRequest} */
const remembered = () => ({
  name: inTab.get("name") ?? onDevice.get("name") ?? "",
  room: addressParams().get("room") ?? onDevice.get("room") ?? DEFAULT_ROOM,
  token: inTab.get("token") ?? "",
  moderator: inTab.get("moderator") !== undefined || addressParams().get("as") === "moderate",
});

/** @param {JoinRequest} request */
function remember({ name, token, moderator }) {
  onDevice.set("name", name);
  inTab.set("name", name);
  inTab.set("moderator", moderator ? "yes" : undefined);
  if (!guests) inTab.set("token", token);
}

/** Answers whether the server could be reached. */
async function learnTokens() {
  try {
    guests ??= await makesTokens();
  } catch {
    return false;
  }
  if (!guests) form.askForToken();
  return true;
}

const isReachable = await learnTokens();
const request = remembered();
// Reloading the page does not leave the room.
if (inTab.get("joined") === request.room && (guests ? request.name : request.token) !== "") enter(request);
else {
  form.show(request);
  if (!isReachable) form.complain(UNREACHABLE);
}
