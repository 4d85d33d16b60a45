import { describe, expect, it } from "vitest";
import { isSampled } from "../../../src/log/sample.ts";

const connections = Array.from({ length: 20_000 }, (_, n) => `c_${(n * 2_654_435_761).toString(16)}`);

describe("a sample of the connections", () => {
  it.each([0, 0.01, 0.1, 0.5, 0.9, 1])("[O23] at %d has about that part of them", (rate) => {
    const part = connections.filter((connection) => isSampled(connection, rate)).length / connections.length;
    expect(Math.abs(part - rate)).toBeLessThan(0.01);
    if (rate === 0 || rate === 1) expect(part).toBe(rate);
  });

  it("[O23] has the same ones each time, and those of a smaller one", () => {
    for (const connection of connections.slice(0, 1_000)) {
      expect(isSampled(connection, 0.3)).toBe(isSampled(connection, 0.3));
      if (isSampled(connection, 0.1)) expect(isSampled(connection, 0.3)).toBe(true);
    }
  });
});
