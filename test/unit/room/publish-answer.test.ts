import { describe, expect, it } from "vitest";
import { readPublishAnswer } from "../../../src/room/runtime/publish-question.ts";

const read = (answer: unknown) => readPublishAnswer(answer, 100);
const refusal = (message: string) => ({ ok: false, refusal: { code: "forbidden", message } });

describe("the answer of the back end", () => {
  it.each([
    [{ action: "pass" }, {}],
    [{ action: "pass", data: 1, flag: "ignored", more: true }, {}],
    [{ action: "change", data: { text: "***" } }, { data: '{"text":"***"}' }],
    [{ action: "change", data: null }, { data: "null" }],
    [
      { action: "change", data: "é", flag: "masked" },
      { data: '"é"', flag: "masked" },
    ],
    [{ action: "flag", flag: "f".repeat(64) }, { flag: "f".repeat(64) }],
  ])("[Z125] %o lets a message pass", (answer, ruling) => {
    expect(read(answer)).toEqual({ ok: true, value: ruling });
  });

  it.each([
    ["no swearing", "no swearing"],
    ["x".repeat(201), "x".repeat(200)],
    [`${"x".repeat(199)}😀`, "x".repeat(199)],
    [undefined, "this message was refused"],
    [" ", "this message was refused"],
    [{ text: "no" }, "this message was refused"],
  ])("[Z126] refuses in its own words, whatever they are: %o", (message, expected) => {
    expect(read({ action: "refuse", message })).toEqual(refusal(expected));
  });

  it.each([
    ["a bare word", "pass"],
    ["a list", [{ action: "pass" }]],
    ["null", null],
    ["no action", {}],
    ["an unknown action", { action: "allow" }],
    ["an action in another case", { action: "Pass" }],
    ["a change without data", { action: "change" }],
    ["a change to what is too large", { action: "change", data: "x".repeat(99) }],
    ["a change to a number that no double holds", { action: "change", data: Number.POSITIVE_INFINITY }],
    ["a flag without a word", { action: "flag" }],
    ["an empty flag", { action: "flag", flag: "" }],
    ["a flag that is too long", { action: "flag", flag: "f".repeat(65) }],
    ["a flag that is no text", { action: "change", data: 1, flag: 5 }],
  ])("[Z127] %s is no answer", (_, answer) => {
    expect(read(answer)).toBeUndefined();
  });
});
