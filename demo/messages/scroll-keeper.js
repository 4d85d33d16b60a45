// @ts-check
// Keeps what is read where it is. At its end the list stays at its end; elsewhere the first visible row stays where
// it was, whatever comes before or after it. The browser's own anchoring does neither reliably, and is off.

const NEAR_END_PX = 48;

/**
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {{ onMove(): void }} listener
 */
export function keepScroll(scroller, list, { onMove }) {
  let atEnd = true;
  /** Where it was when that was told. */
  let knownTop = scroller.scrollTop;

  const fromEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  const tell = () => {
    knownTop = scroller.scrollTop;
    atEnd = fromEnd() <= NEAR_END_PX;
  };
  /** The event of a scroll comes with the next frame: what changes before that must not undo it. */
  const settle = () => {
    if (scroller.scrollTop !== knownTop) tell();
  };
  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
    knownTop = scroller.scrollTop;
    atEnd = true;
  };
  const onScroll = () => {
    settle();
    onMove();
  };
  scroller.addEventListener("scroll", onScroll, { passive: true });

  // The composer grows, a keyboard opens, an image loads: none of them is a wish to read elsewhere.
  const observer = new ResizeObserver(() => {
    settle();
    if (atEnd) toEnd();
  });
  observer.observe(scroller);
  observer.observe(list);

  return {
    get atEnd() {
      settle();
      return atEnd;
    },
    get fromTop() {
      return scroller.scrollTop;
    },
    get fromEnd() {
      return fromEnd();
    },
    toEnd,

    /** Into sight, where it is not in sight already. @param {HTMLElement} row */
    toRow(row) {
      const { top, bottom } = scroller.getBoundingClientRect();
      const rect = row.getBoundingClientRect();
      if (rect.top < top || rect.bottom > bottom) row.scrollIntoView({ block: "center" });
    },

    /** To the top of what is in sight, where it lies above that. @param {HTMLElement} row */
    revealAbove(row) {
      if (row.getBoundingClientRect().top >= scroller.getBoundingClientRect().top) return;
      row.scrollIntoView({ block: "start" });
      tell();
    },

    /** What is read now; `undefined` at the end. */
    place() {
      settle();
      const { top } = scroller.getBoundingClientRect();
      const [first] = atEnd ? [] : visibleRows(scroller, list);
      return first && { row: first.row, offset: first.top - top };
    },

    /** @param {Element} row @param {number} offset from the top of what is in sight */
    goBackTo(row, offset) {
      scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - offset;
      tell();
    },

    /**
     * Changes the list and keeps the reader's place in it.
     *
     * @param {() => void} change
     */
    during(change) {
      settle();
      const anchors = atEnd ? [] : visibleRows(scroller, list);
      change();
      if (atEnd) {
        toEnd();
        return;
      }
      const anchor = anchors.find(({ row }) => row.isConnected);
      if (anchor) scroller.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
    },
    stop: () => observer.disconnect(),
  };
}

/**
 * Several, as the change may replace the first.
 *
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 */
function visibleRows(scroller, list) {
  const { top, bottom } = scroller.getBoundingClientRect();
  return [...list.children]
    .map((row) => ({ row, rect: row.getBoundingClientRect() }))
    .filter(({ rect }) => rect.bottom > top && rect.top < bottom)
    .map(({ row, rect }) => ({ row, top: rect.top }));
}
