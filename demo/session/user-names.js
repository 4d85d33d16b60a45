// Names and pictures of users by id, as members and messages had them; kept after the users leave.

/** @import { RoomSnapshot, User } from "../edge-rooms.js" */

/** @typedef {ReturnType<typeof createUserNames>} UserNames */

export function createUserNames() {
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
      if (messages !== learnt.messages || members !== learnt.members) {
        // The author of a message comes without a picture.
        for (const { from } of messages)
          if (from?.name !== undefined) known.set(from.id, { ...known.get(from.id), ...from });
        for (const member of members) known.set(member.id, member);
        learnt = { messages, members };
      }
      if (user !== null) known.set(user.id, user);
    },
  };
}
