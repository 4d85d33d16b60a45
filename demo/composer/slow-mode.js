// In slow mode a message waits for its turn: shows how long, at the message and below the composer.

import { isOwn } from "../messages/message-content.js";
import { part, setText } from "../ui/dom.js";
import { everyText } from "../ui/format.js";

/** @import { RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */

const TICK_MS = 250;
/** A message that waits longer may wait for a slow mode that was set after this page connected. */
const SUSPICIOUS_MS = 750;
const ASK_EVERY_MS = 5_000;

/** @param {ParentNode} root @param {RoomScreen} screen */
export function createSlowMode(root, screen) {
  const { room, api } = screen;
  const hint = part(root, "keys");
  const keys = hint.textContent ?? "";
  const list = part(root, "messages");
  let slowMs = screen.slowModeMs;
  /** The last own message that was stored, and when. @type {{ seq: number, at: number } | undefined} */
  let last;
  let askedAt = Number.NEGATIVE_INFINITY;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let ended = false;

  screen.on("connected", ({ limits }) => set(limits.slowModeMs));

  /** @param {number} ms */
  function set(ms) {
    slowMs = ms;
    tick();
  }

  function tick() {
    // A question of this room may be answered when another one is on the screen.
    if (ended) return;
    const { messages, state, permission } = room.getSnapshot();
    const isConnected = state.status === "connected";
    const waiting = isConnected ? messages.filter((one) => one.pending && one.status === "queued") : [];
    const holds = slowMs > 0 && permission === "write";
    hint.classList.toggle("slow", holds);
    setText(hint, holds ? `Slow mode: one message ${everyText(slowMs)}` : keys);
    const [first] = waiting;
    if (first === undefined) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    timer ??= setInterval(tick, TICK_MS);
    if (Date.now() - first.at > SUSPICIOUS_MS) void askAgain();
    if (holds) show(waiting);
  }

  /** @param {readonly { readonly at: number }[]} waiting */
  function show(waiting) {
    const freeAt = last === undefined ? Date.now() : last.at + slowMs;
    const times = list.querySelectorAll(".message.queued > .said .time time");
    for (const [index, time] of [...times].entries()) {
      const waitMs = freeAt + index * slowMs - Date.now();
      // Edits and reactions count too, and the page does not know of those on other devices.
      const isHeld = Date.now() - (waiting[index]?.at ?? Date.now()) > SUSPICIOUS_MS;
      const soon = isHeld ? "Waiting…" : "Sending…";
      if (time instanceof HTMLElement)
        setText(time, waitMs > 0 ? `Sends in ${Math.ceil(waitMs / 1_000)} s` : soon);
    }
  }

  async function askAgain() {
    if (performance.now() - askedAt < ASK_EVERY_MS) return;
    askedAt = performance.now();
    const { slowModeMs } = await api.settings().catch(() => ({ slowModeMs: slowMs }));
    set(slowModeMs);
  }

  return {
    set,
    /** @param {RoomSnapshot} snapshot */
    update({ messages, user }) {
      const stored = messages.findLast((message) => !message.pending && isOwn(message, user?.id));
      // At most now: a wrong clock must not lengthen the wait.
      if (stored?.seq !== undefined && stored.seq !== last?.seq)
        last = { seq: stored.seq, at: Math.min(stored.at, Date.now()) };
      tick();
    },
    stop() {
      ended = true;
      clearInterval(timer);
    },
  };
}
