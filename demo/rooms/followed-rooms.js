// The rooms that this user follows, with what is unread in each. Up to 20 of them are joined, so their counts are live;
// the others are counted once a minute.

import { userApi } from "../edge-rooms.js";
import { hasUnreadMention, mentionOf } from "../messages/mentions.js";
import { followFocus, isLooking, isVisible } from "../session/page-focus.js";
import { refusalIn } from "../session/session.js";

/** @import { FollowedRoom, Message, RoomHandle } from "../edge-rooms.js" */
/** @import { PreferenceKeeper } from "../session/preferences.js" */
/** @import { Session } from "../session/session.js" */

/** @typedef {{ name: string, unread: number, mentioned: boolean, muted: boolean, current: boolean }} ListedRoom */
/** @typedef {ReturnType<typeof followRooms>} FollowedRooms */

const MAX_JOINED = 20;
/** How many messages a joined room loads before it is opened. */
const HISTORY = 20;
const REFRESH_MS = 60_000;
/** The server may list a room some seconds after it was opened. */
const REPORTED_WITHIN_MS = 10_000;
const byName = new Intl.Collator(undefined, { numeric: true });

/** @param {string} room @returns {FollowedRoom} */
const notReadYet = (room) => ({ room, head: 0, readSeq: 0, unread: 0 });

/**
 * @param {Session} session
 * @param {PreferenceKeeper} preferences
 * @param {{ onChange(): void, onMention(room: string, message: Message): void }} page
 */
export function followRooms(session, preferences, { onChange, onMention }) {
  const { inbox, client, entered } = session;
  const api = userApi(client);
  /** @param {string} name */
  const isMuted = (name) => preferences.current.mutedRooms.includes(name);
  /** @type {ReadonlyMap<string, FollowedRoom>} */
  let followed = new Map();
  let current = "";
  let loadedAt = Number.NEGATIVE_INFINITY;
  let isScheduled = false;
  let closed = false;
  /** When this page opened a room. @type {Map<string, number>} */
  const openedAt = new Map();
  /** @type {WeakSet<object>} */
  const watched = new WeakSet();
  /** @type {Set<string>} */
  const markedRead = new Set();

  /** Reports all changes of this turn as one. */
  function changed() {
    if (isScheduled || closed) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      if (closed) return;
      markMentions();
      onChange();
    });
  }

  /** No socket event reports which rooms a user follows. @param {"in a while" | "now"} [when] */
  async function load(when = "in a while") {
    if (when === "in a while" && performance.now() - loadedAt < REFRESH_MS) return;
    loadedAt = performance.now();
    const rooms = await api.followedRooms().catch(() => undefined);
    if (rooms === undefined) loadedAt = Number.NEGATIVE_INFINITY;
    if (rooms === undefined || closed) return;
    const now = performance.now();
    const justOpened = [...openedAt.keys()].filter(
      (name) => now - (openedAt.get(name) ?? 0) < REPORTED_WITHIN_MS,
    );
    const all = [...justOpened.map(notReadYet), ...rooms];
    followed = new Map(all.map((entry) => [entry.room, entry]));
    join();
    changed();
  }

  function join() {
    for (const name of [...entered.keys()]) if (name !== current && !followed.has(name)) session.leave(name);
    for (const name of followed.keys()) {
      if (entered.size >= MAX_JOINED) break;
      if (!entered.has(name)) session.enter(name, HISTORY);
    }
    for (const [name, { room }] of entered) watch(name, room);
  }

  /** @param {string} name @param {RoomHandle} room */
  function watch(name, room) {
    if (watched.has(room)) return;
    watched.add(room);
    room.subscribe(changed);
    room.on("state", (state) => {
      if (refusalIn(state) && name !== current) void load("now");
      if (state.status === "connected") opened(name);
    });
    if (room.state.status === "connected") opened(name);
    room.on("message", (message) => {
      const { user, state } = room;
      const isNew = state.status === "connected" && (name !== current || !isLooking());
      const isByOther = user !== null && message.from?.id !== user.id;
      if (isNew && isByOther && message.mentions?.includes(user.id) && !isMuted(name))
        onMention(name, message);
    });
  }

  /** Who opens a room follows it. @param {string} name */
  function opened(name) {
    if (followed.has(name)) return;
    openedAt.set(name, performance.now());
    followed = new Map(followed).set(name, notReadYet(name));
    session.tellOtherTabs("rooms");
    changed();
  }

  /** What was read in the room on the screen is read in the inbox too. */
  function markMentions() {
    const room = entered.get(current)?.room;
    if (room?.state.status !== "connected" || room.unread > 0 || !isLooking()) return;
    const ids = unreadMentions()
      .filter(({ id, place }) => place.room === current && place.seq <= room.head && !markedRead.has(id))
      .map(({ id }) => id);
    if (ids.length === 0) return;
    for (const id of ids) markedRead.add(id);
    inbox.mark(ids, "read").catch(() => {
      for (const id of ids) markedRead.delete(id);
    });
  }

  const unreadMentions = () =>
    inbox.getSnapshot().notifications.flatMap((notification) => {
      const { id, state, muted } = notification;
      const place = state === "read" || muted ? undefined : mentionOf(notification);
      return place ? [{ id, place }] : [];
    });

  /** @param {string} name @param {ReadonlySet<string>} notified rooms of unread notifications @returns {ListedRoom} */
  function listedOf(name, notified) {
    const entry = entered.get(name);
    const unread = entry?.wasIn ? entry.room.unread : (followed.get(name)?.unread ?? 0);
    const muted = isMuted(name);
    const isMentioned =
      notified.has(name) || (entry !== undefined && hasUnreadMention(entry.room.getSnapshot()));
    return { name, unread, mentioned: isMentioned && !muted, muted, current: name === current };
  }

  inbox.on("state", ({ status }) => {
    if (status === "connected") void load();
  });
  session.onOtherTabs("rooms", () => void load("now"));
  const stopFollowing = followFocus(() => {
    if (isVisible()) void load();
    changed();
  });
  const timer = setInterval(() => {
    if (isVisible() && followed.size > entered.size) void load();
  }, REFRESH_MS);

  return {
    changed,
    /** By name. @returns {ListedRoom[]} */
    list() {
      const notified = new Set(unreadMentions().map(({ place }) => place.room));
      return [...new Set([...followed.keys(), ...(current === "" ? [] : [current])])]
        .sort(byName.compare)
        .map((name) => listedOf(name, notified));
    },

    /** The room on the screen. @param {string} name */
    setCurrent(name) {
      current = name;
      const entry = entered.get(name);
      if (entry) watch(name, entry.room);
      changed();
    },

    /** Rejects if the server refuses. @param {string} name */
    async unfollow(name) {
      await api.unfollow(name);
      openedAt.delete(name);
      followed = new Map([...followed].filter(([other]) => other !== name));
      if (name !== current) session.leave(name);
      session.tellOtherTabs("rooms");
      changed();
    },

    /** Marks all its messages as read. Rejects if the server refuses. @param {string} name */
    async markRead(name) {
      const entry = entered.get(name);
      const known = followed.get(name);
      if (entry?.wasIn) await entry.room.markRead();
      else if (known) {
        await api.markRoomRead(name, known.head);
        followed = new Map(followed).set(name, { ...known, unread: 0 });
        changed();
      }
    },

    stop() {
      closed = true;
      clearInterval(timer);
      stopFollowing();
    },
  };
}
