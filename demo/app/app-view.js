// @ts-check
// What stays while the rooms on the screen change: the side bar, the bell, the toasts.

import { createBell } from "../inbox/bell.js";
import { followPush } from "../inbox/push.js";
import { createToasts } from "../inbox/toasts.js";
import { mentionAsNotification, mentionToast } from "../messages/mentions.js";
import { followRooms } from "../rooms/followed-rooms.js";
import { createRoomMenu } from "../rooms/room-menu.js";
import { createSideBar } from "../rooms/side-bar.js";
import { errorWords, refusalWords } from "../session/error-text.js";
import { createPresence } from "../session/own-presence.js";
import { followPreferences } from "../session/preferences.js";
import { openVisit } from "../session/room-screen.js";
import { createPeople } from "../session/user-names.js";
import { createSettings } from "../settings/settings.js";
import { avatar } from "../ui/avatar.js";
import { part, setText } from "../ui/dom.js";
import { createDrawer } from "./drawer.js";
import { openChat } from "./room-view.js";

/** @typedef {import("../messages/mentions.js").Place} Place */
/** @typedef {import("../messages/message-list.js").Place} ReadingPlace */

/**
 * @param {import("../session/session.js").Session} session
 * @param {{ onLeave(problem: string): void, onRoom(name: string): void }} listener
 */
export function openApp(session, { onLeave, onRoom }) {
  const { inbox } = session;
  const view = document.importNode(part(document, "app", HTMLTemplateElement).content, true);
  const app = part(view, "frame", HTMLElement);
  document.body.append(view);
  const corner = part(app, "corner", HTMLElement);
  const menuButton = part(app, "menu", HTMLButtonElement);
  const people = createPeople();
  const presence = createPresence(session);
  /** Where the reader was in each. @type {Map<string, ReadingPlace>} */
  const places = new Map();
  /** @type {{ name: string, chat: ReturnType<typeof openChat>, close(): void } | undefined} */
  let open;

  const toasts = createToasts(part(app, "toasts", HTMLElement), {
    onRead: (id) => bell.markRead(id),
    openMessage,
  });
  const preferences = followPreferences(session, () => {
    settings.update();
    rooms.changed();
  });
  const pushes = followPush(session, () => {
    settings.update();
    bell.showPush(pushes.state);
  });
  const settings = createSettings(preferences, pushes);
  const bell = createBell(corner, inbox, {
    onOpen: toasts.clear,
    openMessage,
    openSettings: settings.open,
    async enablePush() {
      const failure = await pushes.set(true);
      toasts.say(
        failure ?? "Notifications are shown here while this page is closed.",
        failure ? "failed" : "done",
      );
    },
    muting(topic) {
      const muted = preferences.current.mutedTopics.includes(topic);
      const done = muted ? `You hear of ${topic} again.` : `You hear of ${topic} no more.`;
      return {
        label: `${muted ? "Unmute" : "Mute"} “${topic}”`,
        onPick: () => attempt(preferences.muteTopic(topic, !muted), done),
      };
    },
  });
  const rooms = followRooms(session, {
    isMuted: (name) => preferences.current.mutedRooms.includes(name),
    onChange: showRooms,
    onMention(room, message) {
      if (!preferences.current.mutedRooms.includes(room)) toasts.show(mentionAsNotification(room, message));
    },
  });
  const sideBar = createSideBar(app, {
    onPick: (name) => {
      drawer.close();
      show(name);
    },
    onStep(by) {
      const names = rooms.list().map(({ name }) => name);
      const next = names[(names.indexOf(open?.name ?? "") + by + names.length) % names.length];
      if (next !== undefined) show(next);
    },
    menu: createRoomMenu(rooms, preferences, {
      attempt,
      onUnfollow(name) {
        const next = rooms.list().find((other) => other.name !== name);
        if (open?.name === name && next) show(next.name);
        places.delete(name);
      },
    }),
  });
  const drawer = createDrawer(app, sideBar.focus);
  part(app, "sign-out", HTMLButtonElement).addEventListener("click", () => {
    // Whoever comes next shall not be shown what is meant for this user.
    if (pushes.state === "on") void pushes.set(false);
    onLeave("");
  });
  part(app, "settings", HTMLButtonElement).addEventListener("click", settings.open);

  /**
   * @param {Promise<unknown>} done
   * @param {string} [words]
   */
  async function attempt(done, words) {
    try {
      await done;
      if (words !== undefined) toasts.say(words);
    } catch (error) {
      toasts.say(errorWords(error), "failed");
    }
  }

  function showRooms() {
    const list = rooms.list();
    sideBar.update(list);
    const others = list.filter(({ current, muted }) => !current && !muted);
    const unread = others.reduce((sum, room) => sum + room.unread, 0);
    drawer.update(
      unread,
      others.some(({ mentioned }) => mentioned),
    );
  }

  /** @param {Place} place */
  async function openMessage({ room, seq }) {
    drawer.close();
    show(room);
    if ((await open?.chat.find(seq)) === false) toasts.say("That message is not there any more.", "failed");
  }

  /** @param {string} name */
  function show(name) {
    if (open?.name === name) return;
    const before = open;
    if (before) places.set(before.name, before.chat.place());
    before?.close();
    const visit = openVisit(session, name);
    const chat = openChat(part(app, "stage", HTMLElement), visit, {
      people,
      presence,
      toasts,
      corner,
      menuButton,
      place: places.get(name),
      onDraft: rooms.changed,
    });
    open = {
      name,
      chat,
      close() {
        chat.close();
        visit.close();
      },
    };
    visit.onRefused((error) => {
      session.leave(name);
      if (before === undefined) return onLeave(refusalWords(error));
      toasts.say(refusalWords(error), "failed");
      show(before.name);
    });
    visit.subscribe(showUser);
    rooms.setCurrent(name);
    toasts.hide(mentionToast(name));
    onRoom(name);
    showUser();
    sideBar.reveal();
  }

  function showUser() {
    const { user } = session;
    const me = part(app, "me", HTMLElement);
    if (!user || me.dataset.user === user.id) return;
    me.dataset.user = user.id;
    part(me, "my-face", HTMLElement).replaceChildren(avatar(people.userOf(user.id)));
    setText(part(me, "my-name", HTMLElement), user.name ?? user.id);
  }

  const updateInbox = () => {
    const snapshot = inbox.getSnapshot();
    bell.update(snapshot);
    toasts.update(snapshot.notifications);
    // A push sets the badge, and only the page knows what was read since.
    if (snapshot.state.status === "connected") void navigator.setAppBadge?.(snapshot.unread).catch(() => {});
    open?.chat.refresh();
    rooms.changed();
  };
  session.onNewNotification(toasts.show);
  const cancel = inbox.subscribe(updateInbox);
  updateInbox();
  void preferences.load();
  void pushes.load();

  return {
    show,
    close() {
      cancel();
      open?.close();
      toasts.clear();
      for (const { stop } of [rooms, sideBar, drawer, bell, pushes, presence]) stop();
      // What is open in the top layer belongs to this user.
      for (const one of document.querySelectorAll("body > .popup, body > dialog")) one.remove();
      app.remove();
    },
  };
}
