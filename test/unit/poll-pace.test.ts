import { describe, expect, it } from "vitest";
import { PollPace } from "../../src/object/poll-pace.ts";

const paceOf = (readers: number) => {
  const pace = new PollPace();
  for (let n = 0; n < readers; n++) pace.add("192.0.2.1");
  return pace;
};

describe("the pace of readers without a token", () => {
  it("[H55] is an answer a second", () => {
    const pace = paceOf(1);
    const answers = [10_000];
    for (const begins of [10_100, 11_000, 12_000, 40_000, 40_200])
      answers.push(pace.answerAt("192.0.2.1", answers.at(-1) ?? 0, begins));
    expect(answers).toEqual([10_000, 11_000, 12_000, 13_000, 40_000, 41_000]);
    // The clock was set back.
    expect(pace.answerAt("192.0.2.1", 41_000, 5_000)).toBe(6_000);
  });

  it("[H55] gives all readers of an address 25 answers a second together, and each one every 10 s at least", () => {
    for (const [readers, restMs] of [
      [25, 1_000],
      [40, 1_600],
      [100, 4_000],
      [1_000, 10_000],
    ] as const) {
      expect(paceOf(readers).answerAt("192.0.2.1", 0, 0)).toBe(restMs);
      expect(paceOf(readers).answerAt("192.0.2.2", 0, 0)).toBe(1_000);
    }
  });

  it("[H55] forgets those that have left", () => {
    const pace = paceOf(100);
    for (let n = 0; n < 100; n++) pace.remove("192.0.2.1");
    expect(pace.answerAt("192.0.2.1", 0, 0)).toBe(1_000);
    pace.remove("192.0.2.1");
    pace.add("192.0.2.1");
    expect(pace.answerAt("192.0.2.1", 0, 0)).toBe(1_000);
  });
});
