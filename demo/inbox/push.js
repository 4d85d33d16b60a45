// @ts-check
// Pushes to this browser: whether they can be had, and whether they are on.

import { callApi } from "../edge-rooms.js";
import { createPush } from "../edge-rooms-push.js";
import { errorWords } from "../session/error-text.js";

/** @typedef {import("../edge-rooms-push.js").PushState} PushState */
/** @typedef {ReturnType<typeof followPush>} PushKeeper */

const FAILURES = new Map([
  ["forbidden", "Your browser does not allow notifications for this page."],
  ["offline", "The push service cannot be reached right now. Please try again."],
]);

/**
 * @param {import("../session/session.js").Session} session
 * @param {() => void} onChange
 */
export function followPush({ url, client }, onChange) {
  const serviceWorker = new URL("edge-rooms-sw.js", url).pathname;
  const push = createPush(client, { serviceWorker });
  const ended = new AbortController();
  /** @type {PushState} */
  let state = "unsupported";
  /** `undefined` until the server said it. @type {boolean | undefined} */
  let isServed;

  /** @param {PushState} now */
  function learn(now) {
    state = isServed ? now : "unsupported";
    if (!ended.signal.aborted) onChange();
  }

  async function load() {
    try {
      await callApi(client, "GET", "/v1/push/key");
      isServed = true;
    } catch (error) {
      const { code } = /** @type {{ code?: string }} */ (error ?? {});
      if (code === "not_found") isServed = false;
    }
    if (isServed) learn(await push.refresh().catch(() => push.state()));
    else learn("unsupported");
  }

  /** The browser's settings may change while the page is open. */
  async function watchPermission() {
    const permission = await navigator.permissions.query({ name: "notifications" });
    permission.addEventListener("change", async () => learn(await push.state()), { signal: ended.signal });
  }
  watchPermission().catch(() => {
    // Then it shows with the next visit.
  });

  return {
    get state() {
      return state;
    },
    /** Whether this server pushes at all. */
    get isServed() {
      return isServed !== false;
    },
    load,
    /** From a click, as it asks for the permission. Answers why it failed, if it did. @param {boolean} on */
    async set(on) {
      /** @type {unknown} */
      let failure;
      await (on ? push.enable() : push.disable()).catch((error) => {
        failure = error;
      });
      learn(await push.state());
      const { code = "" } = /** @type {{ code?: string }} */ (failure ?? {});
      return failure === undefined ? undefined : (FAILURES.get(code) ?? errorWords(failure));
    },
    stop: () => ended.abort(),
  };
}
