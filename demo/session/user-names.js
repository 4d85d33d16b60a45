// Names and pictures of users by id, as members and messages had them; kept after the users leave, and in this tab also
// after a reload.

import { inTab } from "./storage.js";

/** @import { RoomSnapshot, User } from "../edge-rooms.js" */

/** @typedef {ReturnType<typeof createUserNames>} UserNames */

const KEY = "names";
/** The last that were learned. */
const MAX_KEPT = 500;

/** Before another user enters in this tab. */
export const forgetNames = () => inTab.set(KEY, undefined);

export function createUserNames() {
  /** @type {Map<string, User>} */
  const known = new Map(keptNames().map(([id, name]) => [id, { id, name }]));
  /** @type {Partial<RoomSnapshot>} */
  let learnt = {};

  let kept = "";

  /** @param {string} id @returns {User} */
  const userOf = (id) => known.get(id) ?? { id };

  function keep() {
    const names = [...known.values()].flatMap(({ id, name }) => (name === undefined ? [] : [[id, name]]));
    const json = JSON.stringify(names.slice(-MAX_KEPT));
    if (json !== kept) inTab.set(KEY, json);
    kept = json;
  }

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
        keep();
      }
      if (user !== null) known.set(user.id, user);
    },
  };
}

/** @returns {[id: string, name: string][]} */
function keptNames() {
  try {
    return JSON.parse(inTab.get(KEY) ?? "[]");
  } catch {
    return [];
  }
}
