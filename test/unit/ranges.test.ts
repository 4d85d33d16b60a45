import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { check } from "../../src/validation/check.ts";
import { ROOM_VALIDATORS, SESSION_VALIDATORS } from "../../src/validation/commands.ts";
import { instant, integer, listOf, text } from "../../src/validation/ranges.ts";

const SECRET = "a-value-that-nobody-may-read";

/** The text of the refusal, `ok` if there is none. */
function wordsOf(schema: v.GenericSchema, value: unknown): string {
  const outcome = check(schema, value);
  return outcome.ok ? "ok" : outcome.refusal.message;
}

const many = (count: number) => Array.from({ length: count }, () => "a");
const commands: Readonly<Record<string, v.GenericSchema>> = { ...SESSION_VALIDATORS, ...ROOM_VALIDATORS };

/** The type, the fields beside `id`, the text of the refusal. */
const CASES: [string, object, string][] = [
  ["send", { data: 1, mentions: many(21) }, "mentions: must be a list of at most 20 user ids"],
  ["send", { data: 1, mentions: SECRET }, "mentions: must be a list of at most 20 user ids"],
  [
    "send",
    { data: 1, mentions: [""] },
    "mentions.0: must be 1 to 255 printable characters, not all of them blank, and not . or ..",
  ],
  ["send", { data: 1, replyTo: 0 }, "replyTo: must be a whole number of at least 1"],
  ["send", { data: 1, echo: SECRET }, "echo: must be true or false"],
  ["send", { data: 1, retryOf: 5 }, "retryOf: must be text"],
  ["send", {}, "data: is missing"],
  ["react", { seq: 1, emoji: "👍", op: SECRET }, "op: must be one of add, remove"],
  ["presence", { status: SECRET }, "status: must be one of online, away, busy"],
  ["history", { limit: 1_001, after: 1 }, "limit: must be a whole number from 1 to 1000"],
  ["history", { limit: 1.5 }, "limit: must be a whole number from 1 to 1000"],
  ["topics", { topics: many(21) }, "topics: must be a list of at most 20 topics"],
  ["topics", { topics: { [SECRET]: 1 } }, "topics: must be a list of at most 20 topics"],
  ["join", { room: "a", history: 201 }, "history: must be a whole number from 0 to 200"],
  ["join", { room: "a", presence: SECRET }, "presence: must be off"],
  [
    "join",
    { room: SECRET.repeat(9) },
    "room: must be 1 to 128 of A-Z a-z 0-9 _ . : - and start with a letter or digit",
  ],
  ["mark", { ids: many(1_001), state: "read" }, "ids: must be a list of at most 1000 ids"],
  ["mark", { ids: ["a".repeat(201)], state: "read" }, "ids.0: must be text of 1 to 200 characters"],
  ["mark", { all: true, state: SECRET }, "state: must be one of unseen, seen, read, archived"],
  ["notifications", { limit: 0 }, "limit: must be a whole number from 1 to 200"],
];

describe("the refusal of a value that does not fit", () => {
  it.each(CASES)("[M12] of %s with %j states what fits: %s", (type, fields, words) => {
    const schema = commands[type];
    if (schema === undefined) throw new Error(type);
    expect(wordsOf(schema, { type, id: "x", ...fields })).toBe(words);
  });

  it("[M12] states the whole range, whichever end was missed, and never the value", () => {
    for (const value of [4, 11, 5.5, "7", null, Number.NaN, Number.POSITIVE_INFINITY, SECRET])
      expect(wordsOf(integer(5, 10), value)).toBe("must be a whole number from 5 to 10");
    for (const value of ["", "abcd", 1, [SECRET]])
      expect(wordsOf(text(1, 3), value)).toBe("must be text of 1 to 3 characters");
    for (const value of [[], many(101), {}, SECRET])
      expect(wordsOf(listOf(v.string(), 1, 100, "rooms"), value)).toBe("must be a list of 1 to 100 rooms");
    const levels = v.record(text(1, 3), v.picklist(["read", "write"]));
    expect(wordsOf(levels, { a: SECRET })).toBe("a: must be one of read, write");
    expect(wordsOf(levels, SECRET)).toBe("must be an object");
    expect(wordsOf(v.object({ a: v.number() }), { a: SECRET })).toBe("a: must be a number");
    expect(wordsOf(v.object({ a: v.number() }), SECRET)).toBe("must be an object");
    expect(wordsOf(v.pipe(v.string(), v.email()), SECRET)).toBe("does not fit");
  });

  it("[A28] of an instant states the range of a Date, in whole milliseconds", () => {
    expect(check(instant, 1.9)).toEqual({ ok: true, value: 1 });
    expect(check(instant, 8.64e15)).toEqual({ ok: true, value: 8.64e15 });
    for (const value of [-1, 8.64e15 + 1, 1e300, Number.POSITIVE_INFINITY, "1"])
      expect(wordsOf(instant, value)).toMatch(/^must be milliseconds since 1970/);
  });
});
