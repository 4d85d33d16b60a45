// Bold text and code, marked as people write them: **bold**, `code`, and ``` around lines of code.

/** @typedef {{ kind: "text" | "bold" | "code" | "block", text: string }} Marked */

/**
 * Bold text is bounded: of a hostile text of asterisks only, each would be searched to its end. `2**3**4` is not bold.
 */
const MARKS =
  /\n?```(?:[\w+-]*\n)?(?<block>[\s\S]+?)\n?```\n?|`(?<code>[^`\n]+)`|(?<![\w*])\*\*(?=[^\s*])(?<bold>[^\n]{0,500}?[^\s*])\*\*(?![\w*])/gu;

/** @param {string} text @returns {Marked[]} */
export function markedUp(text) {
  /** @type {Marked[]} */
  const pieces = [];
  let end = 0;
  for (const { 0: match, index, groups = {} } of text.matchAll(MARKS)) {
    const { block, code, bold } = groups;
    pieces.push({ kind: "text", text: text.slice(end, index) });
    if (block !== undefined) pieces.push({ kind: "block", text: block });
    else if (code !== undefined) pieces.push({ kind: "code", text: code });
    else if (bold !== undefined) pieces.push({ kind: "bold", text: bold });
    end = index + match.length;
  }
  pieces.push({ kind: "text", text: text.slice(end) });
  return pieces.filter((piece) => piece.text !== "");
}
