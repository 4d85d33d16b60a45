// @ts-check
// Who is here.

import { avatar } from "./avatar.js";
import { element, part, setText } from "./dom.js";
import { countOf } from "./format.js";

/** @typedef {import("./edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {import("./edge-rooms.js").Member} Member */

/** @param {ParentNode} root */
export function createMemberBar(root) {
  const title = part(root, "member-count", HTMLElement);
  const list = part(root, "members", HTMLElement);
  /** @type {readonly Member[] | undefined} */
  let shown;

  /** @param {RoomSnapshot} snapshot */
  return function update({ members, occupancy, user }) {
    // In a room too big for a list only the number is known.
    const count = members.length > 0 ? members.length : occupancy.members;
    setText(title, count === 0 ? "Nobody here yet" : `${countOf(count)} here`);
    if (members === shown) return;
    shown = members;
    list.hidden = members.length === 0;
    const sorted = [...members].sort((a, b) => a.joinedAt - b.joinedAt);
    list.replaceChildren(...sorted.map((member) => renderMember(member, member.id === user?.id)));
  };
}

const STATUS_WORDS = { online: "", away: "Away", busy: "Busy" };

/**
 * @param {Member} member
 * @param {boolean} self
 */
function renderMember(member, self) {
  const name = member.name ?? member.id;
  const note = [self && "You", STATUS_WORDS[member.status]].filter(Boolean).join(", ");
  return element("li", { title: name, class: self ? "self" : "", "data-status": member.status }, [
    avatar(member),
    element("span", { class: "name", dir: "auto" }, [name]),
    ...(note ? [element("span", { class: "note" }, [note])] : []),
  ]);
}
