// @ts-check
// The rooms that this user follows, with what is unread in each. They are joined, so that it counts live; of what is
// too much for that, the list says it from time to time.

import { userApi } from "../edge-rooms.js";
import { mentionOf, unreadMention } from "../messages/mentions.js";
import { followAttention, isLooking } from "../session/page-focus.js";
import { refusalIn } from "../session/session.js";

/** @typedef {import("../edge-rooms.js").FollowedRoom} FollowedRoom */
/** @typedef {import("../edge-rooms.js").Message} Message */
/** @typedef {{ name: string, unread: number, mentioned: boolean, muted: boolean, current: boolean }} ListedRoom */
/** @typedef {ReturnType<typeof followRooms>} FollowedRooms */

const MOST_JOINED = 20;
/** What a room shows at once when it is picked. */
const HISTORY = 20;
const REFRESH_MS = 60_000;
/** A room tells that it was opened a moment later. */
const TOLD_WITHIN_MS = 10_000;
const NOTHING_YET = { head: 0, readSeq: 0, unread: 0 };
const byName = new Intl.Collator(undefined, { numeric: true });

/**
 * @param {import("../session/session.js").Session} session
 * @param {{ isMuted(room: string): boolean, onChange(): void, onMention(room: string, message: Message): void }} page
 */
export function followRooms(session, { isMuted, onChange, onMention }) {
  const { inbox, client, news, entered } = session;
  const api = userApi(client);
  /** @type {ReadonlyMap<string, FollowedRoom>} */
  let followed = new Map();
  let current = "";
  let loadedAt = Number.NEGATIVE_INFINITY;
  let isStale = false;
  let closed = false;
  /** When this page opened them. @type {Map<string, number>} */
  const openedAt = new Map();
  /** @type {WeakSet<object>} */
  const watched = new WeakSet();
  /** @type {Set<string>} */
  const markedRead = new Set();

  function changed() {
    if (isStale || closed) return;
    isStale = true;
    queueMicrotask(() => {
      isStale = false;
      if (closed) return;
      markMentions();
      onChange();
    });
  }

  /** Which rooms those are no socket tells. @param {"in a while" | "now"} [when] */
  async function load(when = "in a while") {
    if (when === "in a while" && performance.now() - loadedAt < REFRESH_MS) return;
    loadedAt = performance.now();
    try {
      const rooms = await api.followedRooms();
      if (closed) return;
      const now = performance.now();
      const justOpened = [...openedAt].filter(([, at]) => now - at < TOLD_WITHIN_MS);
      followed = new Map([
        ...justOpened.map(([name]) => /** @type {const} */ ([name, { room: name, ...NOTHING_YET }])),
        ...rooms.map((room) => /** @type {const} */ ([room.room, room])),
      ]);
    } catch {
      loadedAt = Number.NEGATIVE_INFINITY;
      return;
    }
    join();
    changed();
  }

  function join() {
    for (const name of [...entered.keys()]) if (name !== current && !followed.has(name)) session.leave(name);
    for (const name of followed.keys()) {
      if (entered.size >= MOST_JOINED) break;
      if (!entered.has(name)) session.enter(name, HISTORY);
    }
    for (const [name, { room }] of entered) watch(name, room);
  }

  /** @param {string} name @param {import("../edge-rooms.js").RoomHandle} room */
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
      const isNews = state.status === "connected" && (name !== current || !isLooking());
      const isOthers = user !== null && message.from?.id !== user.id;
      if (isNews && isOthers && message.mentions?.includes(user.id)) onMention(name, message);
    });
  }

  /** Opening a room is following it. @param {string} name */
  function opened(name) {
    if (followed.has(name)) return;
    openedAt.set(name, performance.now());
    followed = new Map(followed).set(name, { room: name, ...NOTHING_YET });
    news.tell("rooms");
    changed();
  }

  /** Of what was read in the room the bell need not tell any more. */
  function markMentions() {
    const room = entered.get(current)?.room;
    if (room?.state.status !== "connected" || room.unread > 0 || !isLooking()) return;
    const ids = unreadMentions()
      .filter(({ place }) => place.room === current && place.seq <= room.head)
      .map(({ id }) => id)
      .filter((id) => !markedRead.has(id));
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

  /** @param {string} name @param {ReadonlySet<string>} told @returns {ListedRoom} */
  function standing(name, told) {
    const entry = entered.get(name);
    const unread = entry?.wasIn ? entry.room.unread : (followed.get(name)?.unread ?? 0);
    const muted = isMuted(name);
    const isNamed = told.has(name) || (entry !== undefined && unreadMention(entry.room.getSnapshot()));
    return { name, unread, mentioned: isNamed && !muted, muted, current: name === current };
  }

  inbox.on("state", ({ status }) => {
    if (status === "connected") void load();
  });
  news.on("rooms", () => void load("now"));
  const stopAttention = followAttention(() => {
    if (document.visibilityState === "visible") void load();
    changed();
  });
  const timer = setInterval(() => {
    if (document.visibilityState === "visible" && followed.size > entered.size) void load();
  }, REFRESH_MS);

  return {
    changed,
    /** By name. @returns {ListedRoom[]} */
    list() {
      const told = new Set(unreadMentions().map(({ place }) => place.room));
      return [...new Set([...followed.keys(), ...(current === "" ? [] : [current])])]
        .sort(byName.compare)
        .map((name) => standing(name, told));
    },

    /** The room on the screen. @param {string} name */
    setCurrent(name) {
      current = name;
      const entry = entered.get(name);
      if (entry) watch(name, entry.room);
      changed();
    },

    /** Rejects where it was refused. @param {string} name */
    async unfollow(name) {
      await api.unfollow(name);
      openedAt.delete(name);
      followed = new Map([...followed].filter(([other]) => other !== name));
      if (name !== current) session.leave(name);
      news.tell("rooms");
      changed();
    },

    /** All that is in it. Rejects where it was refused. @param {string} name */
    async markRead(name) {
      const entry = entered.get(name);
      const told = followed.get(name);
      if (entry?.wasIn) await entry.room.markRead();
      else if (told) {
        await api.markRoomRead(name, told.head);
        followed = new Map(followed).set(name, { ...told, unread: 0 });
        changed();
      }
    },

    stop() {
      closed = true;
      clearInterval(timer);
      stopAttention();
    },
  };
}
