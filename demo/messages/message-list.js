// The list of messages: shows them, marks them as read, and joins toolbar, editor and scrolling.

import { followFocus, isLooking } from "../session/page-focus.js";
import { part, setText } from "../ui/dom.js";
import { badgeCount } from "../ui/format.js";
import { growText } from "./answers.js";
import { mayOf, mayWrite } from "./message-content.js";
import { editInPlace } from "./message-editor.js";
import { rowsOf } from "./message-rows.js";
import { createToolbar } from "./message-toolbar.js";
import { renderRow } from "./message-view.js";
import { createFinder, loadOlderAtTop } from "./older-messages.js";
import { followReceipts } from "./receipts.js";
import { createCountdown } from "./remaining.js";
import { createRowList } from "./row-list.js";
import { keepScroll } from "./scroll-keeper.js";
import { createUnreadLine } from "./unread-line.js";

/** @import { RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { MessageRow, Row } from "./message-rows.js" */
/** @import { Stage } from "./message-view.js" */

/** The first visible row, if not at the end. @typedef {{ key: string, offset: number } | undefined} ReadingPlace */

/** Further up than this, a button leads back to the end. */
const FAR_UP_PX = 400;

/**
 * @param {ParentNode} root
 * @param {RoomScreen} screen
 * @param {{
 *   stage: Omit<Stage, "jumpTo">, onReply(row: MessageRow): void, onDelete(seq: number): Promise<void>,
 *   edit(seq: number, data: unknown): void, onUnread(count: number): void, place: ReadingPlace,
 * }} page
 */
export function createMessageList(root, screen, { stage, onReply, onDelete, edit, onUnread, place }) {
  const { room } = screen;
  const scroller = part(root, "scroller");
  const list = part(root, "messages");
  const newBelow = part(root, "new-below", HTMLButtonElement);
  const newCount = part(root, "new-count");
  const empty = part(root, "empty");

  // In every browser the keyboard can scroll it then.
  scroller.tabIndex = 0;

  /** What the rows were rendered from. @type {unknown[]} */
  let held = [];
  /** The newest message that was shown; `undefined` before the first page. @type {number | undefined} */
  let lastSeq;
  let markedSeq = 0;
  let isOpen = true;
  let toGoBackTo = place;

  const rows = createRowList(
    list,
    (row) => renderRow(row, { ...stage, jumpTo: (seq) => finder.jumpTo(seq) }),
    growText,
  );
  const scroll = keepScroll(scroller, list, {
    onMove() {
      older.moved();
      refresh();
    },
  });
  const older = loadOlderAtTop(root, screen, scroll, () => isOpen);
  const unread = createUnreadLine();
  const receipts = followReceipts(screen, stage.users, { onChange: refresh, onOwn: learnOwn });
  const toolbar = createToolbar(list, rows, {
    stage,
    may: (row) => mayOf(row, room.getSnapshot()),
    onReply,
    async onDelete(seq) {
      await onDelete(seq);
      const row = rows.withSeq(seq);
      // It was rendered again behind the dialog.
      if (row && document.activeElement === document.body) toolbar.focusRow(row);
    },
    onEdit: openEditor,
  });
  const countdown = createCountdown(list);
  const finder = createFinder(screen, {
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
  screen.on("lost", () => {
    lastSeq = undefined;
    unread.reset();
    markedSeq = 0;
    rows.hold(undefined);
    scroll.toEnd();
  });
  screen.on("receipt", ({ user, seq }) => {
    // Sent by another device of this user.
    if (user === stage.self() && unread.known) unread.readUpTo(seq);
  });
  const stopFollowing = followFocus(() => {
    const line = rows.elementOf("unread");
    // The list has scrolled by itself: back on this page, the user reads on at the first new message.
    if (isLooking() && scroll.atEnd && unread.count > 0 && line) scroll.revealAbove(line);
    refresh();
  });

  function refresh() {
    if (isOpen) update(room.getSnapshot());
  }

  /** How far this user had read before. @param {number} seq */
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
    scroll.during(() => toolbar.during(() => rows.place(next, new Set(arrived))));
    const row = toGoBackTo && rows.elementOf(toGoBackTo.key);
    if (justWritten) scroll.toEnd();
    else if (toGoBackTo && row) scroll.goBackTo(row, toGoBackTo.offset);
    toGoBackTo = undefined;
    countdown.update();
  }

  /** @param {number} seq */
  function markRead(seq) {
    if (seq <= markedSeq) return;
    markedSeq = seq;
    room.markRead(seq).catch(() => {
      // Tried again with the next message.
    });
  }

  function showButton() {
    const { count } = unread;
    newBelow.hidden = scroll.atEnd || (count === 0 && scroll.fromEnd < FAR_UP_PX);
    const words = `${badgeCount(count)} new ${count === 1 ? "message" : "messages"}`;
    setText(newCount, count === 0 ? "Jump to latest" : words);
  }

  /** @param {RoomSnapshot} snapshot */
  function updateEmpty(snapshot) {
    empty.hidden = snapshot.messages.length > 0;
    const connected = snapshot.state.status === "connected";
    const waiting = snapshot.state.status === "disconnected" ? "You are not connected" : "Connecting…";
    setText(part(empty, "empty-title"), connected ? "No messages yet" : waiting);
    const first = mayWrite(snapshot) ? "Write the first one." : "Messages will appear here.";
    const hint = connected ? first : "Messages will appear once you are connected.";
    setText(part(empty, "empty-hint"), hint);
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
      onEmpty: () => void onDelete(seq),
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
    /** @returns {ReadingPlace} */
    place() {
      const at = scroll.place();
      const key = at && rows.keyOf(at.row);
      return at && key !== undefined ? { key, offset: at.offset } : undefined;
    },
    /** Opens the editor of the last own message that may be edited. */
    editLast() {
      const snapshot = room.getSnapshot();
      const last = rowsOf(snapshot.messages, { self: snapshot.user?.id }).findLast(
        (row) => row.kind === "message" && row.own && mayOf(row, snapshot).edit,
      );
      if (last?.kind === "message") openEditor(last);
    },
    stop() {
      isOpen = false;
      scroll.stop();
      stopFollowing();
      countdown.stop();
      toolbar.stop();
    },
  };
}

/** @param {RoomSnapshot} snapshot */
const newestOf = ({ messages }) => messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
