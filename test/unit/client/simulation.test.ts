// Clients and rooms over a network that loses, delays and breaks off at every point. In the end every send is stored
// once, and all hold the same log without a gap. The same is checked for changes and read positions, and for rooms on
// the session. The name of a failing test contains its seed; add it below as a case of its own.

import { describe, expect, it } from "vitest";
import { type Hall, type Peer, Simulation, type SimulationOptions } from "./support/simulation.ts";

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

/** Nothing waits, each change that resolved is stored or was undone by its author, and nothing is stored twice. */
function checkEdits({ server, edits, superseded }: Hall): void {
  const fates = [...edits.values()];
  expect(fates.filter((fate) => fate === "waiting" || fate === "unknown")).toEqual([]);
  const stored = [...edits].filter(([text, fate]) => fate === "stored" && !superseded.has(text));
  expect(stored.filter(([text]) => !server.edits.includes(text))).toEqual([]);
  expect(new Set(server.edits).size).toBe(server.edits.length);
}

/** The client holds the end of the log, as the server does. */
function checkHeld({ hall, room }: Peer): void {
  const held = room.messages.filter(({ pending }) => !pending);
  const first = held[0]?.seq ?? Number.POSITIVE_INFINITY;
  const expected = hall.server.messages.filter(({ seq }) => seq >= first);
  expect(held).toEqual(expected);
}

const idsIn = ({ server }: Hall) => server.messages.map(({ id, from }) => `${from?.id} ${id}`);
const badFates = ({ fates }: Hall, allowed: readonly string[]) =>
  [...fates.values()].filter((fate) => !allowed.includes(fate));

async function simulated(options: SimulationOptions): Promise<Simulation> {
  const simulation = new Simulation(options);
  await simulation.run();
  expect(simulation.open).toBe(0);
  for (const hall of simulation.halls.values()) {
    const ids = idsIn(hall);
    expect(new Set(ids).size).toBe(ids.length);
    checkEdits(hall);
  }
  for (const peer of simulation.peers) checkHeld(peer);
  return simulation;
}

describe.each([
  ["sockets of their own", false],
  ["the session", true],
])("[C38] all clients agree over a network that breaks off anywhere, with rooms on %s", (_, shared) => {
  it.each(SEEDS)("every send is stored once and all hold the same log (seed %i)", async (seed) => {
    const simulation = await simulated({ seed, retention: 10_000, shared });
    const { halls, peers, clock } = simulation;
    for (const hall of halls.values()) {
      expect(idsIn(hall).length).toBe(hall.fates.size);
      expect(badFates(hall, ["stored"])).toEqual([]);
      expect(hall.fates.size).toBeGreaterThan(10);
    }
    for (const { room, user, heard, hall } of peers) {
      expect([user, room.state.status, room.outbox.length]).toEqual([user, "connected", 0]);
      expect([user, room.unread]).toEqual([user, hall.server.unread(user)]);
      expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    }
    expect(simulation.disconnects).toBeGreaterThan(0);
    simulation.close();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });

  it.each(SEEDS.slice(0, 30))("nothing is stored twice where the log is short (seed %i)", async (seed) => {
    const simulation = await simulated({ seed, retention: 12, shared });
    for (const hall of simulation.halls.values()) {
      expect(badFates(hall, ["stored", "stale_retry"])).toEqual([]);
    }
    simulation.close();
  });
});

describe("[C47] rooms on a session that end for good too", () => {
  it.each(SEEDS)(
    "all come back when they are wanted, and nothing is stored twice (seed %i)",
    async (seed) => {
      const simulation = await simulated({ seed, retention: 10_000, shared: true, endsForGood: true });
      for (const hall of simulation.halls.values()) {
        expect(badFates(hall, ["stored", "banned", "deleted", "bad_request", "token_expired"])).toEqual([]);
      }
      for (const { room } of simulation.peers) expect(room.state.status).toBe("connected");
      simulation.close();
      await simulation.clock.settle();
      expect(simulation.clock.pending).toBe(0);
    },
  );
});
