// @ts-check
// The list of messages: rows in order, older ones on reaching the top, and how many are new below.

import { part, setText } from "./dom.js";
import { rowsOf, sameRow } from "./message-rows.js";
import { renderRow } from "./message-view.js";
import { keepScroll } from "./scroll-keeper.js";

/** @typedef {import("./edge-rooms.js").RoomHandle} RoomHandle */
/** @typedef {import("./edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {import("./message-rows.js").Row} Row */

const LOAD_WITHIN_PX = 160;
const START_WORDS = {
  unknown: "",
  loading: "Loading older messages…",
  failed: "Older messages could not be loaded.",
  none: "This is where it begins.",
};

/**
 * @param {ParentNode} root
 * @param {RoomHandle} room
 */
export function createMessageList(root, room) {
  const scroller = part(root, "scroller", HTMLElement);
  const list = part(root, "messages", HTMLElement);
  const start = part(root, "start", HTMLElement);
  const newBelow = part(root, "new-below", HTMLButtonElement);
  const newCount = part(root, "new-count", HTMLElement);
  const empty = part(root, "empty", HTMLElement);

  // So that the keyboard can scroll it in every browser.
  scroller.tabIndex = 0;

  /** @type {Map<string, { row: Row, element: HTMLElement }>} */
  let shown = new Map();
  /** What the rows were made of. @type {{ messages?: RoomSnapshot["messages"], self?: string | undefined }} */
  let held = {};
  /** The latest message that was ever shown; `undefined` before the first page. @type {number | undefined} */
  let lastSeq;
  let unseen = 0;
  /** @type {"unknown" | "loading" | "failed" | "none"} */
  let older = "unknown";

  const scroll = keepScroll(scroller, list, {
    onMove() {
      if (scroll.atEnd) setUnseen(0);
      if (older === "failed") older = "unknown";
      loadOlderAtTop();
    },
  });
  newBelow.addEventListener("click", () => {
    scroll.toEnd();
    scroller.focus({ preventScroll: true });
  });
  room.on("state", ({ status }) => {
    if (status === "connected" && older === "failed") older = "unknown";
  });
  room.on("lost", () => {
    lastSeq = undefined;
    older = "unknown";
    scroll.toEnd();
  });

  const outbox = {
    /** @param {string} id */
    retry(id) {
      room.outbox.retry(id).catch(() => {
        // The message itself shows why.
      });
    },
    /** @param {string} id */
    drop: (id) => room.outbox.drop(id),
  };

  /** @param {number} count */
  function setUnseen(count) {
    unseen = count;
    newBelow.hidden = count === 0;
    setText(newCount, count === 1 ? "1 new message" : `${count} new messages`);
  }

  /** @param {RoomSnapshot} snapshot */
  function update({ messages, user, state }) {
    if (messages !== held.messages || user?.id !== held.self) show(messages, user?.id);
    if (state.status === "connected") lastSeq = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
    updateEmpty(messages.length === 0, state.status);
    loadOlderAtTop();
  }

  /**
   * @param {RoomSnapshot["messages"]} messages
   * @param {string | undefined} self
   */
  function show(messages, self) {
    held = { messages, self };
    const rows = rowsOf(messages, self);
    const added = rows.filter((row) => row.kind === "message" && !shown.has(row.key));
    const arrived = added.filter(
      (row) => row.kind === "message" && lastSeq !== undefined && (row.message.seq ?? lastSeq + 1) > lastSeq,
    );
    const fromOthers = arrived.filter((row) => row.kind === "message" && !row.own).length;
    const justWritten = arrived.some((row) => row.kind === "message" && row.message.pending);

    scroll.during(() => place(rows, new Set(arrived)));
    if (justWritten) scroll.toEnd();
    else if (!scroll.atEnd) setUnseen(unseen + fromOthers);
  }

  /**
   * @param {readonly Row[]} rows
   * @param {ReadonlySet<Row>} arrived
   */
  function place(rows, arrived) {
    const kept = new Set(rows.map(({ key }) => key));
    for (const [key, { element }] of shown) if (!kept.has(key)) element.remove();
    /** @type {typeof shown} */
    const next = new Map();
    let at = list.firstElementChild;
    for (const row of rows) {
      const before = shown.get(row.key);
      const element = before && sameRow(before.row, row) ? before.element : renderRow(row, outbox);
      if (before && before.element !== element) {
        if (at === before.element) at = element;
        before.element.replaceWith(element);
      }
      // Own ones are stored, so made anew, while they still slide in.
      if (arrived.has(row) || before?.element.classList.contains("arriving")) slideIn(element);
      if (at === element) at = at.nextElementSibling;
      else list.insertBefore(element, at);
      next.set(row.key, { row, element });
    }
    shown = next;
  }

  /**
   * @param {boolean} isEmpty
   * @param {RoomSnapshot["state"]["status"]} status
   */
  function updateEmpty(isEmpty, status) {
    empty.hidden = !isEmpty;
    const connected = status === "connected";
    setText(part(empty, "empty-title", HTMLElement), connected ? "It is quiet here" : "One moment");
    const hint = connected ? "Write the first message." : "Messages appear once you are connected.";
    setText(part(empty, "empty-hint", HTMLElement), hint);
  }

  function loadOlderAtTop() {
    const { state, messages } = room.getSnapshot();
    const wanted = older === "unknown" && scroll.fromTop <= LOAD_WITHIN_PX;
    if (!wanted || state.status !== "connected" || messages[0]?.seq === undefined) return;
    void loadOlder();
  }

  async function loadOlder() {
    older = "loading";
    showStart(START_WORDS.loading);
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
    showStart(START_WORDS[older]);
    loadOlderAtTop();
  }

  /** @param {string} words */
  const showStart = (words) =>
    scroll.during(() => {
      start.hidden = words === "";
      setText(start, words);
    });

  return { update, stop: scroll.stop };
}

/** @param {HTMLElement} element */
function slideIn(element) {
  element.classList.add("arriving");
  element.addEventListener("animationend", () => element.classList.remove("arriving"), { once: true });
}
