// @ts-check

import { element } from "./dom.js";
import { initials } from "./format.js";

/** @typedef {import("../edge-rooms.js").User} User */

/**
 * The same colour for the same id, everywhere.
 *
 * @param {string} id
 */
export function hueOf(id) {
  let hash = 2_166_136_261;
  for (const unit of id) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % 360;
}

/**
 * @param {HTMLElement} target
 * @param {string} id
 */
export const avatarHue = (target, id) => target.style.setProperty("--hue", String(hueOf(id)));

/** @param {User} user */
export function avatar({ id, name = id, picture }) {
  const made = element("span", { class: "avatar", "aria-hidden": "true" }, [initials(name)]);
  avatarHue(made, id);
  if (picture?.startsWith("https://")) {
    const image = element("img", { src: picture, alt: "", referrerpolicy: "no-referrer" });
    // The initials below it are shown again.
    image.addEventListener("error", () => image.remove());
    made.append(image);
  }
  return made;
}
