// @ts-check
// What may become a link, and nothing else may: the rest is text.

import { element } from "./dom.js";

/** Without the marks that turn text around, so that an address reads as what it is. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
/** Ends a sentence rather than an address. */
const TRAILING = new Set(".,;:!?'’”…*_");

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
 * Without what belongs to the sentence around it; a bracket stays where the address opened it. In one pass, as anybody
 * may send an address that has nothing but brackets.
 *
 * @param {string} address
 */
function trimmed(address) {
  const count = (/** @type {string} */ char) => address.split(char).length - 1;
  /** How many of each were not opened here. */
  const spare = new Map([
    [")", count(")") - count("(")],
    ["]", count("]") - count("[")],
  ]);
  let end = address.length;
  for (; end > 0; end--) {
    const last = address.charAt(end - 1);
    const unopened = spare.get(last);
    if (unopened === undefined ? !TRAILING.has(last) : unopened <= 0) break;
    if (unopened !== undefined) spare.set(last, unopened - 1);
  }
  return address.slice(0, end);
}
