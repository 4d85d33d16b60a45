// @ts-check
// New notifications, for a moment, and what became of what was done here. Urgent ones stay until they are dismissed or
// read, on whatever device.

import { button, element } from "../ui/dom.js";
import { openerOf, wordsOf } from "./notification-view.js";

/** @typedef {import("../edge-rooms.js").Notification} Notification */

const SHOWN_FOR_MS = 7_000;
const MAX_SHOWN = 4;

/**
 * @param {HTMLElement} region
 * @param {{ onRead(id: string): void, openMessage(place: import("../messages/mentions.js").Place): void }} page
 */
export function createToasts(region, { onRead, openMessage }) {
  /** @type {Map<string, () => void>} */
  const shown = new Map();

  /** @param {Notification} notification */
  function show(notification) {
    const { id, priority } = notification;
    shown.get(id)?.();
    while (shown.size >= MAX_SHOWN) [...shown.values()][0]?.();
    const toast = element("article", { class: "toast", "data-priority": priority }, wordsOf(notification));
    const close = hideLater(toast, priority === "urgent", () => shown.delete(id));
    shown.set(id, close);
    const onOpen = () => {
      onRead(id);
      close();
    };
    toast.append(...openerOf(notification, { onOpen, openMessage }));
    const dismiss = button("×", close, "dismiss");
    dismiss.setAttribute("aria-label", "Dismiss");
    toast.append(dismiss);
    region.append(toast);
  }

  /**
   * What became of something that was done on this page.
   *
   * @param {string} words
   * @param {"done" | "failed"} [look]
   */
  function say(words, look = "done") {
    const id = `say ${words}`;
    shown.get(id)?.();
    const toast = element("article", { class: `toast brief ${look}` }, [
      element("p", { dir: "auto" }, [words]),
    ]);
    shown.set(
      id,
      hideLater(toast, false, () => shown.delete(id)),
    );
    region.append(toast);
  }

  return {
    show,
    say,
    /** @param {readonly Notification[]} notifications */
    update(notifications) {
      for (const { id, state } of notifications) if (state === "read") shown.get(id)?.();
    },
    /** @param {string} id */
    hide: (id) => shown.get(id)?.(),
    clear() {
      for (const close of [...shown.values()]) close();
    },
  };
}

/**
 * Hides after a while in which nobody points at it or has the focus in it. Returns what hides it at once.
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
