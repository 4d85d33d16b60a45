// Keeps the reader's place. At its end the list stays at its end; elsewhere the first visible row stays where it was,
// whatever is added above or below it. The browser's own scroll anchoring does neither reliably, and is off.

const NEAR_END_PX = 48;

/**
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {{ onMove(): void }} listener
 */
export function keepScroll(scroller, list, { onMove }) {
  let atEnd = true;
  /** The scroll position to which `atEnd` belongs. */
  let knownTop = scroller.scrollTop;

  const fromEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  const note = () => {
    knownTop = scroller.scrollTop;
    atEnd = fromEnd() <= NEAR_END_PX;
  };
  /** A scroll event fires with the next frame: a change before that must not undo the scrolling. */
  const settle = () => {
    if (scroller.scrollTop !== knownTop) note();
  };
  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
    knownTop = scroller.scrollTop;
    atEnd = true;
  };
  scroller.addEventListener(
    "scroll",
    () => {
      settle();
      onMove();
    },
    { passive: true },
  );

  // The composer grows, a keyboard opens, an image loads: the reader stays at the end.
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

    /** Scrolls a row into view, unless all of it is in view. @param {HTMLElement} row */
    toRow(row) {
      const { top, bottom } = scroller.getBoundingClientRect();
      const rect = row.getBoundingClientRect();
      if (rect.top < top || rect.bottom > bottom) row.scrollIntoView({ block: "center" });
    },

    /** Scrolls a row to the top of the view, if it is above it. @param {HTMLElement} row */
    revealAbove(row) {
      if (row.getBoundingClientRect().top >= scroller.getBoundingClientRect().top) return;
      row.scrollIntoView({ block: "start" });
      note();
    },

    /** The first visible row and where it is; `undefined` at the end of the list. */
    place() {
      settle();
      const { top } = scroller.getBoundingClientRect();
      const [first] = atEnd ? [] : visibleRows(scroller, list);
      return first && { row: first.row, offset: first.top - top };
    },

    /** @param {Element} row @param {number} offset from the top of the view */
    goBackTo(row, offset) {
      scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - offset;
      note();
    },

    /** Changes the list and keeps the reader's place in it. @param {() => void} change */
    during(change) {
      settle();
      const anchors = atEnd ? [] : visibleRows(scroller, list);
      change();
      if (atEnd) return toEnd();
      const anchor = anchors.find(({ row }) => row.isConnected);
      if (anchor) scroller.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
    },
    stop: () => observer.disconnect(),
  };
}

/**
 * All of them: a change may replace the first one.
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
