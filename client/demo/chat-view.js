// @ts-check
// The page of a room: puts the parts together and feeds them with what the session says.

import { createBell } from "./bell.js";
import { createComposer } from "./composer.js";
import { createConnectionBanner } from "./connection-banner.js";
import { ask } from "./dialogs.js";
import { part } from "./dom.js";
import { createMemberBar } from "./member-bar.js";
import { createMessageList } from "./message-list.js";
import { createKicking } from "./moderation.js";
import { createModeratorPanel } from "./moderator-panel.js";
import { createPeople } from "./people.js";
import { mayWrite } from "./permissions.js";
import { createPresence } from "./presence.js";
import { createRemovalNotice } from "./removal-notice.js";
import { createSlowMode } from "./slow-mode.js";
import { createToasts } from "./toasts.js";
import { createTypingLine } from "./typing-line.js";
import { errorWords } from "./words.js";

/**
 * @param {import("./session.js").Session} session
 * @param {{ onLeave(): void }} listener
 */
export function openChat(session, { onLeave }) {
  const { room, inbox, api } = session;
  const view = document.importNode(part(document, "chat", HTMLTemplateElement).content, true);
  const chat = view.firstElementChild;
  document.body.append(view);
  if (!chat) throw new Error("The markup of the chat is empty.");

  part(chat, "room-name", HTMLElement).textContent = room.name;
  part(chat, "leave", HTMLButtonElement).addEventListener("click", onLeave);
  const toasts = createToasts(part(chat, "toasts", HTMLElement), (id) => bell.markRead(id));
  const people = createPeople();
  const presence = createPresence(room);
  const stage = {
    people,
    self: () => room.user?.id,
    mayWrite: () => mayWrite(room),
    /** @param {string} id */
    retry: (id) => attempt(room.outbox.retry(id), () => {}),
    /** @param {string} id */
    drop: (id) => room.outbox.drop(id),
    /** @param {number} seq @param {string} emoji @param {boolean} on */
    react: (seq, emoji, on) => attempt(on ? room.react(seq, emoji) : room.unreact(seq, emoji)),
  };
  const composer = createComposer(chat, room, { stage, onEditLast: () => messages.editLast() });
  const messages = createMessageList(chat, session, {
    stage,
    onReply: composer.reply,
    onDelete: (seq) => void remove(seq),
    edit: (seq, data) => attempt(room.edit(seq, data)),
    onUnread: showUnread,
  });
  const slowMode = createSlowMode(chat, session);
  const removal = createRemovalNotice(chat, session);
  const banner = createConnectionBanner(chat, session);
  const bell = createBell(chat, inbox, toasts.clear);
  const kicking = createKicking(api, toasts.say);
  const roomViews = [
    people.learn,
    createMemberBar(chat, { presence, kickMenu: kicking.menu }),
    createTypingLine(chat),
    composer.update,
    messages.update,
    slowMode.update,
    createModeratorPanel(chat, api, { people, say: toasts.say, onSlowMode: slowMode.set }),
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
  const updateInbox = () => {
    const snapshot = inbox.getSnapshot();
    bell.update(snapshot);
    toasts.update(snapshot.notifications);
    banner.update(room.state, snapshot.state);
  };
  session.onNewNotification(toasts.show);
  const cancels = [room.subscribe(updateRoom), inbox.subscribe(updateInbox)];
  updateRoom();
  updateInbox();

  return {
    close() {
      for (const cancel of cancels) cancel();
      toasts.clear();
      for (const { stop } of [messages, banner, bell, slowMode, removal, presence]) stop();
      // What is open in the top layer belongs to this room.
      for (const open of document.querySelectorAll("body > .popup, body > dialog")) open.remove();
      chat.remove();
    },
  };
}
