import { describe, expect, it } from "vitest";
import { NoAnswers } from "../../../src/auth/no-answers.ts";
import { QuestionSlots } from "../../../src/auth/question-slots.ts";

const NOW = 1_800_000_000_000;

describe("questions without an answer", () => {
  it("[A50] are remembered for two seconds, for the user in the room", () => {
    const none = new NoAnswers(() => 0);
    none.failed("ada", "hall", NOW);
    const at = (ms: number) => none.has("ada", "hall", NOW + ms);
    expect([at(0), at(1_999), at(2_000), at(-1)]).toEqual([true, true, false, false]);
    expect([none.has("ada", "other", NOW), none.has("bo", "hall", NOW)]).toEqual([false, false]);
    none.answered("ada", "hall");
    expect(at(0)).toBe(false);
  });

  it("[A50] of three users in a row stop all questions for a second, of one user never", () => {
    const none = new NoAnswers(() => 0.5);
    for (let n = 0; n < 100; n++) none.failed("ada", `room${n}`, NOW);
    none.failed("bo", "hall", NOW);
    expect(none.has("cy", "hall", NOW)).toBe(false);
    none.answered("bo", "den");
    for (const user of ["bo", "cy"]) none.failed(user, "hall", NOW);
    expect(none.has("dan", "hall", NOW)).toBe(false);
    none.failed("dan", "hall", NOW);
    const at = (ms: number) => none.has("eve", "hall", NOW + ms);
    expect([at(0), at(1_499), at(1_500), at(-1)]).toEqual([true, true, false, false]);
    // The next one that fails shows that it is down still.
    none.failed("eve", "hall", NOW + 2_000);
    expect(none.has("fay", "hall", NOW + 2_000)).toBe(true);
  });
});

describe("questions at once", () => {
  it("[A50] are at most a hundred: further ones wait a second for their turn, and lost ones do not count", async () => {
    let now = NOW;
    const slots = new QuestionSlots({
      now: () => now,
      wait: (ms) => {
        now += ms;
        return Promise.resolve();
      },
    });
    const never = () => new Promise<never>(() => {});
    for (let n = 0; n < 100; n++) void slots.run(never);
    await expect(slots.run(async () => "asked")).rejects.toThrow("too many questions");
    expect(now - NOW).toBe(1_000);
    now += 3_000;
    expect(await slots.run(async () => "asked")).toBe("asked");
  });
});
