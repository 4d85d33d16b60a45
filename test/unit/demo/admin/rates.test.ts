// The chart of the admin page: messages a second, from totals.

import { describe, expect, it } from "vitest";
import { linePath, ratesOf, scaleFor, withSample } from "../../../../demo/admin/rates.js";

const samplesOf = (...totals: readonly (readonly [seconds: number, messages: number])[]) =>
  totals.map(([seconds, messages]) => ({ at: seconds * 1_000, messages }));

describe("messages a second", () => {
  it("[W78] are unknown from one answer, and a mean from the second on", () => {
    expect(ratesOf(samplesOf([0, 100]))).toEqual([]);
    expect(ratesOf(samplesOf([0, 100], [5, 150]))).toEqual([{ at: 5_000, rate: 10 }]);
  });

  it("[W78] are the mean of the last minute, as a room says its total once a minute", () => {
    const steps = samplesOf([0, 0], [30, 600], [60, 600], [65, 600], [90, 1_200]);
    expect(ratesOf(steps).map(({ rate }) => rate)).toEqual([20, 10, 600 / 65, 10]);
  });

  it("[W78] begin anew with a total that is less than the one before", () => {
    const before = samplesOf([0, 500], [5, 600]);
    expect(withSample(before, { at: 10_000, messages: 3 })).toEqual([{ at: 10_000, messages: 3 }]);
  });

  it("[W78] are not computed from an answer that is no later than the one before", () => {
    const before = samplesOf([0, 500], [5, 600]);
    expect(withSample(before, { at: 5_000, messages: 700 })).toEqual(before);
  });

  it("[W78] need samples of six minutes, and older ones are forgotten", () => {
    let samples = samplesOf([0, 0]);
    for (let second = 5; second <= 3_600; second += 5)
      samples = withSample(samples, { at: second * 1_000, messages: second });
    expect(samples).toHaveLength(73);
    expect(ratesOf(samples).every(({ rate }) => rate === 1)).toBe(true);
  });
});

describe("the line of the chart", () => {
  const chart = { now: 300_000, width: 300, height: 100, top: 10 };

  it("[W78] has five minutes from its left to its right end, and 0 at its lower edge", () => {
    const points = [
      { at: 0, rate: 0 },
      { at: 60_000, rate: 5 },
      { at: 300_000, rate: 10 },
    ];
    expect(linePath(points.slice(0, 2), chart)).toBe("M0 100L60 50");
    expect(linePath(points.slice(2), chart)).toBe("M300 0");
  });

  it("[W78] leaves out what is older, and has a gap where nothing was asked", () => {
    const points = [
      { at: -1, rate: 5 },
      { at: 10_000, rate: 5 },
      { at: 20_000, rate: 5 },
      { at: 200_000, rate: 5 },
      { at: 205_000, rate: 5 },
    ];
    expect(linePath(points, chart)).toBe("M10 50L20 50M200 50L205 50");
  });

  it("[W78] never leaves its frame", () => {
    expect(linePath([{ at: 300_000, rate: 50 }], chart)).toBe("M300 0");
  });

  it.each([
    [0, 1],
    [1, 1],
    [1.2, 2],
    [3, 5],
    [7, 10],
    [10, 10],
    [12, 20],
    [450, 500],
    [501, 1_000],
  ])("[W78] of at most %d a second ends at %d", (rate, top) => {
    expect(scaleFor(rate)).toBe(top);
  });
});
