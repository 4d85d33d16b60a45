// Which names a text mentions.

import { describe, expect, it } from "vitest";
import { foldCase, piecesOf } from "../../../demo/messages/names-in-text.js";

const namesIn = (text: string, ...names: string[]) =>
  piecesOf(text, names.map(foldCase)).flatMap(({ name, text: found }) => (name === undefined ? [] : [found]));

describe("names in a text", () => {
  it.each([
    ["İstanbul'da @Ada ve @Bo", ["@Ada", "@Bo"]],
    ["@İlker, @ada", ["@İlker", "@ada"]],
    ["İİİ @ΝΊΚΟΣ!", ["@ΝΊΚΟΣ"]],
    ["😀 İ (@BO)", ["@BO"]],
    ["a@Ada @Adam @Bo_", []],
    ["@Ada Lovelace", ["@Ada Lovelace"]],
  ])("[W32] are found beside letters whose lower case is longer: %s", (text, found) => {
    expect(namesIn(text, "Ada", "Bo", "İlker", "Νίκος", "Ada Lovelace")).toEqual(found);
    const pieces = piecesOf(text, ["ada", "bo", "ada lovelace"]);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
  });

  it.each(["İ", "ẞ", "ΑΣ", "😀", "Å", "ǅ", "\u{10400}"])("[W32] folding keeps the length of %s", (text) => {
    expect(foldCase(text)).toHaveLength(text.length);
  });
});
