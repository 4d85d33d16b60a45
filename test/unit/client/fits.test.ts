import { describe, expect, it } from "vitest";
import { fits } from "../../../client/util/wire.ts";
import type { Schema } from "../../../src/protocol/index.ts";

/** A schema, values that fit it, and values that do not. */
const CASES: readonly (readonly [Schema, readonly unknown[], readonly unknown[]])[] = [
  ["any", [null, 1, "a", {}, undefined], []],
  ["boolean", [true, false], [0, "true", null, undefined]],
  ["number", [0, -1.5], ["1", null, undefined]],
  ["int", [0, 7], [1.5, "1", null, undefined, 2 ** 53]],
  ["seq", [0, 7], [1.5, "1", null, undefined]],
  ["instant", [0, 8.64e15], [8.64e15 + 1, "1", null, undefined]],
  ["text", ["", "a"], [1, null, undefined]],
  // The server checks ranges and grammars; a text may be one that only a newer server knows.
  ["userId", ["", "a"], [1, null, undefined]],
  ["status", ["online", "asleep"], [1, null, undefined]],
  [
    ["one of", ["add", "remove"]],
    ["add", "novelty"],
    [1, undefined],
  ],
  [
    ["key of", { forbidden: 1 }],
    ["forbidden", "novelty"],
    [1, undefined],
  ],
  [
    ["text", 1, 2],
    ["", "abc"],
    [1, undefined],
  ],
  [
    ["int", 1, 2],
    [0, 3],
    ["1", 1.5, undefined],
  ],
  [["is", "a"], ["a"], ["b", undefined]],
  [
    ["optional", "int"],
    [1, undefined],
    [null, "1"],
  ],
  [
    ["nullable", "int"],
    [1, null],
    [undefined, "1"],
  ],
  [
    ["list", "int", 1, 2, "numbers"],
    [[], [1, 2, 3]],
    [["1"], [null], {}, undefined],
  ],
  [
    ["record", "emoji", ["list", "userId"]],
    [{}, { a: ["b"] }],
    [{ a: "b" }, [], null],
  ],
  [["by type", {}], [{ type: "novelty" }], []],
  [
    ["strict", { a: "int" }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{}, { a: "1" }],
  ],
  [{ a: "int", b: ["optional", "text"] }, [{ a: 1 }, { a: 1, b: "c", c: 2 }], [{}, { a: 1, b: 2 }, [], null]],
];

describe("a value from the wire", () => {
  it.each(CASES)("[C32] fits %j only if it has that form", (schema, good, bad) => {
    // Twice, because a check is built once and cached.
    for (const value of [...good, ...good]) expect([value, fits(schema, value)]).toEqual([value, true]);
    for (const value of bad) expect([value, fits(schema, value)]).toEqual([value, false]);
  });
});
