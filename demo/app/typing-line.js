// @ts-check

import { element, part } from "../ui/dom.js";

/** @typedef {import("../edge-rooms.js").User} User */

/** @param {ParentNode} root */
export function createTypingLine(root) {
  const line = part(root, "typing", HTMLElement);
  /** @type {readonly User[]} */
  let shown = [];

  /** @param {import("../edge-rooms.js").RoomSnapshot} snapshot */
  return function update({ typing }) {
    if (typing === shown) return;
    shown = typing;
    line.replaceChildren(...typingWords(typing));
  };
}

/** @param {readonly User[]} users */
function typingWords([one, two, ...others]) {
  if (one === undefined) return [];
  if (two === undefined) return [nameOf(one), " is typing…"];
  if (others.length === 0) return [nameOf(one), " and ", nameOf(two), " are typing…"];
  return ["Several people are typing…"];
}

/** A name of another direction than the sentence must not turn it around. @param {User} user */
const nameOf = ({ id, name = id }) => element("bdi", {}, [name]);
