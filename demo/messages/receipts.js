// How far each user has read.

/** @import { RoomMessage, RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { UserNames } from "../session/user-names.js" */
/** @import { Seen } from "./message-rows.js" */

/**
 * The last message that a user other than its author has read, and who has. Authors of later messages are not named:
 * they have read it too.
 *
 * @param {readonly RoomMessage[]} messages
 * @param {ReadonlyMap<string, number>} readUpTo
 * @param {string | undefined} self
 */
function lastSeen(messages, readUpTo, self) {
  const silent = new Map(readUpTo);
  if (self !== undefined) silent.delete(self);
  for (let at = messages.length - 1; at >= 0 && silent.size > 0; at--) {
    const { seq, from } = messages[at] ?? {};
    if (seq === undefined) continue;
    if (from) silent.delete(from.id);
    const readers = [...silent].filter(([, read]) => read >= seq).map(([user]) => user);
    if (readers.length > 0) return { seq, readers };
  }
  return undefined;
}

/**
 * Keeps the receipts: those that arrive, and after each connection those that were missed.
 *
 * @param {RoomScreen} screen
 * @param {UserNames} users
 * @param {{ onChange(): void, onOwn(seq: number): void }} listener `onOwn`: how far this user has read
 */
export function followReceipts({ room, api, on }, users, { onChange, onOwn }) {
  /** @type {Map<string, number>} */
  let readUpTo = new Map();
  /** The same object while it says the same. @type {Seen | undefined} */
  let last;
  let loads = 0;

  /** @param {string} user @param {number} seq */
  function note(user, seq) {
    if (seq > (readUpTo.get(user) ?? 0)) readUpTo.set(user, seq);
  }

  async function load() {
    loads += 1;
    const now = loads;
    // Before the request: what arrives during it is unread.
    const { head } = room.getSnapshot();
    const receipts = await api.receipts().catch(() => []);
    if (now !== loads) return;
    for (const { user, seq } of receipts) note(user, seq);
    onOwn(receipts.find(({ user }) => user === room.user?.id)?.seq ?? head);
    onChange();
  }

  on("receipt", ({ user, seq }) => {
    note(user, seq);
    onChange();
  });
  on("lost", () => {
    readUpTo = new Map();
  });
  // Arrives before the first message. For a user who never read here, the messages so far are not new.
  on("connected", ({ head, read }) => {
    if (read !== undefined) onOwn(read.seq || head);
  });
  on("state", ({ status }) => {
    if (status === "connected") void load();
  });
  if (room.state.status === "connected") void load();

  return {
    /** @param {RoomSnapshot} snapshot */
    last({ messages, user }) {
      const found = lastSeen(messages, readUpTo, user?.id);
      const readers = found?.readers.map(users.userOf);
      const same =
        found?.seq === last?.seq &&
        readers?.length === last?.readers.length &&
        readers?.every((reader, at) => reader === last?.readers[at]);
      if (!same) last = found && readers && { seq: found.seq, readers };
      return last;
    },
  };
}
