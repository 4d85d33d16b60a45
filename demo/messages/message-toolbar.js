// The actions on a message. One toolbar for all: it moves to the message under the pointer, to the one with the focus,
// or on a touch screen to the one that was tapped.

import { element, iconButton } from "../ui/dom.js";
import { pickEmoji } from "../ui/emoji-picker.js";
import { DELETE, EDIT, REACT, REPLY } from "../ui/icons.js";

/** @import { MessageRow } from "./message-rows.js" */
/** @import { Stage } from "./message-view.js" */
/** @import { RowList } from "./row-list.js" */

/** @typedef {{ react: boolean, reply: boolean, edit: boolean, remove: boolean }} May */

/** A tap on these is not for the toolbar. */
const CONTROLS = "a, button, input, textarea, form";
const INNER_STOPS = ":is(.chip, .chip-add, .quote)";
const STOP = ":scope > [tabindex='0']";

/**
 * @param {HTMLElement} list
 * @param {RowList} rows
 * @param {{
 *   stage: Pick<Stage, "react">, may(row: MessageRow): May,
 *   onReply(row: MessageRow): void, onEdit(row: MessageRow): void, onDelete(seq: number): void,
 * }} page
 */
export function createToolbar(list, rows, { stage, may, onReply, onEdit, onDelete }) {
  /** The row it stands at. @type {{ row: MessageRow, element: HTMLElement } | undefined} */
  let at;
  /** While the picker is open, the toolbar does not move. */
  let picking = false;

  const pick = () => {
    const seq = at?.row.message.seq;
    if (seq === undefined) return;
    // Before the focus moves to the picker.
    picking = true;
    picking = pickEmoji(react, (emoji) => stage.react(seq, emoji, true), {
      onClose() {
        picking = false;
      },
    });
  };
  const react = iconButton("Add a reaction", REACT, pick, { "aria-haspopup": "dialog" });
  const reply = iconButton("Reply", REPLY, () => at && onReply(at.row));
  const edit = iconButton("Edit", EDIT, () => at && onEdit(at.row));
  const removeNow = () => {
    const seq = at?.row.message.seq;
    if (at === undefined || seq === undefined) return;
    // The toolbar goes away while the dialog is open: the focus returns to the row.
    focusRow(at.element);
    onDelete(seq);
  };
  const remove = iconButton("Delete", DELETE, removeNow, { class: "tool danger" });
  const attributes = { class: "toolbar", role: "toolbar", "aria-label": "Message actions" };
  const toolbar = element("div", attributes, react, reply, edit, remove);
  const ended = new AbortController();

  /** @param {ReturnType<RowList["messageAt"]>} next */
  function goTo(next) {
    if (picking || next?.element === at?.element) return;
    at?.element.classList.remove("active");
    at = undefined;
    toolbar.remove();
    const allowed = next && may(next.row);
    if (!next || !allowed?.react || next.element.classList.contains("editing")) return;
    at = next;
    edit.hidden = !allowed.edit;
    remove.hidden = !allowed.remove;
    next.element.classList.add("active");
    next.element.querySelector(".said")?.append(toolbar);
  }

  const focused = () =>
    list.contains(document.activeElement) ? rows.messageAt(document.activeElement) : undefined;

  list.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "mouse") goTo(rows.messageAt(target) ?? focused());
  });
  list.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") goTo(focused());
  });
  list.addEventListener("focusin", ({ target }) => {
    const next = rows.messageAt(target);
    if (next) makeStop(next.element);
    if (target instanceof Element && target.matches(":focus-visible")) goTo(next);
  });
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !list.contains(relatedTarget)) goTo(undefined);
  });
  list.addEventListener("click", (event) => {
    const { target } = event;
    const touched = "pointerType" in event && event.pointerType === "touch";
    if (!touched || (target instanceof Element && target.closest(CONTROLS))) return;
    const next = rows.messageAt(target);
    goTo(next?.element === at?.element ? undefined : next);
    // It may stand below the last row on the screen.
    toolbar.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener(
    "pointerdown",
    ({ target, pointerType }) => {
      if (pointerType === "touch" && target instanceof Node && !list.contains(target)) goTo(undefined);
    },
    { signal: ended.signal },
  );
  list.addEventListener("keydown", (event) => {
    const here = rows.messageAt(event.target)?.element;
    if (here === undefined || event.target !== here) return;
    const all = messageElements();
    const index = all.indexOf(here);
    const next = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: all.length - 1 }[event.key];
    const target = next === undefined ? undefined : all[next];
    if (target === undefined) return;
    event.preventDefault();
    target.focus();
  });

  /** @returns {HTMLElement[]} */
  const messageElements = () => [...list.querySelectorAll(":scope > .message")].filter(isHtml);

  /** One row and its buttons are stops of the Tab key; the arrow keys move to the other rows. @param {Element} row */
  function makeStop(row) {
    for (const other of list.querySelectorAll(STOP)) if (other !== row) other.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
    setStops();
  }

  /** The buttons of other rows are no stops: there may be dozens of reactions before the composer. */
  function setStops() {
    for (const row of list.querySelectorAll(":scope > .message:not([tabindex])"))
      row.setAttribute("tabindex", "-1");
    for (const inner of list.querySelectorAll(`:scope > [tabindex='-1'] ${INNER_STOPS}:not([tabindex])`))
      inner.setAttribute("tabindex", "-1");
    for (const inner of list.querySelectorAll(`${STOP} ${INNER_STOPS}`)) inner.removeAttribute("tabindex");
  }

  /** @param {HTMLElement} row */
  function focusRow(row) {
    makeStop(row);
    row.focus({ preventScroll: true });
  }

  return {
    hide: () => goTo(undefined),

    focusRow,

    /**
     * Changes the rows. If a row is rendered again, the toolbar and the focus move from the old element to the new one;
     * the focus of a row that is gone moves to the row in its place.
     *
     * @param {() => void} change
     */
    during(change) {
      const before = at;
      const active = document.activeElement;
      const row = list.contains(active) ? rows.messageAt(active)?.row : undefined;
      const index = messageElements().findIndex((one) => one.contains(active));
      const action = active instanceof HTMLElement ? active.dataset.action : undefined;
      const inToolbar = toolbar.contains(active);
      change();
      if (!list.querySelector(STOP)) messageElements().at(-1)?.setAttribute("tabindex", "0");
      setStops();
      if (before && before.element !== rows.elementOf(before.row.key)) {
        const wasPicking = picking;
        picking = false;
        goTo(rows.messageAt(rows.elementOf(before.row.key)));
        picking = wasPicking;
      }
      if (row === undefined || list.contains(document.activeElement)) return;
      const left = messageElements();
      const now = rows.elementOf(row.key) ?? left[Math.min(index, left.length - 1)] ?? list.parentElement;
      const same = action && now?.querySelector(`[data-action="${CSS.escape(action)}"]`);
      const target = inToolbar && active && now?.contains(active) ? active : same || now;
      if (isHtml(target)) target.focus({ preventScroll: true });
    },

    stop: () => ended.abort(),
  };
}

/** @param {unknown} node @returns {node is HTMLElement} */
const isHtml = (node) => node instanceof HTMLElement;
