// @ts-check
// What can be done with a message. One toolbar for all of them: it goes to the message under the pointer, to the one
// that has the focus, or on a touch screen to the one that was tapped.

import { element, iconButton } from "../ui/dom.js";
import { pickEmoji } from "../ui/emoji-picker.js";
import { DELETE, EDIT, REACT, REPLY } from "../ui/icons.js";

/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/** @typedef {ReturnType<typeof import("./row-list.js").createRowList>} RowList */
/** @typedef {{ react: boolean, reply: boolean, edit: boolean, remove: boolean }} May */

/** These have a use of their own. */
const OWN_USE = "a, button, input, textarea, form";
const INNER_STOPS = ".chip, .chip-add, .quote";

/**
 * @param {HTMLElement} list
 * @param {RowList} rows
 * @param {{
 *   stage: Pick<import("./message-view.js").Stage, "react">, may(row: MessageRow): May,
 *   onReply(row: MessageRow): void, onEdit(row: MessageRow): void, onDelete(seq: number): void,
 * }} page
 */
export function createToolbar(list, rows, { stage, may, onReply, onEdit, onDelete }) {
  /** The row it stands at. @type {{ row: MessageRow, element: HTMLElement } | undefined} */
  let at;
  /** An open picker keeps it in its place. */
  let picking = false;

  const react = iconButton("Add a reaction", REACT, () => {
    const seq = at?.row.message.seq;
    if (seq === undefined) return;
    // Before the focus goes to the picker.
    picking = true;
    picking = pickEmoji(
      react,
      (emoji) => stage.react(seq, emoji, true),
      () => {
        picking = false;
      },
    );
  });
  const reply = iconButton("Reply", REPLY, () => at && onReply(at.row));
  const edit = iconButton("Edit", EDIT, () => at && onEdit(at.row));
  const remove = iconButton("Delete", DELETE, () => {
    const seq = at?.row.message.seq;
    if (seq !== undefined) onDelete(seq);
  });
  react.setAttribute("aria-haspopup", "dialog");
  remove.classList.add("danger");
  const toolbar = element("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" }, [
    react,
    reply,
    edit,
    remove,
  ]);
  const ended = new AbortController();
  const { signal } = ended;

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
    if (!touched || (target instanceof Element && target.closest(OWN_USE))) return;
    const next = rows.messageAt(target);
    goTo(next?.element === at?.element ? undefined : next);
  });
  document.addEventListener(
    "pointerdown",
    ({ target, pointerType }) => {
      if (pointerType === "touch" && target instanceof Node && !list.contains(target)) goTo(undefined);
    },
    { signal },
  );
  list.addEventListener("keydown", onKey);

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const here = rows.messageAt(event.target);
    if (!here || event.target !== here.element) return;
    const all = messageElements();
    const index = all.indexOf(here.element);
    const next = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: all.length - 1 }[event.key];
    const target = next === undefined ? undefined : all[next];
    if (target === undefined) return;
    event.preventDefault();
    target.focus();
  }

  /** @returns {HTMLElement[]} */
  const messageElements = () =>
    Array.from(list.querySelectorAll(":scope > .message"), (one) => /** @type {HTMLElement} */ (one));

  /** One of the rows is a stop of the Tab key, with what is in it; the arrows lead to the others. @param {Element} row */
  function makeStop(row) {
    for (const other of list.querySelectorAll(":scope > [tabindex='0']"))
      if (other !== row) other.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
    setStops();
  }

  /** Dozens of reactions shall not lie between the page's top and the composer. */
  function setStops() {
    for (const item of list.querySelectorAll(":scope > .message:not([tabindex])"))
      item.setAttribute("tabindex", "-1");
    for (const one of list.querySelectorAll(
      `:scope > [tabindex='-1'] :is(${INNER_STOPS}):not([tabindex='-1'])`,
    ))
      one.setAttribute("tabindex", "-1");
    for (const one of list.querySelectorAll(`:scope > [tabindex='0'] :is(${INNER_STOPS})`))
      one.removeAttribute("tabindex");
  }

  return {
    hide: () => goTo(undefined),

    /** @param {HTMLElement} row */
    focusRow(row) {
      makeStop(row);
      row.focus({ preventScroll: true });
    },

    /**
     * Changes the rows; what stood in one that is made anew stands in the new one, and has the focus as before.
     *
     * @param {() => void} change
     */
    during(change) {
      const before = at;
      const active = document.activeElement;
      const row = list.contains(active) ? rows.messageAt(active)?.row : undefined;
      const action = active instanceof HTMLElement ? active.dataset.action : undefined;
      const inToolbar = toolbar.contains(active);
      change();
      if (!list.querySelector(":scope > [tabindex='0']"))
        messageElements().at(-1)?.setAttribute("tabindex", "0");
      setStops();
      if (before && before.element !== rows.elementOf(before.row.key)) {
        const wasPicking = picking;
        picking = false;
        goTo(rows.messageAt(rows.elementOf(before.row.key)));
        picking = wasPicking;
      }
      if (row === undefined || list.contains(document.activeElement)) return;
      const now = rows.elementOf(row.key);
      const same = action && now?.querySelector(`[data-action="${CSS.escape(action)}"]`);
      const target =
        inToolbar && active instanceof HTMLElement && now?.contains(active) ? active : same || now;
      if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    },

    stop: () => ended.abort(),
  };
}
