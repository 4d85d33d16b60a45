// @ts-check
// The page of a room: puts the parts together and feeds them with what the session says.

import { createBell } from "./bell.js";
import { createComposer } from "./composer.js";
import { createConnectionBanner } from "./connection-banner.js";
import { part } from "./dom.js";
import { createMemberBar } from "./member-bar.js";
import { createMessageList } from "./message-list.js";
import { createToasts } from "./toasts.js";
import { createTypingLine } from "./typing-line.js";

/**
 * @param {import("./session.js").Session} session
 * @param {{ onLeave(): void }} listener
 */
export function openChat(session, { onLeave }) {
  const { room, inbox } = session;
  const view = document.importNode(part(document, "chat", HTMLTemplateElement).content, true);
  const chat = view.firstElementChild;
  document.body.append(view);
  if (!chat) throw new Error("The markup of the chat is empty.");

  part(chat, "room-name", HTMLElement).textContent = room.name;
  part(chat, "leave", HTMLButtonElement).addEventListener("click", onLeave);
  const messages = createMessageList(chat, room);
  const banner = createConnectionBanner(chat, session);
  const toasts = createToasts(part(chat, "toasts", HTMLElement), (id) => bell.markRead(id));
  const bell = createBell(chat, inbox, toasts.clear);
  const roomViews = [
    createMemberBar(chat),
    createTypingLine(chat),
    createComposer(chat, room),
    messages.update,
  ];

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
      for (const { stop } of [messages, banner, bell]) stop();
      chat.remove();
    },
  };
}
