// @ts-check
// In slow mode a message waits for its turn. How long is said where it waits.

import { isOwn } from "../messages/message-rows.js";
import { part, setText } from "../ui/dom.js";
import { durationWords } from "../ui/format.js";

/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */

const TICK_MS = 250;
/** A message that waits longer may do so for a mode that was set meanwhile. */
const SUSPICIOUS_MS = 750;
const ASK_EVERY_MS = 5_000;
const KEYS = "Enter sends, Shift + Enter starts a new line, @ names somebody";

/**
 * @param {ParentNode} root
 * @param {import("../session/room-screen.js").Visit} visit
 */
export function createSlowMode(root, visit) {
  const { room } = visit;
  const hint = part(root, "keys", HTMLElement);
  const list = part(root, "messages", HTMLElement);
  let slowMs = visit.slowModeMs;
  /** The own message that was stored last, and when this page learnt of it. @type {{ seq: number, at: number } | undefined} */
  let last;
  let askedAt = Number.NEGATIVE_INFINITY;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  visit.on("connected", ({ limits }) => set(limits.slowModeMs));

  /** @param {number} ms */
  function set(ms) {
    slowMs = ms;
    tick();
  }

  function tick() {
    const snapshot = room.getSnapshot();
    const waiting = waitingIn(snapshot);
    const holds = slowMs > 0 && snapshot.permission === "write";
    hint.classList.toggle("slow", holds);
    setText(hint, holds ? `Slow mode: one message every ${durationWords(slowMs)}` : KEYS);
    if (waiting.length === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    timer ??= setInterval(tick, TICK_MS);
    const [first] = waiting;
    if (first && Date.now() - first.at > SUSPICIOUS_MS) void askAgain();
    if (holds) show(waiting);
  }

  /** @param {readonly { readonly at: number }[]} waiting */
  function show(waiting) {
    const freeAt = last === undefined ? Date.now() : last.at + slowMs;
    const times = list.querySelectorAll(".message.queued > .said .time time");
    for (const [index, time] of [...times].entries()) {
      const waitMs = freeAt + index * slowMs - Date.now();
      // An edit or a reaction of this user counts too, and the page does not know of all of them.
      const isHeld = Date.now() - (waiting[index]?.at ?? Date.now()) > SUSPICIOUS_MS;
      const words =
        waitMs > 0 ? `waits ${Math.ceil(waitMs / 1_000)} s` : isHeld ? "waits its turn" : "Sending…";
      if (time instanceof HTMLElement) setText(time, words);
    }
  }

  async function askAgain() {
    if (performance.now() - askedAt < ASK_EVERY_MS) return;
    askedAt = performance.now();
    try {
      set((await visit.api.settings()).slowModeMs);
    } catch {
      // It still waits, only without a number.
    }
  }

  return {
    set,
    /** @param {RoomSnapshot} snapshot */
    update(snapshot) {
      const { messages, user } = snapshot;
      const stored = messages.findLast((message) => !message.pending && isOwn(message, user?.id));
      if (stored?.seq !== undefined && stored.seq !== last?.seq) {
        // What was stored long ago is no reason to wait; a clock that goes wrong must not make it one.
        last = { seq: stored.seq, at: Math.min(stored.at, Date.now()) };
      }
      tick();
    },
    stop: () => clearInterval(timer),
  };
}

/** @param {RoomSnapshot} snapshot */
const waitingIn = ({ messages, state }) =>
  state.status === "connected" ? messages.filter((one) => one.pending && one.status === "queued") : [];
