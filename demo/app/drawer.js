// On a narrow screen the side bar is a drawer above the chat, and closes with the next choice.

import { part } from "../ui/dom.js";
import { badgeCount } from "../ui/format.js";

/** As in `frame.css`. */
const NARROW = "(width <= 56.25rem)";

/** @param {HTMLElement} root @param {() => void} onOpen */
export function createDrawer(root, onOpen) {
  const sideBar = part(root, "side-bar");
  const stage = part(root, "stage");
  const menu = part(root, "menu");
  const badge = part(root, "menu-badge");
  const narrow = matchMedia(NARROW);
  const ended = new AbortController();
  const { signal } = ended;
  let isOpen = false;

  function show() {
    const isDrawer = narrow.matches;
    root.classList.toggle("drawer-open", isDrawer && isOpen);
    sideBar.inert = isDrawer && !isOpen;
    stage.inert = isDrawer && isOpen;
    menu.setAttribute("aria-expanded", String(isOpen));
  }

  /** @param {boolean} open */
  function toggle(open) {
    if (open === isOpen) return;
    isOpen = open;
    show();
    if (!narrow.matches) return;
    if (open) onOpen();
    else if (sideBar.contains(document.activeElement) || document.activeElement === document.body)
      menu.focus();
  }

  const close = () => toggle(false);

  /** @param {KeyboardEvent} event */
  function onKey({ key }) {
    // A menu in the drawer closes first.
    if (key === "Escape" && document.querySelector(".popup:popover-open") === null) close();
  }

  function onResize() {
    isOpen = false;
    show();
  }

  menu.addEventListener("click", () => toggle(true));
  part(root, "close-drawer").addEventListener("click", close);
  part(root, "shade").addEventListener("click", close);
  document.addEventListener("keydown", onKey, { signal });
  narrow.addEventListener("change", onResize, { signal });
  show();

  return {
    close,
    /** What is unread in the rooms that are not on the screen. @param {number} unread @param {boolean} mentioned */
    update(unread, mentioned) {
      const count = unread === 0 ? "" : badgeCount(unread);
      badge.hidden = unread === 0 && !mentioned;
      badge.textContent = `${mentioned ? "@" : ""}${count}`;
      const label = ["Rooms", unread > 0 && `${count} unread`, mentioned && "you were mentioned"];
      menu.setAttribute("aria-label", label.filter(Boolean).join(", "));
    },
    stop: () => ended.abort(),
  };
}
