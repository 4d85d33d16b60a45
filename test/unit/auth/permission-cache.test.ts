import { describe, expect, it } from "vitest";
import { PermissionCache } from "../../../src/auth/permission-cache.ts";

const NOW = 1_800_000_000_000;

describe("answers of the back end", () => {
  it("[A16] are cached for the time that they state, from the time of the question", () => {
    const answers = new PermissionCache();
    answers.keep("ada", "hall", "write", NOW, 60_000);
    expect(answers.get("ada", "hall", NOW + 59_999)?.permission).toBe("write");
    expect(answers.get("ada", "hall", NOW + 60_000)).toBeUndefined();
    expect(answers.get("ada", "hall", NOW)).toBeUndefined();
    answers.keep("ada", "hall", "write", NOW, 0);
    expect(answers.get("ada", "hall", NOW)).toBeUndefined();
  });

  it("[A16] are never used for another user and room, whatever characters their names contain", () => {
    const answers = new PermissionCache();
    const pairs = [
      ["a", "b:c"],
      ["a:b", "c"],
      ['a","b', "c"],
      ["a", 'b","c'],
      ["a,b", "c"],
      ["a", "b,c"],
    ] as const;
    for (const [at, [user, room]] of pairs.entries()) {
      expect(answers.get(user, room, NOW), `${user} in ${room}`).toBeUndefined();
      answers.keep(user, room, at % 2 === 0 ? "read" : "none", NOW, 60_000);
    }
    expect(pairs.map(([user, room]) => answers.get(user, room, NOW)?.permission)).toEqual([
      ...["read", "none", "read", "none", "read", "none"],
    ]);
  });

  it("[A16] are dropped beyond the limit, the least recently used first", () => {
    const answers = new PermissionCache(3);
    for (const room of ["a", "b", "c"]) answers.keep("ada", room, "read", NOW, 60_000);
    expect(answers.get("ada", "a", NOW)?.permission).toBe("read");
    answers.keep("ada", "d", "read", NOW, 60_000);
    const held = ["a", "b", "c", "d"].filter((room) => answers.get("ada", room, NOW) !== undefined);
    expect(held).toEqual(["a", "c", "d"]);
  });

  it("[A16] do not replace that of a later question, also if they arrive after it", () => {
    const answers = new PermissionCache();
    answers.keep("ada", "hall", "none", NOW + 1, 60_000);
    answers.keep("ada", "hall", "write", NOW, 60_000);
    expect(answers.get("ada", "hall", NOW + 2)?.permission).toBe("none");
  });
});
