// Loads older messages: when the reader reaches the top, and to find one message.

import { part, setText } from "../ui/dom.js";

/** @import { RoomScreen } from "../session/room-screen.js" */

const LOAD_WITHIN_PX = 160;
const SEARCH_PAGES = 10;
const SEARCH_PAGE = 100;
const TEXT = {
  unknown: "",
  loading: "Loading older messages…",
  failed: "Older messages could not be loaded. Scroll to try again.",
  none: "This is the start of the room.",
};

/**
 * @param {ParentNode} root
 * @param {RoomScreen} screen
 * @param {{ readonly fromTop: number, during(change: () => void): void }} scroll
 * @param {() => boolean} isOpen a list that has left the page is always at its top
 */
export function loadOlderAtTop(root, { room, on }, scroll, isOpen) {
  const scroller = part(root, "scroller");
  const start = part(root, "start");
  /** @type {keyof typeof TEXT} */
  let older = "unknown";

  on("state", ({ status }) => {
    if (status === "connected" && older === "failed") older = "unknown";
  });
  on("lost", () => {
    older = "unknown";
  });

  function look() {
    const { state, messages } = room.getSnapshot();
    const wanted = older === "unknown" && scroll.fromTop <= LOAD_WITHIN_PX;
    if (wanted && state.status === "connected" && messages[0]?.seq !== undefined) void load();
  }

  async function load() {
    show("loading");
    // Screen readers must not read a page of old messages aloud.
    scroller.setAttribute("aria-busy", "true");
    const { more } = await room.loadOlder().catch(() => ({ more: undefined }));
    if (!isOpen()) return;
    scroller.removeAttribute("aria-busy");
    show(more === undefined ? "failed" : more ? "unknown" : "none");
    look();
  }

  /** @param {keyof typeof TEXT} next */
  function show(next) {
    older = next;
    scroll.during(() => {
      start.hidden = TEXT[next] === "";
      setText(start, TEXT[next]);
    });
  }

  return {
    look,
    /** The reader scrolled: after a failure that is a new attempt. */
    moved() {
      if (older === "failed") older = "unknown";
      look();
    },
  };
}

/**
 * @param {RoomScreen} screen
 * @param {{
 *   rowOf(seq: number): HTMLElement | undefined, show(row: HTMLElement): void, refresh(): void, isOpen(): boolean,
 * }} list
 */
export function createFinder({ room, whenConnected }, { rowOf, show, refresh, isOpen }) {
  /** Answers whether the message is loaded. @param {number} seq */
  function jumpTo(seq) {
    const row = rowOf(seq);
    if (row === undefined) return false;
    show(row);
    row.classList.remove("pointed-at");
    // Reading the layout lets the animation start again.
    void row.offsetWidth;
    row.classList.add("pointed-at");
    row.addEventListener("animationend", () => row.classList.remove("pointed-at"), { once: true });
    return true;
  }

  /** @param {number} seq */
  async function search(seq) {
    await whenConnected();
    let more = true;
    for (let page = 0; ; page++) {
      refresh();
      // In another room the user no longer waits for it.
      if (!isOpen() || jumpTo(seq)) return true;
      const oldest = room.getSnapshot().messages[0]?.seq;
      if (!more || page === SEARCH_PAGES || (oldest !== undefined && oldest <= seq)) return false;
      ({ more } = await room.loadOlder(SEARCH_PAGE));
    }
  }

  return {
    jumpTo,
    /** Answers whether it was found. @param {number} seq */
    find: (seq) => search(seq).catch(() => false),
  };
}
