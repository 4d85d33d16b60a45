// @ts-check

import { part } from "./dom.js";

/** @typedef {import("./edge-rooms.js").RoomHandle} RoomHandle */

const IN_COMPOSITION = 229;

/**
 * While an input method composes, Enter takes its suggestion. Safari ends the composition before it tells of the key,
 * and has only the old code left to say so.
 *
 * @param {KeyboardEvent} event
 */
const isComposing = (event) => event.isComposing || event.keyCode === IN_COMPOSITION;

/**
 * @param {ParentNode} root
 * @param {RoomHandle} room
 */
export function createComposer(root, room) {
  const form = part(root, "composer", HTMLFormElement);
  const text = form.querySelector("textarea");
  const send = form.querySelector("button");
  if (!text || !send) throw new Error("The markup lacks the composer's fields.");

  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };

  text.addEventListener("input", () => {
    grow();
    if (text.value.trim() === "") room.stopTyping();
    else room.startTyping();
  });
  text.addEventListener("blur", () => room.stopTyping());
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = text.value.trim();
    text.focus();
    if (message === "" || text.disabled) return;
    text.value = "";
    grow();
    room.send({ text: message }).catch(() => {
      // The message in the list shows what became of it.
    });
  });

  text.focus();
  /** @param {import("./edge-rooms.js").RoomSnapshot} snapshot */
  return function update({ permission, state }) {
    const readOnly = state.status === "connected" && permission === "read";
    text.disabled = readOnly;
    send.disabled = readOnly;
    text.placeholder = readOnly ? "You may read here, but not write" : "Write a message";
  };
}
