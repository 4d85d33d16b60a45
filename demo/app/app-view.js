// What stays while the room on the screen changes: the side bar, the bell, the toasts, the settings.

import { createBell } from "../inbox/bell.js";
import { followPush } from "../inbox/push.js";
import { createToasts } from "../inbox/toasts.js";
import { mentionAsNotification, mentionToast } from "../messages/mentions.js";
import { followRooms } from "../rooms/followed-rooms.js";
import { createSideBar } from "../rooms/side-bar.js";
import { refusalText } from "../session/error-text.js";
import { createOwnPresence } from "../session/own-presence.js";
import { followPreferences } from "../session/preferences.js";
import { openRoomScreen } from "../session/room-screen.js";
import { createUserNames } from "../session/user-names.js";
import { createSettings } from "../settings/settings.js";
import { avatar } from "../ui/avatar.js";
import { copyOf, part, setText } from "../ui/dom.js";
import { createWirePanel } from "../wire/wire-panel.js";
import { createDrawer } from "./drawer.js";
import { openRoomView } from "./room-view.js";

/** @import { ReadingPlace } from "../messages/message-list.js" */
/** @import { Place } from "../messages/mentions.js" */
/** @import { ListedRoom } from "../rooms/followed-rooms.js" */
/** @import { Session } from "../session/session.js" */
/** @import { MenuItem } from "../ui/popup.js" */
/** @import { Line } from "../wire/line.js" */

/**
 * @param {Session} session
 * @param {{
 *   line: Line, canExpire: boolean, onLeave(problem: string): void, onRoom(name: string): void,
 * }} page `canExpire`: another token can be had for an expired one
 */
export function openApp(session, { line, canExpire, onLeave, onRoom }) {
  const { inbox } = session;
  const app = copyOf("app");
  document.body.append(app);
  const corner = part(app, "corner");
  const menuButton = part(app, "menu");
  const me = part(app, "me");
  const users = createUserNames();
  const presence = createOwnPresence(session);
  /** Where the reader was in each room. @type {Map<string, ReadingPlace>} */
  const places = new Map();
  /** @type {{ name: string, view: ReturnType<typeof openRoomView>, close(): void } | undefined} */
  let open;

  const toasts = createToasts(part(app, "toasts"), { onRead: (id) => bell.markRead(id), openMessage });
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
      if (failure === undefined) toasts.say("You will get notifications even when this page is closed.");
      else toasts.say(failure, "failed");
    },
    muting(topic) {
      const muted = preferences.current.mutedTopics.includes(topic);
      const done = muted ? "You will get notifications" : "You will no longer get notifications";
      return {
        label: `${muted ? "Unmute" : "Mute"} “${topic}”`,
        onPick: () => toasts.attempt(preferences.muteTopic(topic, !muted), `${done} about “${topic}”.`),
      };
    },
  });
  const rooms = followRooms(session, preferences, {
    onChange: showRooms,
    onMention: (room, message) => toasts.show(mentionAsNotification(room, message)),
  });
  const sideBar = createSideBar(app, {
    menu: roomMenu,
    onPick(name) {
      drawer.close();
      show(name);
    },
    onStep(by) {
      const names = rooms.list().map(({ name }) => name);
      const next = names[(names.indexOf(open?.name ?? "") + by + names.length) % names.length];
      if (next !== undefined) show(next);
    },
  });
  const wirePanel = createWirePanel(app, line, { canExpire, onOpen: () => drawer.close() });
  const drawer = createDrawer(app, sideBar.focus);
  part(app, "sign-out").addEventListener("click", () => {
    // The next user of this browser must not get this user's notifications.
    if (pushes.state === "on") void pushes.set(false);
    onLeave("");
  });
  part(app, "settings").addEventListener("click", settings.open);

  /** @param {ListedRoom} room @returns {MenuItem[]} */
  function roomMenu({ name, unread, muted }) {
    const next = rooms.list().find((other) => other.name !== name);
    /** @type {MenuItem[]} */
    const items = [
      {
        label: muted ? "Unmute room" : "Mute room",
        onPick: () => toasts.attempt(preferences.muteRoom(name, !muted)),
      },
    ];
    if (unread > 0)
      items.unshift({ label: "Mark as read", onPick: () => toasts.attempt(rooms.markRead(name)) });
    // The last room stays.
    if (next === undefined) return items;
    const onPick = () => {
      if (open?.name === name) show(next.name);
      places.delete(name);
      void toasts.attempt(rooms.unfollow(name), `You no longer follow ${name}.`);
    };
    return [...items, { label: "Unfollow", look: "danger", onPick }];
  }

  function showRooms() {
    const list = rooms.list();
    sideBar.update(list);
    const others = list.filter(({ current, muted }) => !current && !muted);
    const unread = others.reduce((sum, room) => sum + room.unread, 0);
    const isMentioned = others.some(({ mentioned }) => mentioned);
    drawer.update(unread, isMentioned);
  }

  /** @param {Place} place */
  async function openMessage({ room, seq }) {
    drawer.close();
    show(room);
    if ((await open?.view.find(seq)) === false) toasts.say("That message could not be found.", "failed");
  }

  /** @param {string} name */
  function show(name) {
    if (open?.name === name) return;
    const before = open;
    if (before) places.set(before.name, before.view.place());
    before?.close();
    const screen = openRoomScreen(session, name);
    const view = openRoomView(part(app, "stage"), screen, {
      users,
      presence,
      toasts,
      corner,
      menuButton,
      place: places.get(name),
      onDraft: rooms.changed,
    });
    const close = () => {
      view.close();
      screen.close();
    };
    open = { name, view, close };
    screen.onRefused((error) => {
      session.leave(name);
      if (before === undefined) return onLeave(refusalText(error));
      toasts.say(refusalText(error), "failed");
      show(before.name);
    });
    screen.subscribe(showUser);
    rooms.setCurrent(name);
    toasts.hide(mentionToast(name));
    onRoom(name);
    showUser();
    sideBar.reveal();
  }

  function showUser() {
    const { user } = session;
    if (!user || me.dataset.user === user.id) return;
    me.dataset.user = user.id;
    part(me, "my-face").replaceChildren(avatar(users.userOf(user.id)));
    setText(part(me, "my-name"), user.name ?? user.id);
  }

  const updateInbox = () => {
    const snapshot = inbox.getSnapshot();
    bell.update(snapshot);
    toasts.update(snapshot.notifications);
    // A push sets the badge of the app; only the page knows what was read since.
    if (snapshot.state.status === "connected") void navigator.setAppBadge?.(snapshot.unread).catch(() => {});
    open?.view.refresh();
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
      toasts.stop();
      for (const { stop } of [rooms, sideBar, drawer, bell, pushes, presence, wirePanel]) stop();
      app.remove();
    },
  };
}
