// Bold text and code in messages.

import { describe, expect, it } from "vitest";
import { markedUp } from "../../../demo/messages/markup.js";

/** The pieces as `kind:text`; plain text stands alone. */
const pieces = (text: string) =>
  markedUp(text).map(({ kind, text }) => (kind === "text" ? text : `${kind}:${text}`));

describe("marks in a text", () => {
  it.each([
    ["plain", ["plain"]],
    ["a **b c** d", ["a ", "bold:b c", " d"]],
    ["**b**, **c**!", ["bold:b", ", ", "bold:c", "!"]],
    ["这是**重要**的", ["这是", "bold:重要", "的"]],
    ["run `npm i` now", ["run ", "code:npm i", " now"]],
    ["`**not bold**`", ["code:**not bold**"]],
    ["```js\nlet a = `b`;\n\nlet c;\n```", ["block:let a = `b`;\n\nlet c;"]],
    ["Look:\n```\na\n```\nRight?", ["Look:", "block:a", "Right?"]],
    ["see ```one``` there", ["see ", "block:one", " there"]],
    ["**`a`**", ["bold:`a`"]],
  ])("[W36] %s", (text, expected) => {
    expect(pieces(text)).toEqual(expected);
  });

  it.each(["2**3**4", "** a **", "****", "**a", "a**", "`", "``", "``` ", "`a\nb`", "**a\nb**", "<b>a</b>"])(
    "[W36] what is no mark stays: %s",
    (text) => {
      expect(pieces(text)).toEqual([text]);
    },
  );

  it.each(["**a ", "`", "```", "`a\n", "**", "*a*", "**a**`"])(
    "[W36] 30,000 characters of %s take little time",
    (part) => {
      const text = part.repeat(30_000 / part.length);
      const from = performance.now();
      expect(markedUp(text).length).toBeGreaterThan(0);
      expect(performance.now() - from).toBeLessThan(1_000);
    },
  );
});
