// @ts-check
// The chips under a message, and the button that adds one more.

import { element, iconButton } from "../ui/dom.js";
import { pickEmoji } from "../ui/emoji-picker.js";
import { countOf, listed } from "../ui/format.js";
import { REACT } from "../ui/icons.js";
import { storedOf } from "./chat-data.js";

/** @typedef {import("./message-rows.js").MessageRow} MessageRow */
/** @typedef {import("./message-view.js").Stage} Stage */

const MOST_NAMES = 20;

/**
 * @param {MessageRow} row
 * @param {Stage} stage
 */
export function renderReactions({ message }, stage) {
  const { reactions = {}, seq } = storedOf(message);
  const entries = Object.entries(reactions);
  if (entries.length === 0 || seq === undefined) return [];
  const chips = entries.map(([emoji, users]) => renderChip(seq, emoji, users, stage));
  const add = stage.mayWrite() ? [addButton(seq, stage)] : [];
  return [
    element("div", { class: "reactions", role: "group", "aria-label": "Reactions" }, [...chips, ...add]),
  ];
}

/**
 * @param {number} seq
 * @param {string} emoji
 * @param {readonly string[]} users
 * @param {Stage} stage
 */
function renderChip(seq, emoji, users, stage) {
  const self = stage.self();
  const mine = self !== undefined && users.includes(self);
  const names = users.map((id) => (id === self ? "You" : stage.people.nameOf(id)));
  const who = listed(names, MOST_NAMES);
  const chip = element(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": String(mine),
      "aria-label": `${emoji} ${users.length}: ${who}`,
      title: who,
      "data-action": `react ${emoji}`,
    },
    [
      element("span", { class: "emoji" }, [emoji]),
      element("span", { class: "count" }, [countOf(users.length)]),
    ],
  );
  chip.disabled = !stage.mayWrite();
  chip.addEventListener("click", () => stage.react(seq, emoji, !mine));
  return chip;
}

/**
 * @param {number} seq
 * @param {Stage} stage
 */
function addButton(seq, stage) {
  const add = iconButton("Add a reaction", REACT, () =>
    pickEmoji(add, (emoji) => stage.react(seq, emoji, true)),
  );
  add.classList.add("chip-add");
  add.dataset.action = "react";
  add.setAttribute("aria-haspopup", "dialog");
  return add;
}
