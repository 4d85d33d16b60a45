// @ts-check
// Who is who: the names that members and messages told, kept also when their people have left.

/** @typedef {import("../edge-rooms.js").User} User */
/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {ReturnType<typeof createPeople>} People */

export function createPeople() {
  /** @type {Map<string, User>} */
  const known = new Map();
  /** @type {Partial<RoomSnapshot>} */
  let learnt = {};

  /** @param {string} id @returns {User} */
  const userOf = (id) => known.get(id) ?? { id };

  return {
    userOf,
    /** @param {string} id */
    nameOf: (id) => userOf(id).name ?? id,

    /** @param {RoomSnapshot} snapshot */
    learn({ messages, members, user }) {
      if (messages !== learnt.messages) {
        for (const { from } of messages) {
          // A message knows no picture.
          if (from?.name !== undefined) known.set(from.id, { ...known.get(from.id), ...from });
        }
      }
      if (members !== learnt.members || messages !== learnt.messages)
        for (const member of members) known.set(member.id, member);
      if (user !== null) known.set(user.id, user);
      learnt = { messages, members };
    },
  };
}
