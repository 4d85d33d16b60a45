// What a room or a user has, as a file of lines of JSON.

import { element } from "../ui/dom.js";

/** Saves a file on the operator's machine. @param {string} name @param {Blob} content */
export function saveFile(name, content) {
  const address = URL.createObjectURL(content);
  element("a", { href: address, download: name }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Whether the export ends as a whole one does: with a line that says so. @param {Blob} content */
export async function isWhole(content) {
  const end = await content.slice(-1_000).text();
  return /\{"type":"end"[^\n]*\}\s*$/u.test(end);
}
