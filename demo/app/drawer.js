// @ts-check
// On a narrow screen the side bar comes in above the chat, and goes with the next choice.

import { part } from "../ui/dom.js";
import { fewOf } from "../ui/format.js";

const NARROW = "(width <= 56.25rem)";

/**
 * @param {HTMLElement} root
 * @param {() => void} onOpen
 */
export function createDrawer(root, onOpen) {
  const sideBar = part(root, "side-bar", HTMLElement);
  const stage = part(root, "stage", HTMLElement);
  const menu = part(root, "menu", HTMLButtonElement);
  const badge = part(root, "menu-badge", HTMLElement);
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

  menu.addEventListener("click", () => toggle(true));
  part(root, "close-drawer", HTMLButtonElement).addEventListener("click", () => toggle(false));
  part(root, "shade", HTMLElement).addEventListener("click", () => toggle(false));
  document.addEventListener(
    "keydown",
    ({ key }) => {
      // A menu in it closes first.
      if (key === "Escape" && document.querySelector(".popup:popover-open") === null) toggle(false);
    },
    { signal },
  );
  narrow.addEventListener(
    "change",
    () => {
      isOpen = false;
      show();
    },
    { signal },
  );
  show();

  return {
    close: () => toggle(false),
    /** In the rooms that are not on the screen. @param {number} unread @param {boolean} mentioned */
    update(unread, mentioned) {
      badge.hidden = unread === 0 && !mentioned;
      badge.textContent = `${mentioned ? "@" : ""}${unread === 0 ? "" : fewOf(unread)}`;
      const words = [
        "Rooms",
        ...(unread === 0 ? [] : [`${fewOf(unread)} unread`]),
        ...(mentioned ? ["you were mentioned"] : []),
      ];
      menu.setAttribute("aria-label", words.join(", "));
    },
    stop: () => ended.abort(),
  };
}
