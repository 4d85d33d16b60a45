// Tells users who were removed from the room that they were, and when they can rejoin.

import { part, setText } from "../ui/dom.js";
import { durationText } from "../ui/format.js";

/** @import { RoomsError } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */

const TICK_MS = 500;

/** @param {HTMLElement} root @param {Pick<RoomScreen, "comeBack" | "removal">} screen */
export function createRemovalNotice(root, screen) {
  const notice = part(root, "removal");
  const title = part(notice, "removal-title");
  const text = part(notice, "removal-text");
  const back = part(notice, "come-back", HTMLButtonElement);
  /** @type {RoomsError | undefined} */
  let shown;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  back.addEventListener("click", () => screen.comeBack());

  /** @param {string} code @param {number} until */
  function tick(code, until) {
    const leftMs = until - Date.now();
    back.disabled = leftMs > 0;
    setText(text, textFor(code, leftMs));
    if (leftMs <= 0) clearInterval(timer);
  }

  return {
    update() {
      const error = screen.removal();
      if (error === shown) return;
      shown = error;
      clearInterval(timer);
      notice.hidden = error === undefined;
      root.classList.toggle("removed", error !== undefined);
      root.dataset.why = error?.code ?? "";
      if (error === undefined) return;
      const { code, retryAfterMs = 0 } = error;
      const until = Date.now() + retryAfterMs;
      setText(title, code === "deleted" ? "This room was deleted" : "You were removed from this room");
      setText(back, code === "deleted" ? "Start a new room" : "Rejoin");
      timer = setInterval(() => tick(code, until), TICK_MS);
      tick(code, until);
    },
    stop: () => clearInterval(timer),
  };
}

/** @param {string} code @param {number} leftMs */
function textFor(code, leftMs) {
  if (code === "deleted") return "Its messages are gone. You can start a new room under the same name.";
  if (leftMs > 0) return `You can rejoin in ${durationText(leftMs)}.`;
  return code === "banned" ? "You can rejoin now." : "You can try to rejoin.";
}
