// @ts-check
// How far the others have read.

/** @typedef {import("../edge-rooms.js").RoomMessage} RoomMessage */
/** @typedef {import("../edge-rooms.js").User} User */
/** @typedef {{ seq: number, readers: readonly User[] }} Seen */

/**
 * The last message that somebody other than its author has read, and who did. Who has written since then has read it
 * evidently, and is not named.
 *
 * @param {readonly RoomMessage[]} messages
 * @param {ReadonlyMap<string, number>} readUpTo
 * @param {string | undefined} self
 */
export function lastSeen(messages, readUpTo, self) {
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
 * Keeps what the receipts say: those that come, and after each connection those that came meanwhile.
 *
 * @param {import("../session/room-screen.js").Visit} visit
 * @param {import("../session/user-names.js").People} people
 * @param {{ onChange(): void, onOwn(seq: number): void }} listener `onOwn` hears how far this user had read
 */
export function followReceipts({ room, api, on }, people, { onChange, onOwn }) {
  /** @type {Map<string, number>} */
  let readUpTo = new Map();
  /** The same object as long as it says the same. @type {Seen | undefined} */
  let last;
  let visit = 0;

  /** @param {string} user @param {number} seq */
  function note(user, seq) {
    if (seq > (readUpTo.get(user) ?? 0)) readUpTo = new Map(readUpTo).set(user, seq);
  }

  async function load() {
    visit += 1;
    const now = visit;
    // What comes while the answer is on its way is new.
    const { head } = room.getSnapshot();
    const receipts = await api.receipts().catch(() => []);
    if (now !== visit) return;
    for (const { user, seq } of receipts) note(user, seq);
    const self = room.user?.id;
    onOwn(receipts.find(({ user }) => user === self)?.seq ?? head);
    onChange();
  }

  on("receipt", ({ user, seq }) => {
    note(user, seq);
    onChange();
  });
  on("lost", () => {
    readUpTo = new Map();
  });
  // Known before the first message: what was there when somebody came who has never read here is not new to them.
  on("connected", ({ head, read }) => {
    if (read !== undefined) onOwn(read.seq || head);
  });
  on("state", ({ status }) => {
    if (status === "connected") void load();
  });

  if (room.state.status === "connected") void load();

  return {
    /** @param {string} user */
    of: (user) => readUpTo.get(user),

    /** @param {import("../edge-rooms.js").RoomSnapshot} snapshot */
    last({ messages, user }) {
      const found = lastSeen(messages, readUpTo, user?.id);
      const readers = found?.readers.map(people.userOf);
      const same =
        found?.seq === last?.seq &&
        readers?.length === last?.readers.length &&
        readers?.every((reader, at) => reader === last?.readers[at]);
      if (!same) last = found && readers && { seq: found.seq, readers };
      return last;
    },
  };
}
