// Finds names after `@` in a text.

const WORD = /[\p{L}\p{N}_]/u;

/**
 * Equal for texts that differ only in upper and lower case. It has the length of the text, so that a position in it is
 * one in the text: a letter whose lower case is longer, such as İ, stays.
 *
 * @param {string} text
 */
export const foldCase = (text) =>
  Array.from(text, (letter) => {
    // By way of the upper case: ς and σ are the same letter.
    const folded = letter.toUpperCase().toLowerCase();
    return folded.length === letter.length ? folded : letter;
  }).join("");

/**
 * Cuts the text before and after each name; of names that begin alike the longest counts.
 *
 * @param {string} text
 * @param {readonly string[]} names as `foldCase` makes them
 * @returns {{ text: string, name?: string }[]}
 */
export function piecesOf(text, names) {
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const folded = foldCase(text);
  /** @type {{ text: string, name?: string }[]} */
  const pieces = [];
  let end = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at < end || WORD.test(text.charAt(at - 1))) continue;
    const name = longestFirst.find(
      (one) => folded.startsWith(one, at + 1) && !WORD.test(text.charAt(at + 1 + one.length)),
    );
    if (name === undefined) continue;
    const after = at + 1 + name.length;
    pieces.push({ text: text.slice(end, at) }, { text: text.slice(at, after), name });
    end = after;
  }
  return [...pieces, { text: text.slice(end) }].filter((piece) => piece.text !== "");
}
