// A sample of what `npm run torture` does to an answer that streams. SEEDS_FROM selects another one.

import { afterAll, beforeAll, expect, it } from "vitest";
import { KilledServer } from "../torture/killed-server.ts";
import { runAnswerRound } from "../torture/streams/answer-round.ts";

const { SEEDS_FROM = "1" } = process.env;
const MOST_MS = 15_000;

let server: KilledServer;
beforeAll(async () => {
  server = await KilledServer.start();
});
afterAll(() => server.close());

it(`[Y128] an answer is whole for readers on every way, however its server dies (seed ${SEEDS_FROM})`, async () => {
  const { anomalies, kills, readerCuts } = await runAnswerRound(server, {
    ...{ seed: Number(SEEDS_FROM), tokens: 500, readers: 20, kills: 5 },
    endsAt: performance.now() + MOST_MS,
  });
  expect(anomalies).toEqual([]);
  expect(kills).toBeGreaterThan(0);
  expect(readerCuts).toBeGreaterThan(0);
});
