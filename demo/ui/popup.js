// Popups beside a button, in the browser's top layer so that nothing clips them. Escape and a click elsewhere close
// them; the focus goes back to the button.

import { element } from "./dom.js";
import { moveWithArrows } from "./keyboard.js";

/** @typedef {{ label: string, onPick(): void, checked?: boolean, look?: string, mark?: Node }} MenuItem */

const GAP_PX = 6;
const EDGE_PX = 8;
/** The click on the button that closed the popup must not open it again. */
const SAME_CLICK_MS = 250;
/** @type {WeakMap<Element, number>} */
const closedAt = new WeakMap();

/**
 * Returns a function that closes the popup; `undefined` where the same click has just closed it.
 *
 * @param {HTMLElement} anchor
 * @param {HTMLElement} popup
 * @param {() => void} [onClose]
 */
export function openPopup(anchor, popup, onClose) {
  if (performance.now() - (closedAt.get(anchor) ?? Number.NEGATIVE_INFINITY) < SAME_CLICK_MS)
    return undefined;
  popup.popover = "auto";
  popup.classList.add("popup");
  let pressed = false;
  const press = () => {
    pressed = true;
  };
  anchor.addEventListener("pointerdown", press);
  const put = () => place(popup, anchor);
  popup.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "closed") return;
    // The focus returns from inside the popup, or from the body where the browser has put it; not from elsewhere.
    const back = popup.contains(document.activeElement) || document.activeElement === document.body;
    if (pressed) closedAt.set(anchor, performance.now());
    anchor.removeEventListener("pointerdown", press);
    anchor.setAttribute("aria-expanded", "false");
    removeEventListener("resize", put);
    onClose?.();
    queueMicrotask(() => {
      popup.remove();
      if (back && anchor.isConnected) anchor.focus({ preventScroll: true });
    });
  });
  document.body.append(popup);
  popup.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  put();
  addEventListener("resize", put);
  return () => popup.isConnected && popup.hidePopover();
}

/** Closes every popup and dialog as its user would: only then they remove their listeners and report the end. */
export function closeAllAbove() {
  for (const popup of document.querySelectorAll(".popup:popover-open"))
    if (popup instanceof HTMLElement) popup.hidePopover();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}

/**
 * @param {HTMLElement} anchor
 * @param {string} label
 * @param {readonly MenuItem[]} items
 */
export function openMenu(anchor, label, items) {
  const menu = element("div", { class: "menu", role: "menu", "aria-label": label }, items.map(renderItem));
  const close = openPopup(anchor, menu);
  if (close === undefined) return;
  moveWithArrows(menu).focusAt(items.findIndex(({ checked }) => checked === true));
  menu.addEventListener("keydown", ({ key }) => {
    if (key === "Tab") close();
  });

  /** @param {MenuItem} item */
  function renderItem({ label, onPick, checked, look, mark }) {
    const role = checked === undefined ? "menuitem" : "menuitemradio";
    const attributes = { type: "button", role, class: look, "aria-checked": checked };
    const made = element("button", attributes, mark, label);
    made.addEventListener("click", () => {
      close?.();
      onPick();
    });
    return made;
  }
}

/**
 * Below its button, or above where there is no room; never over the edge of the window.
 *
 * @param {HTMLElement} popup
 * @param {HTMLElement} anchor
 */
function place(popup, anchor) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const below = at.bottom + GAP_PX;
  const top = below + height + EDGE_PX <= clientHeight ? below : at.top - GAP_PX - height;
  const left = at.left + width + EDGE_PX <= clientWidth ? at.left : at.right - width;
  popup.style.top = `${within(top, clientHeight - height)}px`;
  popup.style.left = `${within(left, clientWidth - width)}px`;
}

/** @param {number} wanted @param {number} space */
const within = (wanted, space) => Math.max(EDGE_PX, Math.min(wanted, space - EDGE_PX));
