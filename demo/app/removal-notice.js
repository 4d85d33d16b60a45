// @ts-check
// Who was removed is told so, why, and when they may come back.

import { part, setText } from "../ui/dom.js";
import { durationWords } from "../ui/format.js";

const TICK_MS = 500;

/**
 * @param {Element} root
 * @param {import("../session/room-screen.js").Visit} visit
 */
export function createRemovalNotice(root, visit) {
  const notice = part(root, "removal", HTMLElement);
  const title = part(notice, "removal-title", HTMLElement);
  const words = part(notice, "removal-words", HTMLElement);
  const back = part(notice, "come-back", HTMLButtonElement);
  /** @type {import("../edge-rooms.js").RoomsError | undefined} */
  let shown;
  let until = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  back.addEventListener("click", () => visit.comeBack());

  function show() {
    if (shown === undefined) return;
    const leftMs = until - Date.now();
    back.disabled = leftMs > 0;
    setText(words, wordsFor(shown.code, leftMs));
    if (leftMs <= 0) clearInterval(timer);
  }

  return {
    update() {
      const error = visit.removal();
      if (error === shown) return;
      shown = error;
      clearInterval(timer);
      notice.hidden = error === undefined;
      root.classList.toggle("removed", error !== undefined);
      root.setAttribute("data-why", error?.code ?? "");
      if (error === undefined) return;
      until = Date.now() + (error.retryAfterMs ?? 0);
      setText(title, error.code === "deleted" ? "This room was deleted" : "You were removed from this room");
      setText(back, error.code === "deleted" ? "Start it anew" : "Come back");
      timer = setInterval(show, TICK_MS);
      show();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * @param {string} code
 * @param {number} leftMs
 */
function wordsFor(code, leftMs) {
  if (code === "deleted") return "Everything that was said in it is gone.";
  if (leftMs > 0) return `You can come back in ${durationWords(leftMs)}.`;
  return code === "banned" ? "You can come back now." : "You may try to come back.";
}
