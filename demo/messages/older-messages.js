// @ts-check
// Older messages, on reaching the top.

import { part, setText } from "../ui/dom.js";

const LOAD_WITHIN_PX = 160;
const WORDS = {
  unknown: "",
  loading: "Loading older messages…",
  failed: "Older messages could not be loaded.",
  none: "This is where it begins.",
};

/**
 * @param {ParentNode} root
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {{ readonly fromTop: number, during(change: () => void): void }} scroll
 */
export function loadOlderAtTop(root, { room, on }, scroll) {
  const scroller = part(root, "scroller", HTMLElement);
  const start = part(root, "start", HTMLElement);
  /** @type {keyof typeof WORDS} */
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
    if (!wanted || state.status !== "connected" || messages[0]?.seq === undefined) return;
    void load();
  }

  async function load() {
    older = "loading";
    show();
    // A screen reader shall not read a page of old messages aloud.
    scroller.setAttribute("aria-busy", "true");
    try {
      const { more } = await room.loadOlder();
      older = more ? "unknown" : "none";
    } catch {
      // Tried again with the next move.
      older = "failed";
    }
    scroller.removeAttribute("aria-busy");
    show();
    look();
  }

  const show = () =>
    scroll.during(() => {
      start.hidden = WORDS[older] === "";
      setText(start, WORDS[older]);
    });

  return {
    look,
    /** After a failure the next move is a new try. */
    moved() {
      if (older === "failed") older = "unknown";
      look();
    },
  };
}
