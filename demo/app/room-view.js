// @ts-check
// A room on the screen: puts its parts together and feeds them with what the room says.

import { createComposer } from "../composer/composer.js";
import { createSlowMode } from "../composer/slow-mode.js";
import { createMessageList } from "../messages/message-list.js";
import { mayWrite } from "../messages/permissions.js";
import { createMemberBar } from "../rooms/member-bar.js";
import { errorWords } from "../session/error-text.js";
import { createKicking } from "../settings/moderation.js";
import { createModeratorPanel } from "../settings/moderator-panel.js";
import { ask } from "../ui/dialogs.js";
import { part } from "../ui/dom.js";
import { createConnectionBanner } from "./connection-banner.js";
import { createRemovalNotice } from "./removal-notice.js";
import { createTypingLine } from "./typing-line.js";

/** @typedef {import("../messages/message-list.js").Place} Place */

/**
 * @param {HTMLElement} frame
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {{
 *   people: import("../session/user-names.js").People, presence: import("../session/own-presence.js").Presence,
 *   toasts: ReturnType<typeof import("../inbox/toasts.js").createToasts>, place: Place, onDraft(): void,
 *   menuButton: HTMLElement, corner: HTMLElement,
 * }} page the menu and the corner stay when the room goes
 */
export function openChat(frame, visit, { people, presence, toasts, place, onDraft, menuButton, corner }) {
  const { room, inbox } = visit;
  const view = document.importNode(part(document, "chat", HTMLTemplateElement).content, true);
  const chat = view.firstElementChild;
  if (!chat) throw new Error("The markup of the chat is empty.");
  const top = part(chat, "top", HTMLElement);
  top.prepend(menuButton);
  top.append(corner);
  frame.replaceChildren(view);

  part(chat, "room-name", HTMLElement).textContent = room.name;
  const stage = {
    people,
    self: () => room.user?.id,
    mayWrite: () => mayWrite(room),
    /** @param {string} id */
    retry: (id) => attempt(room.retry(id), () => {}),
    /** @param {string} id */
    drop: (id) => room.discard(id),
    /** @param {number} seq @param {string} emoji @param {boolean} on */
    react: (seq, emoji, on) => attempt(on ? room.react(seq, emoji) : room.unreact(seq, emoji)),
  };
  const composer = createComposer(chat, visit, { stage, onDraft, onEditLast: () => messages.editLast() });
  const messages = createMessageList(chat, visit, {
    stage,
    place,
    onReply: composer.reply,
    onDelete: (seq) => void remove(seq),
    edit: (seq, data) => attempt(room.edit(seq, data)),
    onUnread: showUnread,
  });
  const slowMode = createSlowMode(chat, visit);
  const removal = createRemovalNotice(chat, visit);
  const banner = createConnectionBanner(chat, visit);
  const kicking = createKicking(visit.api, toasts.say);
  const roomViews = [
    people.learn,
    createMemberBar(chat, { presence, kickMenu: kicking.menu }),
    createTypingLine(chat),
    composer.update,
    messages.update,
    slowMode.update,
    createModeratorPanel(chat, visit.api, { people, say: toasts.say, onSlowMode: slowMode.set }),
    removal.update,
  ];

  /**
   * The page has shown it already, and the client takes it back where it was refused.
   *
   * @param {Promise<unknown>} done
   * @param {(words: string) => void} [complain]
   */
  function attempt(done, complain = (words) => toasts.say(words, "failed")) {
    done.catch((error) => complain(errorWords(error)));
  }

  /** @param {number} seq */
  async function remove(seq) {
    const agreed = await ask({
      title: "Delete this message?",
      words: "It is erased for everybody. This cannot be undone.",
      action: "Delete",
      look: "primary small danger",
    });
    if (agreed) attempt(room.delete(seq));
  }

  /** @param {number} count */
  function showUnread(count) {
    const title = `${count === 0 ? "" : `(${count}) `}${room.name} · Edge Rooms`;
    if (document.title !== title) document.title = title;
  }

  const updateRoom = () => {
    const snapshot = room.getSnapshot();
    for (const update of roomViews) update(snapshot);
    banner.update(snapshot.state, inbox.state);
  };
  visit.subscribe(updateRoom);
  updateRoom();

  return {
    /** Also the inbox says what the connection is at. */
    refresh: () => banner.update(room.state, inbox.state),
    find: messages.find,
    place: messages.place,
    close() {
      for (const { stop } of [messages, banner, slowMode, removal]) stop();
    },
  };
}
