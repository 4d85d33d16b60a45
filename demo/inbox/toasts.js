// Toasts: new notifications and the results of actions, for 7 s. An urgent one stays until it is dismissed, or read on
// any device.

import { errorText } from "../session/error-text.js";
import { button, element } from "../ui/dom.js";
import { openerOf, textOf } from "./notification-view.js";

/** @import { Notification } from "../edge-rooms.js" */
/** @import { Place } from "../messages/mentions.js" */

/** @typedef {ReturnType<typeof createToasts>} Toasts */

const SHOWN_FOR_MS = 7_000;
const MAX_SHOWN = 4;

/** @param {HTMLElement} region @param {{ onRead(id: string): void, openMessage(place: Place): void }} page */
export function createToasts(region, { onRead, openMessage }) {
  /** @type {Map<string, () => void>} */
  const shown = new Map();
  let ended = false;

  /**
   * In place of one with the same id.
   *
   * @param {string} id
   * @param {HTMLElement} toast
   * @param {boolean} [stays]
   */
  function add(id, toast, stays = false) {
    shown.get(id)?.();
    const close = hideLater(toast, stays, () => shown.delete(id));
    shown.set(id, close);
    region.append(toast);
    return close;
  }

  /** @param {Notification} notification */
  function show(notification) {
    if (ended) return;
    const { id, priority } = notification;
    shown.get(id)?.();
    while (shown.size >= MAX_SHOWN) [...shown.values()][0]?.();
    const toast = element("article", { class: "toast", "data-priority": priority }, textOf(notification));
    const close = add(id, toast, priority === "urgent");
    const onOpen = () => {
      onRead(id);
      close();
    };
    const dismiss = button("×", close, "dismiss");
    dismiss.setAttribute("aria-label", "Dismiss");
    const opener = openerOf(notification, { onOpen, openMessage });
    toast.append(...(opener ? [opener] : []), dismiss);
  }

  /** The result of an action on this page. @param {string} text @param {"done" | "failed"} [look] */
  function say(text, look = "done") {
    if (ended) return;
    const line = element("p", { dir: "auto" }, text);
    add(`say ${text}`, element("article", { class: `toast brief ${look}` }, line));
  }

  function clear() {
    for (const close of [...shown.values()]) close();
  }

  return {
    show,
    say,
    clear,
    /**
     * Says the text, if any, once an action is done, else why it failed. Resolves with whether it is done.
     *
     * @param {Promise<unknown>} done
     * @param {string} [text]
     */
    async attempt(done, text) {
      try {
        await done;
      } catch (error) {
        say(errorText(error), "failed");
        return false;
      }
      if (text !== undefined) say(text);
      return true;
    },
    /** @param {readonly Notification[]} notifications */
    update(notifications) {
      for (const { id, state } of notifications) if (state === "read") shown.get(id)?.();
    },
    /** @param {string} id */
    hide: (id) => shown.get(id)?.(),
    /** What ends later is not said to the next user. */
    stop() {
      ended = true;
      clear();
    },
  };
}

/**
 * Hides a toast once it had neither pointer nor focus for 7 s. Returns a function that hides it at once.
 *
 * @param {HTMLElement} toast
 * @param {boolean} stays
 * @param {() => void} onClose
 */
function hideLater(toast, stays, onClose) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const hold = () => clearTimeout(timer);
  const close = () => {
    hold();
    onClose();
    toast.remove();
  };
  const release = () => {
    hold();
    if (!stays) timer = setTimeout(close, SHOWN_FOR_MS);
  };
  for (const type of ["pointerenter", "focusin"]) toast.addEventListener(type, hold);
  for (const type of ["pointerleave", "focusout"]) toast.addEventListener(type, release);
  release();
  return close;
}
