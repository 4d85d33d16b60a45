// Puts rows into the list: a row whose data changed is rendered again, unless its text only grew; a row that moved is
// moved.

import { sameRow } from "./message-rows.js";

/** @import { Row } from "./message-rows.js" */

/** @typedef {ReturnType<typeof createRowList>} RowList */

/**
 * @param {HTMLElement} list
 * @param {(row: Row) => HTMLElement} render
 * @param {(element: HTMLElement, before: Row, row: Row) => boolean} grow adds what is new; answers whether that was all
 */
export function createRowList(list, render, grow) {
  /** @type {Map<string, { row: Row, element: HTMLElement }>} */
  let shown = new Map();
  /** @type {WeakMap<Element, Row>} */
  const rows = new WeakMap();
  /** Of the row that is being edited: it is not rendered again. @type {string | undefined} */
  let heldKey;
  /** Of the row whose editing has ended: it is rendered again, also without a change. @type {string | undefined} */
  let staleKey;

  return {
    /** @param {string} key */
    has: (key) => shown.has(key),

    /** @param {string | undefined} key */
    hold(key) {
      staleKey = heldKey;
      heldKey = key;
    },

    /** @param {string} key */
    elementOf: (key) => shown.get(key)?.element,

    /** @param {number} seq */
    withSeq: (seq) =>
      [...shown.values()].find(({ row }) => row.kind === "message" && row.message.seq === seq)?.element,

    /** @param {Element} element */
    keyOf: (element) => rows.get(element)?.key,

    /** The message row that contains this node. @param {unknown} node */
    messageAt(node) {
      const element = node instanceof Element ? node.closest("li") : null;
      const row = element ? rows.get(element) : undefined;
      return row?.kind === "message" && element ? { row, element } : undefined;
    },

    /** @param {readonly Row[]} next @param {ReadonlySet<Row>} arrived rows that slide in */
    place(next, arrived) {
      const kept = new Set(next.map(({ key }) => key));
      for (const [key, { element }] of shown) if (!kept.has(key)) element.remove();
      /** @type {typeof shown} */
      const now = new Map();
      let at = list.firstElementChild;
      for (const row of next) {
        const before = shown.get(row.key);
        const same = before && (row.key === heldKey || (row.key !== staleKey && sameRow(before.row, row)));
        const grown = before && !same && row.key !== staleKey && grow(before.element, before.row, row);
        const element = same || grown ? before.element : render(row);
        if (!same) rows.set(element, row);
        if (before && before.element !== element) {
          if (at === before.element) at = element;
          before.element.replaceWith(element);
        }
        // An own message is stored, so rendered again, while it still slides in.
        if (arrived.has(row) || before?.element.classList.contains("arriving")) slideIn(element);
        if (at === element) at = at.nextElementSibling;
        else list.insertBefore(element, at);
        now.set(row.key, { row: same ? before.row : row, element });
      }
      shown = now;
      staleKey = undefined;
    },
  };
}

/** @param {HTMLElement} element */
function slideIn(element) {
  element.classList.add("arriving");
  element.addEventListener("animationend", () => element.classList.remove("arriving"), { once: true });
}
