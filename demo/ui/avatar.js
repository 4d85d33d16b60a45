// How an author looks: a user by a round avatar with a color, server code by a square that no user can have.

import { element, icon } from "./dom.js";
import { initials } from "./format.js";
import { SERVER, TOY } from "./icons.js";

/** @import { User } from "../edge-rooms.js" */

const HUES = 12;
/** Lightness of an avatar: white initials have a contrast of at least 4.5 on both. */
const TONES = [0.4, 0.53];
/** No divisor in common with the number of hues, so the last characters 0 to 9 lead to ten hues. */
const STEP = 7;

/**
 * The same color for the same id, on every page. Ids often differ only at their end (`user-1`, `user-2`): the last
 * character takes steps along the colors, from a start that all characters before it choose.
 *
 * @param {string} id
 */
export function colorOf(id) {
  const last = id.charCodeAt(id.length - 1) || 0;
  const at = (hashOf(id.slice(0, -1)) + last * STEP) % (HUES * TONES.length);
  return { hue: (at % HUES) * (360 / HUES), tone: TONES[Math.floor(at / HUES)] ?? 0 };
}

/** FNV-1a, whose bits the finalizer of MurmurHash3 mixes: its low bits alone are no hash. @param {string} text */
function hashOf(text) {
  let hash = 2_166_136_261;
  for (const unit of text) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** @param {HTMLElement} target @param {string} id */
export function setColor(target, id) {
  const { hue, tone } = colorOf(id);
  target.style.setProperty("--hue", String(hue));
  target.style.setProperty("--tone", String(tone));
}

/** @param {User} user */
export function avatar({ id, name = id, picture }) {
  const made = element("span", { class: "avatar", "aria-hidden": true }, initials(name));
  setColor(made, id);
  if (picture?.startsWith("https://")) {
    const image = element("img", { src: picture, alt: "", referrerpolicy: "no-referrer" });
    // The initials are below it.
    image.addEventListener("error", () => image.remove());
    made.append(image);
  }
  return made;
}

/** In place of an avatar. */
export const serverFace = () => element("span", { class: "server-face", "aria-hidden": true }, icon(SERVER));

/** In place of a name. */
export const serverBadge = () => element("span", { class: "server-badge" }, icon(SERVER), "Server");

/** In place of the avatar and the name of a user for whom the toy model answered. */
export const toyFace = () => element("span", { class: "toy-face", "aria-hidden": true }, icon(TOY));
export const TOY_NAME = "Toy model";
