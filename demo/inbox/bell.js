// @ts-check
// The bell: how many are unread, and the panel that lists them.

import { part, setText } from "../ui/dom.js";
import { fewOf, timeAgo } from "../ui/format.js";
import { renderNotification } from "./notification-view.js";

/** @typedef {import("../edge-rooms.js").Notification} Notification */
/** @typedef {import("../edge-rooms.js").InboxSnapshot} InboxSnapshot */
/** @typedef {import("../edge-rooms.js").MarkTarget} MarkTarget */
/** @typedef {import("../edge-rooms.js").NotificationState} NotificationState */

const REFRESH_MS = 30_000;
const PAGE = 50;

/**
 * @param {ParentNode} root
 * @param {import("../edge-rooms.js").Inbox} inbox
 * @param {{
 *   onOpen(): void, openMessage(place: import("../messages/mentions.js").Place): void, openSettings(): void, enablePush(): Promise<void>,
 *   muting(topic: string): import("../ui/popup.js").MenuItem,
 * }} page
 */
export function createBell(root, inbox, { onOpen, openMessage, openSettings, enablePush, muting }) {
  const bell = part(root, "bell", HTMLButtonElement);
  const badge = part(root, "badge", HTMLElement);
  const panel = part(root, "panel", HTMLElement);
  const note = part(root, "panel-note", HTMLElement);
  const list = part(root, "notifications", HTMLElement);
  const nothing = part(root, "no-notifications", HTMLElement);
  const markAll = part(root, "mark-all", HTMLButtonElement);
  const offer = part(root, "push-offer", HTMLElement);
  const more = part(root, "more-notifications", HTMLButtonElement);
  const closing = new AbortController();
  /** @type {readonly Notification[] | undefined} */
  let shown;
  let moreIsThere = true;
  /** Seen for the first time since the panel was opened. @type {Set<string>} */
  let fresh = new Set();

  /** @param {MarkTarget} what @param {NotificationState} state */
  async function mark(what, state) {
    try {
      await inbox.mark(what, state);
      note.hidden = true;
    } catch {
      setText(note, "This needs a connection. Please try again later.");
      note.hidden = false;
    }
  }
  /** @param {string} id */
  const markRead = (id) => void mark([id], "read");

  /** @param {boolean} open */
  function toggle(open) {
    panel.hidden = !open;
    bell.setAttribute("aria-expanded", String(open));
    note.hidden = true;
    fresh = new Set();
    if (!open) return;
    onOpen();
    render();
    panel.focus({ preventScroll: true });
  }

  function render() {
    const { notifications } = inbox.getSnapshot();
    const active = document.activeElement;
    const hadFocus = panel.contains(active);
    const index = active === null ? -1 : [...list.children].findIndex((item) => item.contains(active));
    shown = notifications;
    for (const { id, state } of notifications) if (state === "unseen") fresh.add(id);
    list.replaceChildren(...notifications.map(renderOne));
    nothing.hidden = notifications.length > 0;
    more.hidden = !moreIsThere || notifications.length < PAGE;
    // What had it is gone, and the keyboard would start over at the top of the page.
    if (hadFocus && !panel.contains(document.activeElement)) {
      const next = list.children[Math.min(index, list.children.length - 1)]?.querySelector("button");
      (next ?? panel).focus({ preventScroll: true });
    }
    markSeen();
  }

  /** @param {Notification} notification */
  const renderOne = (notification) =>
    renderNotification(notification, {
      isFresh: fresh.has(notification.id),
      muting,
      openMessage,
      onOpen() {
        markRead(notification.id);
        toggle(false);
      },
      onRead: () => markRead(notification.id),
      onArchive: () => void mark([notification.id], "archived"),
    });

  function markSeen() {
    const { notifications, state } = inbox.getSnapshot();
    const unseen = notifications.filter(({ state }) => state === "unseen").map(({ id }) => id);
    if (unseen.length > 0 && state.status === "connected") void mark(unseen, "seen");
  }

  /** @param {KeyboardEvent} event */
  function onKey({ key, target }) {
    if (key !== "Escape" || panel.hidden || isElsewhere(target)) return;
    toggle(false);
    bell.focus();
  }

  /** @param {PointerEvent} event */
  function onPointer({ target }) {
    if (target instanceof Node && !bell.contains(target) && !panel.contains(target) && !isElsewhere(target))
      toggle(false);
  }

  bell.addEventListener("click", () => toggle(panel.hidden !== false));
  markAll.addEventListener("click", () => {
    // The button hides itself.
    panel.focus({ preventScroll: true });
    void mark({ all: true }, "read");
  });
  part(root, "settings-of-bell", HTMLButtonElement).addEventListener("click", () => {
    toggle(false);
    openSettings();
  });
  part(offer, "enable-push", HTMLButtonElement).addEventListener("click", () => void enablePush());
  more.addEventListener("click", async () => {
    try {
      moreIsThere = (await inbox.loadOlder(PAGE)).more;
      render();
    } catch {
      setText(note, "Older ones could not be loaded.");
      note.hidden = false;
    }
  });
  const { signal } = closing;
  document.addEventListener("keydown", onKey, { signal });
  document.addEventListener("pointerdown", onPointer, { signal });
  // Only the words: who is in the panel with keyboard or screen reader stays where they are.
  const timer = setInterval(() => {
    if (panel.hidden) return;
    markSeen();
    for (const time of list.querySelectorAll("time")) setText(time, timeAgo(Date.parse(time.dateTime)));
  }, REFRESH_MS);

  return {
    markRead,
    /** @param {import("../edge-rooms-push.js").PushState} state */
    showPush(state) {
      const hadFocus = offer.contains(document.activeElement);
      offer.hidden = state === "on" || state === "unsupported";
      offer.dataset.state = state;
      const words =
        state === "denied"
          ? "Notifications are blocked in your browser's settings for this page."
          : "Get these while this page is closed.";
      setText(part(offer, "push-words", HTMLElement), words);
      part(offer, "enable-push", HTMLElement).hidden = state === "denied";
      if (hadFocus && !panel.hidden && offer.hidden) panel.focus({ preventScroll: true });
    },
    /** @param {InboxSnapshot} snapshot */
    update({ notifications, unread }) {
      badge.hidden = unread === 0;
      setText(badge, fewOf(unread));
      bell.setAttribute("aria-label", unread === 0 ? "Notifications" : `Notifications, ${unread} unread`);
      markAll.hidden = unread === 0;
      if (!panel.hidden && notifications !== shown) render();
    },
    stop() {
      clearInterval(timer);
      closing.abort();
    },
  };
}

/** In what the panel opened above it. @param {EventTarget | null} target */
const isElsewhere = (target) => target instanceof Element && target.closest(".popup, dialog") !== null;
