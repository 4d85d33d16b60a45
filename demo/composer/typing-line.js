// Who is typing.

import { element, part } from "../ui/dom.js";

/** @import { RoomSnapshot, User } from "../edge-rooms.js" */

/** @param {ParentNode} root */
export function createTypingLine(root) {
  const line = part(root, "typing");
  /** @type {readonly User[]} */
  let shown = [];

  /** @param {RoomSnapshot} snapshot */
  return function update({ typing }) {
    if (typing === shown) return;
    shown = typing;
    line.replaceChildren(...typingText(typing));
  };
}

/** @param {readonly User[]} users */
function typingText([one, two, ...others]) {
  if (one === undefined) return [];
  if (two === undefined) return [nameOf(one), " is typing…"];
  if (others.length === 0) return [nameOf(one), " and ", nameOf(two), " are typing…"];
  return ["Several people are typing…"];
}

/** Isolated, so that a name of the other text direction does not turn the sentence around. @param {User} user */
const nameOf = ({ id, name = id }) => element("bdi", {}, name);
