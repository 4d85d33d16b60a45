import { describe, expect, it } from "vitest";
import { NoAnswers } from "../../../src/auth/no-answers.ts";
import { QuestionSlots } from "../../../src/auth/question-slots.ts";

const NOW = 1_800_000_000_000;

describe("missing answers of the back end", () => {
  it("[A50] are remembered for 2 s for that user and room", () => {
    const none = new NoAnswers(() => 0);
    none.failed("ada", "hall", NOW);
    const at = (ms: number) => none.has("ada", "hall", NOW + ms);
    expect([at(0), at(1_999), at(2_000), at(-1)]).toEqual([true, true, false, false]);
    expect([none.has("ada", "other", NOW), none.has("bo", "hall", NOW)]).toEqual([false, false]);
    none.answered("ada", "hall");
    expect(at(0)).toBe(false);
  });

  it("[A50] for three users in a row stop all questions for 1 to 2 s, for one user never", () => {
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
    // The next failure shows that the back end is still down.
    none.failed("eve", "hall", NOW + 2_000);
    expect(none.has("fay", "hall", NOW + 2_000)).toBe(true);
  });
});

describe("open questions to the back end", () => {
  it("[A50] are at most 100: further ones wait a second for their turn, and lost ones do not count", async () => {
    let now = NOW;
    const ports = {
      now: () => now,
      wait: (ms: number) => {
        now += ms;
        return Promise.resolve();
      },
    };
    const slots = new QuestionSlots(ports, { maxWaitMs: 1_000, withinMs: 3_000 });
    const never = () => new Promise<never>(() => {});
    for (let n = 0; n < 100; n++) void slots.run(never);
    await expect(slots.run(async () => "asked")).rejects.toThrow("too many questions");
    expect(now - NOW).toBe(1_000);
    now += 3_000;
    expect(await slots.run(async () => "asked")).toBe("asked");
  });
});
