// How an author looks: a user by a round avatar with a color, server code by a square that no user can have.

import { element, icon } from "./dom.js";
import { initials } from "./format.js";
import { SERVER } from "./icons.js";

/** @import { User } from "../edge-rooms.js" */

/** The same color for the same id, everywhere (FNV-1a). @param {string} id */
function hueOf(id) {
  let hash = 2_166_136_261;
  for (const unit of id) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % 360;
}

/** @param {HTMLElement} target @param {string} id */
export const setHue = (target, id) => target.style.setProperty("--hue", String(hueOf(id)));

/** @param {User} user */
export function avatar({ id, name = id, picture }) {
  const made = element("span", { class: "avatar", "aria-hidden": true }, initials(name));
  setHue(made, id);
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
