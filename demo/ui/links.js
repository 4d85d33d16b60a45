// Links in text that others wrote.

import { element } from "./dom.js";

/** Ends before a character that changes the text direction: it could make an address read as another one. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
/** At the end of an address these belong to the sentence. */
const TRAILING = new Set(".,;:!?'’”…*_");

/**
 * An http(s) address, or a path on this host; `//host` and `/\host` lead to another host.
 *
 * @param {string} link
 */
export const isSafeLink = (link) =>
  /^\/(?![/\\])/u.test(link) || (/^https?:\/\//iu.test(link) && URL.canParse(link));

/** @param {string} href @param {string} label */
export const anchor = (href, label) =>
  element("a", { href, target: "_blank", rel: "noopener noreferrer" }, label);

/** The text with its http(s) addresses as links. @param {string} text @returns {(Node | string)[]} */
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
 * Cuts off what belongs to the sentence around it; a closing bracket stays if the address opened it. One pass: a
 * hostile address of brackets only must not cost quadratic time.
 *
 * @param {string} address
 */
function trimmed(address) {
  const count = (/** @type {string} */ char) => address.split(char).length - 1;
  /** How many of each the address did not open. */
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
