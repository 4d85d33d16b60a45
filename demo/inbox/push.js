// Push notifications in this browser: whether they are possible, and whether they are on.

import { callApi } from "../edge-rooms.js";
import { createPush } from "../edge-rooms-push.js";
import { errorText } from "../session/error-text.js";

/** @import { RoomsError } from "../edge-rooms.js" */
/** @import { PushState } from "../edge-rooms-push.js" */
/** @import { Session } from "../session/session.js" */

/** @typedef {ReturnType<typeof followPush>} PushKeeper */

export const BLOCKED =
  "Your browser blocks notifications from this page. You can allow them in the browser's settings.";

const FAILURES = new Map([
  ["forbidden", "Your browser did not allow notifications from this page."],
  ["offline", "Your browser's push service cannot be reached right now. Try again later."],
]);

/** @param {unknown} error */
const codeOf = (error) => /** @type {Partial<RoomsError> | undefined} */ (error)?.code ?? "";

/** @param {Pick<Session, "url" | "client">} session @param {() => void} onChange */
export function followPush({ url, client }, onChange) {
  const serviceWorker = new URL("edge-rooms-sw.js", url).pathname;
  const push = createPush(client, { serviceWorker });
  const ended = new AbortController();
  /** @type {PushState} */
  let state = "unsupported";
  /** `undefined` until the server has answered. @type {boolean | undefined} */
  let isServed;

  /** @param {PushState} now */
  function learn(now) {
    state = isServed ? now : "unsupported";
    if (!ended.signal.aborted) onChange();
  }

  async function load() {
    try {
      const { key } = Object(await callApi(client, "GET", "/v1/push/key"));
      isServed = typeof key === "string";
    } catch {
      // Without an answer it stays unknown.
    }
    learn(isServed ? await push.refresh().catch(() => push.state()) : "unsupported");
  }

  /** The user may change the browser's settings while the page is open. */
  async function watchPermission() {
    const permission = await navigator.permissions.query({ name: "notifications" });
    permission.addEventListener("change", async () => learn(await push.state()), { signal: ended.signal });
  }
  watchPermission().catch(() => {
    // Some browsers cannot report it: the next visit shows it.
  });

  return {
    get state() {
      return state;
    },
    /** Whether this server sends push notifications. */
    get isServed() {
      return isServed !== false;
    },
    load,
    /** Needs a click, as it asks for the permission. Resolves with why it failed, if it did. @param {boolean} on */
    async set(on) {
      const failure = await (on ? push.enable() : push.disable()).then(
        () => undefined,
        (error) => FAILURES.get(codeOf(error)) ?? errorText(error),
      );
      learn(await push.state());
      return failure;
    },
    stop: () => ended.abort(),
  };
}
