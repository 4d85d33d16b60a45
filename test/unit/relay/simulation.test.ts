// The real client against the real rules of a room and of its relays, in the worlds of test/unit/simulation.test.ts. In
// addition the calls between room and relays are late, fail or lose their answers, and relays sleep and crash.

import { describe, expect, it } from "vitest";
import { RelayedServer } from "../../support/relayed-server.ts";
import { dataOf, SimulatedWorld, type WorldSettings } from "../../support/simulated-world.ts";

const { SEEDS: COUNT, SEEDS_FROM = 1 } = process.env;
const seeds = (count: number): number[] =>
  Array.from({ length: Number(COUNT ?? count) }, (_, index) => Number(SEEDS_FROM) + index);
/** Seeds that failed once. */
const pinned = (...those: number[]): number[] => (COUNT === undefined ? those : []);

const PROFILES = ["ada", "ada", "bo", "cy", "di", "ed"].map((user, at) => ({
  ...{ user, presence: at !== 2, history: 50, skewMs: 0 },
  topics: user === "cy" ? ["task"] : null,
}));

const total = {
  ...{ lostCalls: 0, lostAnswers: 0, givenUp: 0, relaySleeps: 0, relayCrashes: 0, crashes: 0 },
  ...{ hubCrashes: 0, throughHubs: 0, mergedUploads: 0, pagesMade: 0 },
};

async function live(seed: number, settings: Partial<WorldSettings>, steps = 250): Promise<void> {
  const world = new SimulatedWorld(seed, {
    ...{ profiles: PROFILES, messageBytes: 300, relayed: true, historyLimit: 400, serverEvents: ["secret"] },
    ...settings,
  });
  await world.run(steps);
  await world.heal();
  const { recordedLog } = world.server.room;
  const stored = recordedLog.epochs.flatMap(({ messages }) => messages.map(({ body }) => dataOf(body)));
  expect(new Set(stored).size).toBe(stored.length);
  for (const peer of world.peers) {
    expect(peer.expectation.faults).toEqual([]);
    for (const [text, outcome] of peer.outcomes) {
      expect(outcome, text).not.toBe("waiting");
      if (typeof outcome === "object" && "seq" in outcome) expect(stored).toContain(text);
    }
  }
  expect(world.server.room.faults.filter((fault) => !/disk I\/O error/.test(String(fault)))).toEqual([]);
  if (world.server instanceof RelayedServer)
    for (const [kind, times] of Object.entries({
      ...{ ...world.server.tally, ...world.server.hubs.tally, ...world.server.pages.tally },
    }))
      if (kind in total) total[kind as keyof typeof total] += times;
  total.crashes += world.tally.crashes;
  await world.close();
}

describe("[L3] the real client, the real room and its relays", () => {
  it.each(seeds(12))("agree on one log, whatever happens (seed %i)", (seed) => live(seed, {}));

  it.each([...pinned(20_028), ...seeds(6)])("agree if users are kicked and logs purged (seed %i)", (seed) =>
    live(seed, { historyLimit: 60, moderated: true }),
  );

  it.each([...pinned(20_144), ...seeds(6)])("agree if the log is short (seed %i)", (seed) =>
    live(seed, { historyLimit: 14 }),
  );

  it.each(seeds(6))("agree if tokens are short-lived (seed %i)", (seed) =>
    live(seed, { tokenMs: [1_500, 15_000] }),
  );

  it.each(seeds(8))("[L36] agree if relays have a hub (seed %i)", (seed) => live(seed, { directRelays: 0 }));

  it.each([...pinned(30_047), ...seeds(4)])(
    "[L36] agree if only some have one, and users are kicked (seed %i)",
    (seed) => live(seed, { directRelays: 1, historyLimit: 60, moderated: true }),
  );

  it.each(seeds(8))("[L121] agree if relays hold little (seed %i)", (seed) =>
    live(seed, { historyLimit: 100, recent: { messages: 25, bytes: 20_000 }, moderated: seed % 2 === 0 }),
  );

  it("have met every kind of fault", () => {
    expect(Object.entries(total).filter(([, times]) => times === 0)).toEqual([]);
  });
});
