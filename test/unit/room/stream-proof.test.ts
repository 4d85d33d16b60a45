// An answer is killed, cut and resumed at any token. Here a sample of the tokens: `npm run torture` plays all of them.

import { describe, expect, it } from "vitest";
import { anything, asleepAt, atEvery, killedAt, type Played } from "../../support/streams/stream-faults.ts";
import { StreamWorld } from "../../support/streams/stream-world.ts";

const { SEEDS_FROM = "1" } = process.env;
const SEED = Number(SEEDS_FROM);
const TOKENS = 2_000;
/** As long an answer as one of 2,000 tokens, in fewer steps. */
const SPARSE = { tokens: 400, everyMs: 150 };
const seeds = (count: number) => Array.from({ length: count }, (_, at) => SEED + at);
/** Tokens spread over an answer of so many, other ones with each seed; the first ones and the last ones too. */
const sample = (count: number, most: number): readonly number[] => [
  ...[0, 1, 2, most - 1, most],
  ...Array.from({ length: count }, (_, at) => Math.floor(((at + (SEED % 7) / 7) * most) / count)),
];

const expectWhole = ({ faults, rows, mayWrite }: Played): void => {
  expect(faults).toEqual([]);
  expect(rows).toBeLessThanOrEqual(mayWrite);
};

describe("an answer of 2,000 tokens", () => {
  it("[Y120] is shown whole by readers of all kinds, is 5 rows, and comes within 40 ms", () => {
    const world = new StreamWorld({ seed: SEED, tokens: TOKENS });
    world.finish();
    expect(world.faults).toEqual([]);
    expect(world.rows()).toBe(5);
    expect(Math.max(...world.delays)).toBeLessThanOrEqual(40);
    expect(world.delays.length).toBeGreaterThanOrEqual(TOKENS);
  });

  it("[Y121] loses nothing if the object dies at one of 20 tokens", () => {
    const options = { seed: SEED, tokens: TOKENS };
    expectWhole(atEvery(options, (world) => world.restart("crash"), { from: SEED % 20, every: 20 }));
  });
});

describe("an answer", () => {
  it.each(sample(12, SPARSE.tokens))("[Y121] loses nothing if the object dies at token %i", (at) => {
    expectWhole(killedAt({ ...SPARSE, seed: SEED + at }, at));
  });

  it.each(sample(4, SPARSE.tokens))("[Y122] loses nothing if the object sleeps at token %i", (at) => {
    expectWhole(asleepAt({ ...SPARSE, seed: SEED + at }, at));
  });

  it.each(seeds(1))("[Y121] survives the object that dies at every token (seed %i)", (seed) => {
    expectWhole(atEvery({ seed, tokens: 200 }, (world) => world.restart("crash")));
  });

  it.each(seeds(1))("[Y123] survives a producer that is cut at every token (seed %i)", (seed) => {
    expectWhole(atEvery({ seed, tokens: 400 }, (world) => world.cutProducer()));
  });

  it.each(seeds(1))("[Y124] is resumed by readers that are cut at every token (seed %i)", (seed) => {
    expectWhole(
      atEvery({ seed, tokens: 200 }, (world) => {
        for (const one of world.readers) if (one.seat.isConnected) world.cut(one, 0);
      }),
    );
  });

  it.each(seeds(6))("[Y125] survives all of that at any time (seed %i)", (seed) => {
    expectWhole(anything({ seed, tokens: 300 }));
  });

  it.each(seeds(6))("[Y126] is replaced where another producer goes on otherwise (seed %i)", (seed) => {
    expectWhole(anything({ seed, tokens: 300 }, true));
  });
});
