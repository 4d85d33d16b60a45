// The bell with the number of unread notifications, and the panel that lists them.

import { part, setText } from "../ui/dom.js";
import { badgeCount, timeAgo } from "../ui/format.js";
import { renderNotification } from "./notification-view.js";
import { BLOCKED } from "./push.js";

/** @import { Inbox, InboxSnapshot, MarkTarget, Notification, NotificationState } from "../edge-rooms.js" */
/** @import { PushState } from "../edge-rooms-push.js" */
/** @import { Place } from "../messages/mentions.js" */
/** @import { MenuItem } from "../ui/popup.js" */

const REFRESH_MS = 30_000;
const PAGE = 50;

/**
 * @param {ParentNode} root
 * @param {Inbox} inbox
 * @param {{
 *   onOpen(): void, openMessage(place: Place): void, openSettings(): void, enablePush(): Promise<void>,
 *   muting(topic: string): MenuItem,
 * }} page
 */
export function createBell(root, inbox, { onOpen, openMessage, openSettings, enablePush, muting }) {
  const bell = part(root, "bell");
  const badge = part(root, "badge");
  const panel = part(root, "panel");
  const note = part(root, "panel-note");
  const list = part(root, "notifications");
  const nothing = part(root, "no-notifications");
  const markAll = part(root, "mark-all");
  const offer = part(root, "push-offer");
  const more = part(root, "more-notifications");
  const ended = new AbortController();
  /** @type {readonly Notification[] | undefined} */
  let shown;
  let hasMore = true;
  /** Seen for the first time since the panel was opened. @type {Set<string>} */
  let fresh = new Set();

  /** @param {string} text */
  function complain(text) {
    setText(note, text);
    note.hidden = text === "";
  }

  /** @param {MarkTarget} target @param {NotificationState} state */
  const mark = (target, state) =>
    inbox.mark(target, state).then(
      () => complain(""),
      () => complain("This could not be saved. Check your connection and try again."),
    );

  const focusPanel = () => panel.focus({ preventScroll: true });

  /** @param {boolean} open */
  function toggle(open) {
    panel.hidden = !open;
    bell.setAttribute("aria-expanded", String(open));
    complain("");
    fresh = new Set();
    if (!open) return;
    onOpen();
    render();
    focusPanel();
  }

  function render() {
    const { notifications } = inbox.getSnapshot();
    const active = document.activeElement;
    const hadFocus = panel.contains(active);
    const index = [...list.children].findIndex((item) => item.contains(active));
    shown = notifications;
    for (const { id, state } of notifications) if (state === "unseen") fresh.add(id);
    list.replaceChildren(...notifications.map(renderOne));
    nothing.hidden = notifications.length > 0;
    more.hidden = !hasMore || notifications.length < PAGE;
    // If the focused element is gone, the focus would move to the top of the page.
    if (hadFocus && !panel.contains(document.activeElement)) {
      const next = list.children[Math.min(index, list.children.length - 1)]?.querySelector("button");
      (next ?? panel).focus({ preventScroll: true });
    }
    markSeen();
  }

  /** @param {Notification} notification */
  function renderOne(notification) {
    const { id } = notification;
    return renderNotification(notification, {
      isFresh: fresh.has(id),
      muting,
      openMessage,
      onOpen() {
        void mark([id], "read");
        toggle(false);
      },
      onRead: () => void mark([id], "read"),
      onArchive: () => void mark([id], "archived"),
    });
  }

  function markSeen() {
    const { notifications, state } = inbox.getSnapshot();
    const unseen = notifications.filter(({ state }) => state === "unseen").map(({ id }) => id);
    if (unseen.length > 0 && state.status === "connected") void mark(unseen, "seen");
  }

  bell.addEventListener("click", () => toggle(panel.hidden !== false));
  markAll.addEventListener("click", () => {
    // The button hides itself.
    focusPanel();
    void mark({ all: true }, "read");
  });
  part(root, "settings-of-bell").addEventListener("click", () => {
    toggle(false);
    openSettings();
  });
  part(offer, "enable-push").addEventListener("click", () => void enablePush());
  more.addEventListener("click", async () => {
    try {
      hasMore = (await inbox.loadOlder(PAGE)).more;
      render();
    } catch {
      complain("Older notifications could not be loaded. Try again in a moment.");
    }
  });
  const { signal } = ended;
  document.addEventListener(
    "keydown",
    ({ key, target }) => {
      if (key !== "Escape" || panel.hidden || isAbove(target)) return;
      toggle(false);
      bell.focus();
    },
    { signal },
  );
  document.addEventListener(
    "pointerdown",
    ({ target }) => {
      if (target instanceof Node && !bell.contains(target) && !panel.contains(target) && !isAbove(target))
        toggle(false);
    },
    { signal },
  );
  // Only the texts: rendering again would move the place of keyboards and screen readers.
  const timer = setInterval(() => {
    if (panel.hidden) return;
    markSeen();
    for (const time of list.querySelectorAll("time")) setText(time, timeAgo(Date.parse(time.dateTime)));
  }, REFRESH_MS);

  return {
    /** @param {string} id */
    markRead: (id) => void mark([id], "read"),
    /** Offers push notifications where they can be turned on. @param {PushState} state */
    showPush(state) {
      const hadFocus = offer.contains(document.activeElement);
      const isDenied = state === "denied";
      offer.hidden = state === "on" || state === "unsupported";
      offer.dataset.state = state;
      const text = isDenied ? BLOCKED : "Get notifications even when this page is closed.";
      setText(part(offer, "push-text"), text);
      part(offer, "enable-push").hidden = isDenied;
      if (hadFocus && !panel.hidden && offer.hidden) focusPanel();
    },
    /** @param {InboxSnapshot} snapshot */
    update({ notifications, unread }) {
      badge.hidden = unread === 0;
      setText(badge, badgeCount(unread));
      bell.setAttribute("aria-label", unread === 0 ? "Notifications" : `Notifications, ${unread} unread`);
      markAll.hidden = unread === 0;
      if (!panel.hidden && notifications !== shown) render();
    },
    stop() {
      clearInterval(timer);
      ended.abort();
    },
  };
}

/** In a popup or dialog above the panel. @param {EventTarget | null} target */
const isAbove = (target) => target instanceof Element && target.closest(".popup, dialog") !== null;
