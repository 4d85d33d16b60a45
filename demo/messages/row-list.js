// @ts-check
// Rows as elements, in order: made anew where something in them changed, moved where they moved.

import { sameRow } from "./message-rows.js";

/** @typedef {import("./message-rows.js").Row} Row */

/**
 * @param {HTMLElement} list
 * @param {(row: Row) => HTMLElement} render
 */
export function createRowList(list, render) {
  /** @type {Map<string, { row: Row, element: HTMLElement }>} */
  let shown = new Map();
  /** @type {WeakMap<Element, Row>} */
  const rows = new WeakMap();
  /** Of the row that is being edited: it stays as it is. @type {string | undefined} */
  let heldKey;
  /** It was let go, and is to be as its message is again. @type {string | undefined} */
  let staleKey;

  /** @param {Row} row */
  function make(row) {
    const element = render(row);
    rows.set(element, row);
    return element;
  }

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
    withSeq(seq) {
      for (const { row, element } of shown.values())
        if (row.kind === "message" && row.message.seq === seq) return element;
      return undefined;
    },

    /** @param {Element} element */
    keyOf: (element) => rows.get(element)?.key,

    /** The message whose row this is, or lies in. @param {unknown} node */
    messageAt(node) {
      const element = node instanceof Element ? node.closest("li") : null;
      const row = element === null ? undefined : rows.get(element);
      return row?.kind === "message" && element !== null ? { row, element } : undefined;
    },

    /**
     * @param {readonly Row[]} next
     * @param {ReadonlySet<Row>} arrived
     */
    place(next, arrived) {
      const kept = new Set(next.map(({ key }) => key));
      for (const [key, { element }] of shown) if (!kept.has(key)) element.remove();
      /** @type {typeof shown} */
      const now = new Map();
      let at = list.firstElementChild;
      for (const row of next) {
        const before = shown.get(row.key);
        const same = before && (row.key === heldKey || (row.key !== staleKey && sameRow(before.row, row)));
        const element = same ? before.element : make(row);
        if (before && before.element !== element) {
          if (at === before.element) at = element;
          before.element.replaceWith(element);
        }
        // Own ones are stored, so made anew, while they still slide in.
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
