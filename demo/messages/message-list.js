// @ts-check
// The list of messages: what is new in it, what was read of it, and what can be done in it.

import { followAttention, isLooking } from "../session/page-focus.js";
import { part, setText } from "../ui/dom.js";
import { fewOf } from "../ui/format.js";
import { editInPlace } from "./message-editor.js";
import { createFinder } from "./message-finder.js";
import { rowsOf } from "./message-rows.js";
import { createToolbar } from "./message-toolbar.js";
import { renderRow } from "./message-view.js";
import { loadOlderAtTop } from "./older-messages.js";
import { mayOf, mayWrite } from "./permissions.js";
import { createRowList } from "./row-list.js";
import { keepScroll } from "./scroll-keeper.js";
import { followReceipts } from "./seen-by.js";
import { countUnread } from "./unread.js";

/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {import("./message-rows.js").Row} Row */
/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/** @typedef {import("./message-view.js").Stage} Stage */
/** Where the reader was; nothing at the end. @typedef {{ key: string, offset: number } | undefined} Place */

/** Further up than this, there is a button that leads back. */
const FAR_UP_PX = 400;

/**
 * @param {ParentNode} root
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {{
 *   stage: Omit<Stage, "jumpTo">, onReply(row: MessageRow): void, onDelete(seq: number): void,
 *   edit(seq: number, data: unknown): void, onUnread(count: number): void, place: Place,
 * }} page
 */
export function createMessageList(root, visit, { stage, onReply, onDelete, edit, onUnread, place }) {
  const { room } = visit;
  const scroller = part(root, "scroller", HTMLElement);
  const list = part(root, "messages", HTMLElement);
  const newBelow = part(root, "new-below", HTMLButtonElement);
  const newCount = part(root, "new-count", HTMLElement);
  const empty = part(root, "empty", HTMLElement);

  // So that the keyboard can scroll it in every browser.
  scroller.tabIndex = 0;

  /** What the rows were made of. @type {unknown[]} */
  let held = [];
  /** The latest message that was ever shown; `undefined` before the first page. @type {number | undefined} */
  let lastSeq;
  let markedSeq = 0;
  let isOpen = true;
  let toGoBackTo = place;

  const rows = createRowList(list, (row) =>
    renderRow(row, { ...stage, jumpTo: (seq) => finder.jumpTo(seq) }),
  );
  const scroll = keepScroll(scroller, list, {
    onMove() {
      older.moved();
      refresh();
    },
  });
  const older = loadOlderAtTop(root, visit, scroll);
  const unread = countUnread();
  const receipts = followReceipts(visit, stage.people, {
    onChange: refresh,
    onOwn: learnOwn,
  });
  const toolbar = createToolbar(list, rows, {
    stage,
    may: (row) => mayOf(row, room.getSnapshot()),
    onReply,
    onDelete,
    onEdit: openEditor,
  });
  const finder = createFinder(visit, {
    rowOf: rows.withSeq,
    show(row) {
      scroll.toRow(row);
      toolbar.focusRow(row);
    },
    refresh,
    isOpen: () => isOpen,
  });

  newBelow.addEventListener("click", () => {
    scroll.toEnd();
    scroller.focus({ preventScroll: true });
  });
  visit.on("lost", () => {
    lastSeq = undefined;
    unread.forget();
    markedSeq = 0;
    rows.hold(undefined);
    scroll.toEnd();
  });
  visit.on("receipt", ({ user, seq }) => {
    // On another device.
    if (user === stage.self() && unread.known) unread.readUpTo(seq);
  });
  const stopAttention = followAttention(() => {
    const line = rows.elementOf("unread");
    // The list went on by itself: back on this page, reading goes on where it ended.
    if (isLooking() && scroll.atEnd && unread.count > 0 && line) scroll.revealAbove(line);
    refresh();
  });

  function refresh() {
    if (isOpen) update(room.getSnapshot());
  }

  /** How far this user had read when they came. @param {number} seq */
  function learnOwn(seq) {
    const isFirst = !unread.known;
    unread.readUpTo(seq);
    if (!isFirst) return;
    refresh();
    const line = rows.elementOf("unread");
    if (isOpen && line && scroll.atEnd) scroll.revealAbove(line);
  }

  /** @param {RoomSnapshot} snapshot */
  function update(snapshot) {
    const { messages, user, state } = snapshot;
    const connected = state.status === "connected";
    const looking = connected && scroll.atEnd && isLooking();
    unread.update(messages, user?.id, looking);
    if (looking && unread.known) markRead(newestOf(snapshot));
    const seen = receipts.last(snapshot);
    const made = [messages, user?.id, unread.lineAt, seen, snapshot.permission];
    if (made.some((part, at) => part !== held[at])) {
      held = made;
      show(rowsOf(messages, { self: user?.id, unreadFrom: unread.lineAt, seen }));
    }
    if (connected) lastSeq = newestOf(snapshot);
    showButton();
    onUnread(unread.count);
    updateEmpty(snapshot);
    older.look();
  }

  /** @param {Row[]} next */
  function show(next) {
    const added = next.filter((row) => row.kind === "message" && !rows.has(row.key));
    const arrived = added.filter(
      (row) => row.kind === "message" && lastSeq !== undefined && (row.message.seq ?? lastSeq + 1) > lastSeq,
    );
    const justWritten = arrived.some((row) => row.kind === "message" && row.message.pending);
    scroll.during(() => {
      toolbar.during(() => rows.place(next, new Set(arrived)));
    });
    if (justWritten) scroll.toEnd();
    else goBack();
  }

  /** To where this reader was on the last visit. */
  function goBack() {
    const row = toGoBackTo && rows.elementOf(toGoBackTo.key);
    if (toGoBackTo && row) scroll.goBackTo(row, toGoBackTo.offset);
    toGoBackTo = undefined;
  }

  /** @param {number} seq */
  function markRead(seq) {
    if (seq <= markedSeq) return;
    markedSeq = seq;
    room.markRead(seq).catch(() => {
      // The next message brings the next try.
    });
  }

  function showButton() {
    const { count } = unread;
    newBelow.hidden = scroll.atEnd || (count === 0 && scroll.fromEnd < FAR_UP_PX);
    const words = `${fewOf(count)} new ${count === 1 ? "message" : "messages"}`;
    setText(newCount, count === 0 ? "Jump to latest" : words);
  }

  /** @param {RoomSnapshot} snapshot */
  function updateEmpty(snapshot) {
    empty.hidden = snapshot.messages.length > 0;
    const connected = snapshot.state.status === "connected";
    setText(part(empty, "empty-title", HTMLElement), connected ? "It is quiet here" : "One moment");
    const first = mayWrite(snapshot) ? "Write the first message." : "Nothing was said yet.";
    const hint = connected ? first : "Messages appear once you are connected.";
    setText(part(empty, "empty-hint", HTMLElement), hint);
  }

  /** @param {MessageRow} row */
  function openEditor(row) {
    const element = rows.elementOf(row.key);
    const { seq } = row.message;
    if (element === undefined || seq === undefined) return;
    toolbar.hide();
    rows.hold(row.key);
    editInPlace(element, row.message, {
      onSave: (data) => edit(seq, data),
      onEmpty: () => onDelete(seq),
      onEnd() {
        rows.hold(undefined);
        held = [];
        refresh();
        part(root, "text", HTMLTextAreaElement).focus();
      },
    });
    scroll.toRow(element);
  }

  return {
    update,
    find: finder.find,
    /** @returns {Place} */
    place() {
      const at = scroll.place();
      const key = at && rows.keyOf(at.row);
      return at && key !== undefined ? { key, offset: at.offset } : undefined;
    },
    /** The last own one, as with the arrow up in an empty composer. */
    editLast() {
      const { messages, user } = room.getSnapshot();
      const all = rowsOf(messages, { self: user?.id });
      const last = all.findLast(
        (row) => row.kind === "message" && row.own && mayOf(row, room.getSnapshot()).edit,
      );
      if (last?.kind === "message") openEditor(last);
    },
    stop() {
      isOpen = false;
      scroll.stop();
      stopAttention();
      toolbar.stop();
    },
  };
}

/** @param {RoomSnapshot} snapshot */
const newestOf = ({ messages }) => messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
