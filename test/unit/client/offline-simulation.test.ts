// What was shown as kept is stored once, whatever becomes of tabs, network and storage. `npm run test:nightly` takes many more
// seeds. The name of a failing test contains its seed; add it below.

import { describe, expect, it } from "vitest";
import { OfflineSimulation } from "./support/offline-simulation.ts";

/** Seeds that failed once. */
const PINNED: readonly number[] = [];
const COUNT = Number(process.env.OFFLINE_SEEDS ?? 150);
const FIRST = Number(process.env.OFFLINE_FIRST_SEED ?? 1);
const SEEDS = [...PINNED, ...Array.from({ length: COUNT }, (_, index) => FIRST + index)];

/** Nothing is stored twice, or as another user; and in the end nothing waits, and all hold the same log. */
function check({ server, sent, tabs }: OfflineSimulation): void {
  const ids = server.messages.map(({ id, from }) => `${from?.id} ${id}`);
  expect(new Set(ids).size).toBe(ids.length);
  const texts = server.said.map(String);
  expect(texts.length).toBe(new Set(texts).size);
  for (const { data, from } of server.messages) {
    const sender = typeof data === "string" ? sent.get(data) : undefined;
    if (sender !== undefined) expect([data, from?.id]).toEqual([data, sender]);
  }
  for (const { user, room, outbox } of tabs) {
    const waiting = outbox.entries.filter(({ status }) => status !== "failed");
    expect([user, room.state.status, room.outbox, waiting]).toEqual([user, "connected", [], []]);
    const first = room.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
    expect(room.messages).toEqual(server.messages.filter(({ seq }) => seq >= first));
  }
}

describe("[C185] tabs that share a storage, where anything fails", () => {
  it.each(SEEDS)("send what was kept once, and hold the same log (seed %i)", async (seed) => {
    const simulation = new OfflineSimulation(seed);
    await simulation.run();
    check(simulation);
    const { server, kept, resolved } = simulation;
    expect([...kept, ...resolved].filter((text) => !server.said.includes(text))).toEqual([]);
    simulation.close();
  });

  it.each(SEEDS.slice(0, SEEDS.length / 3))(
    "send nothing twice where it is evicted too (seed %i)",
    async (seed) => {
      const simulation = new OfflineSimulation(seed, true);
      await simulation.run();
      check(simulation);
      simulation.close();
    },
  );
});
