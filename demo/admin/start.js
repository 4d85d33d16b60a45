// Starts the admin page: asks for the API key, and shows what the address names until the operator signs out.

import { copyOf, part, setText, showProblem } from "../ui/dom.js";
import { closeAllAbove } from "../ui/popup.js";
import { CallError, createApi } from "./api.js";
import { keptKey } from "./kept-key.js";
import { createOverview } from "./overview.js";
import { addressOf, placeOf } from "./place.js";
import { createResults } from "./results.js";
import { openRoom } from "./room-view.js";
import { openUser } from "./user-view.js";
import { KEY_REFUSED, KEY_REVOKED, refusalText } from "./words.js";

/** @import { Api } from "./api.js" */
/** @import { Place } from "./place.js" */

/** The page may be served below a path. */
const BASE = new URL(".", location.href).href;
const TITLE = "Edge Rooms admin";

const signIn = part(document, "sign-in");
const form = part(signIn, "form", HTMLFormElement);
const problem = part(signIn, "problem");
const keyField = part(signIn, "key", HTMLInputElement);
const submit = part(signIn, "submit", HTMLButtonElement);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = keyField.value.trim();
  if (key === "") return askForKey("Enter an API key.");
  submit.disabled = true;
  const refused = await refusalOf(key);
  submit.disabled = false;
  if (refused !== "") return askForKey(refused);
  keptKey.set(key);
  open(key);
});

/** @param {string} text */
function askForKey(text) {
  signIn.hidden = false;
  document.title = TITLE;
  showProblem(problem, text, keyField);
  keyField.focus();
}

/** Why the key opens nothing; "" if it does. A deployment without a registry has no numbers, and all else. @param {string} key */
async function refusalOf(key) {
  try {
    await createApi(BASE, key).stats();
    return "";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.code === "not_found") return "";
    if (error.code === "forbidden")
      return `${KEY_REFUSED} This is the token of a user, or this page may not call.`;
    if (error.code === "offline" || error.code === "timeout")
      return "The server cannot be reached. Try again.";
    return refusalText(error);
  }
}

/** @param {string} key */
function open(key) {
  const ended = new AbortController();
  const { signal } = ended;
  const api = createApi(BASE, key, { onKeyRefused: () => leave(KEY_REVOKED) });
  signal.addEventListener("abort", api.end);
  const app = copyOf("app");
  const state = part(app, "state");
  const stateText = part(app, "state-text");
  const results = createResults(part(app, "results"));
  const stage = part(app, "stage");
  keyField.value = "";
  signIn.hidden = true;
  showProblem(problem, "", keyField);
  part(app, "sign-out", HTMLButtonElement).addEventListener("click", () => leave(""));
  document.body.append(app);

  const overview = createOverview({
    api,
    results,
    signal,
    onReach({ status, text }) {
      state.dataset.status = status;
      setText(stateText, text);
    },
  });
  stage.append(overview);
  addEventListener("hashchange", () => show(true), { signal });

  /** What ends with the place that is shown. */
  let shown = new AbortController();
  /** @type {HTMLElement | undefined} */
  let view;
  show(false);

  /** @param {boolean} moves whether the operator came here by a link */
  function show(moves) {
    const place = placeOf(location.hash);
    closeAllAbove();
    shown.abort();
    shown = new AbortController();
    view?.remove();
    view = viewOf(place, { api, results, signal: AbortSignal.any([signal, shown.signal]) });
    overview.hidden = view !== undefined;
    if (view !== undefined) stage.append(view);
    document.title = `${titleOf(place)}${TITLE}`;
    if (!moves) return;
    results.clear();
    scrollTo(0, 0);
    (view ?? overview).querySelector("h1")?.focus({ preventScroll: true });
  }

  /** @param {string} text */
  function leave(text) {
    if (signal.aborted) return;
    ended.abort();
    keptKey.set(undefined);
    closeAllAbove();
    app.remove();
    // The next operator of this tab does not see which room this one looked at.
    history.replaceState(null, "", addressOf({ kind: "overview" }));
    askForKey(text);
  }
}

/** @param {Place} place @param {{ api: Api, results: ReturnType<typeof createResults>, signal: AbortSignal }} page */
function viewOf(place, page) {
  switch (place.kind) {
    case "overview":
      return undefined;
    case "room":
      return openRoom(place.name, page);
    case "user":
      return openUser(place.id, page);
  }
}

/** @param {Place} place */
function titleOf(place) {
  return place.kind === "overview" ? "" : `${place.kind === "room" ? place.name : place.id} · `;
}

// Reloading the page does not sign out.
const kept = keptKey.get();
if (kept === undefined) askForKey("");
else open(kept);
