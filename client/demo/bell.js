// @ts-check
// The bell: how many are unread, and the panel that lists them.

import { button, element, part, setText } from "./dom.js";
import { fullTime, timeAgo } from "./format.js";
import { anchor, isSafeLink } from "./links.js";

/** @typedef {import("./edge-rooms.js").Inbox} Inbox */
/** @typedef {import("./edge-rooms.js").Notification} Notification */
/** @typedef {import("./edge-rooms.js").InboxSnapshot} InboxSnapshot */
/** @typedef {import("./edge-rooms.js").MarkTarget} MarkTarget */

const REFRESH_MS = 30_000;
const PAGE = 50;

/**
 * @param {ParentNode} root
 * @param {Inbox} inbox
 * @param {() => void} onOpen
 */
export function createBell(root, inbox, onOpen) {
  const bell = part(root, "bell", HTMLButtonElement);
  const badge = part(root, "badge", HTMLElement);
  const panel = part(root, "panel", HTMLElement);
  const note = part(root, "panel-note", HTMLElement);
  const list = part(root, "notifications", HTMLElement);
  const nothing = part(root, "no-notifications", HTMLElement);
  const markAll = part(root, "mark-all", HTMLButtonElement);
  const more = part(root, "more-notifications", HTMLButtonElement);
  const closing = new AbortController();
  /** @type {readonly Notification[] | undefined} */
  let shown;
  let moreIsThere = true;

  /** @param {MarkTarget} what @param {"seen" | "read"} state */
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
    if (!open) return;
    onOpen();
    render();
    panel.focus({ preventScroll: true });
  }

  function render() {
    const { notifications } = inbox.getSnapshot();
    shown = notifications;
    const hadFocus = panel.contains(document.activeElement);
    list.replaceChildren(...notifications.map((notification) => renderNotification(notification, markRead)));
    nothing.hidden = notifications.length > 0;
    more.hidden = !moreIsThere || notifications.length < PAGE;
    // What had it is gone, and the keyboard would start over at the top of the page.
    if (hadFocus && !panel.contains(document.activeElement)) panel.focus({ preventScroll: true });
    markSeen();
  }

  function markSeen() {
    const { notifications, state } = inbox.getSnapshot();
    const unseen = notifications.filter(({ state }) => state === "unseen").map(({ id }) => id);
    if (unseen.length > 0 && state.status === "connected") void mark(unseen, "seen");
  }

  /** @param {KeyboardEvent} event */
  function onKey({ key }) {
    if (key !== "Escape" || panel.hidden) return;
    toggle(false);
    bell.focus();
  }

  /** @param {PointerEvent} event */
  function onPointer({ target }) {
    if (target instanceof Node && !panel.contains(target) && !bell.contains(target)) toggle(false);
  }

  bell.addEventListener("click", () => toggle(panel.hidden !== false));
  markAll.addEventListener("click", () => {
    // The button hides itself.
    panel.focus({ preventScroll: true });
    void mark({ all: true }, "read");
  });
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
    /** @param {InboxSnapshot} snapshot */
    update({ notifications, unread }) {
      badge.hidden = unread === 0;
      setText(badge, unread > 99 ? "99+" : String(unread));
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

/**
 * @param {Notification} notification
 * @param {(id: string) => void} markRead
 */
function renderNotification({ id, title, message, priority, link, at, state }, markRead) {
  const item = element("li", { class: state === "read" ? "" : "unread", "data-priority": priority }, [
    element("strong", { dir: "auto" }, [title]),
    ...(message ? [element("p", { dir: "auto" }, [message])] : []),
  ]);
  const foot = element("div", { class: "foot" }, [
    element("time", { datetime: new Date(at).toISOString(), title: fullTime(at) }, [timeAgo(at)]),
    ...(priority === "medium" ? [] : [element("span", { class: "priority" }, [priority])]),
  ]);
  if (link !== undefined && isSafeLink(link)) {
    const open = anchor(link, "Open");
    open.addEventListener("click", () => markRead(id));
    foot.append(open);
  }
  if (state !== "read") foot.append(button("Mark read", () => markRead(id)));
  item.append(foot);
  return item;
}
