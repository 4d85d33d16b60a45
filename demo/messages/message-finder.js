// @ts-check
// Leads to a message, also to one that is not held yet.

/** How far it is looked for. */
const MOST_PAGES = 10;
const PAGE = 100;

/**
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {{
 *   rowOf(seq: number): HTMLElement | undefined, show(row: HTMLElement): void, refresh(): void, isOpen(): boolean,
 * }} list
 */
export function createFinder({ room, whenConnected }, { rowOf, show, refresh, isOpen }) {
  /** Answers whether it is held. @param {number} seq */
  function jumpTo(seq) {
    const row = rowOf(seq);
    if (row === undefined) return false;
    show(row);
    row.classList.remove("pointed-at");
    // So that it begins anew.
    void row.offsetWidth;
    row.classList.add("pointed-at");
    row.addEventListener("animationend", () => row.classList.remove("pointed-at"), { once: true });
    return true;
  }

  /** @param {number} seq */
  async function search(seq) {
    await whenConnected();
    for (let page = 0; page < MOST_PAGES; page++) {
      refresh();
      const oldest = room.getSnapshot().messages[0]?.seq;
      // Whoever has gone to another room does not look for it any more.
      if (!isOpen() || jumpTo(seq)) return true;
      if (oldest !== undefined && oldest <= seq) return false;
      const { more } = await room.loadOlder(PAGE);
      if (!more) break;
    }
    refresh();
    return !isOpen() || jumpTo(seq);
  }

  return {
    jumpTo,
    /** Answers whether it was found. @param {number} seq */
    find: (seq) => search(seq).catch(() => false),
  };
}
