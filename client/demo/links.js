// @ts-check
// What may become a link, and nothing else may: the rest is text.

import { element } from "./dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/giu;
/** Ends a sentence rather than an address. */
const TRAILING = /[.,;:!?'’”…*_]+$/u;

/**
 * An http(s) address, or a path on this host. `//host` and `/\host` lead elsewhere.
 *
 * @param {string} link
 */
export const isSafeLink = (link) =>
  /^\/(?![/\\])/u.test(link) || (/^https?:\/\//iu.test(link) && URL.canParse(link));

/**
 * @param {string} href
 * @param {string} label
 */
export const anchor = (href, label) =>
  element("a", { href, target: "_blank", rel: "noopener noreferrer" }, [label]);

/**
 * The text with its http(s) addresses as links.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function linked(text) {
  /** @type {(Node | string)[]} */
  const pieces = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(match);
    if (!URL.canParse(address)) continue;
    pieces.push(text.slice(end, index), anchor(address, address));
    end = index + address.length;
  }
  return [...pieces, text.slice(end)];
}

/**
 * Without what belongs to the sentence around it; a bracket stays where the address opened it.
 *
 * @param {string} address
 */
function trimmed(address) {
  let kept = address.replace(TRAILING, "");
  while (/[)\]]$/u.test(kept)) {
    const [open, close] = kept.endsWith(")") ? ["(", ")"] : ["[", "]"];
    if (kept.split(open).length >= kept.split(close).length) break;
    kept = kept.slice(0, -1).replace(TRAILING, "");
  }
  return kept;
}
