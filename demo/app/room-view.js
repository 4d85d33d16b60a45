// A room on the screen: creates its parts and updates them with each snapshot of the room.

import { askRoom } from "../ask/ask-room.js";
import { createComposer } from "../composer/composer.js";
import { createSlowMode } from "../composer/slow-mode.js";
import { createTiming } from "../composer/timing.js";
import { createTypingLine } from "../composer/typing-line.js";
import { mayWrite } from "../messages/message-content.js";
import { createMessageList } from "../messages/message-list.js";
import { createMemberBar } from "../rooms/member-bar.js";
import { createKickMenu, openModeration } from "../settings/moderation.js";
import { ask } from "../ui/dialogs.js";
import { copyOf, part } from "../ui/dom.js";
import { closeAllAbove } from "../ui/popup.js";
import { createConnectionBanner } from "./connection-banner.js";
import { createRemovalNotice } from "./removal-notice.js";

/** @import { PendingMessage } from "../edge-rooms.js" */
/** @import { Toasts } from "../inbox/toasts.js" */
/** @import { ReadingPlace } from "../messages/message-list.js" */
/** @import { OwnPresence } from "../session/own-presence.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { UserNames } from "../session/user-names.js" */

/**
 * @param {HTMLElement} frame
 * @param {RoomScreen} screen
 * @param {{
 *   users: UserNames, presence: OwnPresence, toasts: Toasts, place: ReadingPlace, onDraft(): void,
 *   menuButton: HTMLElement, corner: HTMLElement,
 * }} page `menuButton` and `corner` belong to the page: they move into the header of each room
 */
export function openRoomView(frame, screen, { users, presence, toasts, place, onDraft, menuButton, corner }) {
  const { room, api, inbox } = screen;
  const view = copyOf("chat");
  const top = part(view, "top");
  top.prepend(menuButton);
  top.append(corner);
  frame.replaceChildren(view);

  part(view, "room-name").textContent = room.name;
  const moderate = part(view, "moderate");
  const stage = {
    users,
    self: () => room.user?.id,
    mayWrite: () => mayWrite(room),
    isModerator: () => room.permission === "moderate",
    // The message in the list shows the failure.
    retry: (/** @type {string} */ id) => void room.retry(id).catch(() => {}),
    drop: (/** @type {string} */ id) => room.discard(id),
    /** @param {PendingMessage} message */
    change(message) {
      room.discard(message.id);
      composer.takeBack(message);
    },
    /** @param {number} seq @param {string} emoji @param {boolean} on */
    react: (seq, emoji, on) => void toasts.attempt(on ? room.react(seq, emoji) : room.unreact(seq, emoji)),
    stop: (/** @type {number} */ seq) => toasts.attempt(room.stop(seq)),
  };
  const composer = createComposer(view, screen, {
    stage,
    options: () => timing.options(),
    onDraft,
    onEditLast: () => messages.editLast(),
    onAsk: (question, stored) => void toasts.attempt(askRoom(screen, question, stored)),
  });
  const timing = createTiming(view, screen, { toasts, take: composer.take, putBack: composer.putBack });
  const messages = createMessageList(view, screen, {
    stage,
    place,
    onReply: composer.reply,
    onDelete: remove,
    edit: (seq, data) => void toasts.attempt(room.edit(seq, data)),
    onUnread: showUnread,
  });
  const slowMode = createSlowMode(view, screen);
  const removal = createRemovalNotice(view, screen);
  const banner = createConnectionBanner(view, screen);
  moderate.addEventListener("click", () =>
    openModeration(moderate, api, { users, toasts, onSlowMode: slowMode.set }),
  );
  const updates = [
    users.learn,
    createMemberBar(view, { presence, kickMenu: createKickMenu(api, toasts) }),
    createTypingLine(view),
    composer.update,
    timing.update,
    messages.update,
    slowMode.update,
    removal.update,
  ];

  /** @param {number} seq */
  async function remove(seq) {
    const agreed = await ask({
      title: "Delete this message?",
      text: "It will be deleted for everyone. This cannot be undone.",
      action: "Delete",
      look: "primary small danger",
    });
    if (agreed) await toasts.attempt(room.delete(seq));
  }

  /** @param {number} count */
  function showUnread(count) {
    const title = `${count === 0 ? "" : `(${count}) `}${room.name} · Edge Rooms`;
    if (document.title !== title) document.title = title;
  }

  const updateAll = () => {
    const snapshot = room.getSnapshot();
    for (const update of updates) update(snapshot);
    moderate.hidden = snapshot.permission !== "moderate";
    banner.update(snapshot.state, inbox.state);
  };
  screen.subscribe(updateAll);
  updateAll();

  return {
    /** After a change of the inbox, whose connection the banner reports too. */
    refresh: () => banner.update(room.state, inbox.state),
    find: messages.find,
    place: messages.place,
    close() {
      // They are about this room, or cover the next one.
      closeAllAbove();
      for (const { stop } of [messages, banner, slowMode, removal]) stop();
    },
  };
}
