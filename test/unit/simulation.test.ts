// The real client against the real rules of a room, in seeded worlds where everything goes wrong: the network delays,
// breaks off and dies, the room sleeps and crashes, tokens end, writes fail. After every step each client must have
// heard exactly what stood in the log where its wire has got to. A failing seed is in the test's name.

import { describe, expect, it } from "vitest";
import type { Profile, SimulatedPeer } from "../support/simulated-peer.ts";
import { dataOf, SimulatedWorld, type WorldSettings } from "../support/simulated-world.ts";

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);
/** Of worlds that once went wrong, and of those that show much. */
const PINNED = [1_001, 1_002, 1_003];

const profile = (user: string, more: Partial<Profile> = {}): Omit<Profile, "index"> => ({
  user,
  topics: null,
  presence: true,
  history: 50,
  skewMs: 0,
  ...more,
});

const PROFILES = [
  profile("ada"),
  profile("ada", { history: 5, skewMs: 3_600_000 }),
  profile("bo", { presence: false }),
  profile("cy", { topics: ["task"], skewMs: -90_000 }),
  profile("di", { history: 0 }),
];

/** 1 MiB holds some thirty of the large ones, so nobody asks for more at first. */
const PROFILES_OF_FEW = PROFILES.map((given) => ({ ...given, history: Math.min(given.history, 20) }));

const total = { lost: 0, partial: 0, complete: 0, duplicates: 0, gonePages: 0, renewals: 0, reconnects: 0 };
const events = { hibernations: 0, crashes: 0, breaks: 0, nonsense: 0, failedWrites: 0, lostAnswers: 0 };
const ends = { refused: 0, stale: 0, endings: 0, retired: 0, signals: 0 };

const worldOf = (seed: number, settings: Partial<WorldSettings>) =>
  new SimulatedWorld(seed, { profiles: PROFILES, messageBytes: 300, serverEvents: ["secret"], ...settings });

async function live(seed: number, settings: Partial<WorldSettings>, steps = 300): Promise<void> {
  const world = worldOf(seed, settings);
  await world.run(steps);
  await rest(world);
}

async function rest(world: SimulatedWorld): Promise<void> {
  await world.heal();
  expectOneLog(world);
  for (const peer of world.peers) expectRest(world, peer);
  count(world);
  await world.close();
  expect(world.clock.pending).toBe(0);
}

/**
 * Rejected, as nobody could know whether it is stored. It was in the end: what the replay did not show was retried.
 */
const UNDECIDED = new Set(["stale_retry", "token_expired", "unauthorized"]);

/** Every number and every id once, and nothing refused among them. */
function expectOneLog({ server, peers }: SimulatedWorld): void {
  const { stored, log } = server.room;
  expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
  expect(log.head).toBe(stored.length);
  expect(new Set(stored.map(({ author, id }) => `${author} ${id}`)).size).toBe(stored.length);
  const fates = peers.flatMap(({ fates, profile: { user } }) =>
    [...fates].map(([text, fate]) => ({ text, fate, user })),
  );
  const times = new Map<unknown, number>();
  for (const data of stored.map(({ body }) => dataOf(body))) times.set(data, (times.get(data) ?? 0) + 1);
  for (const { text, fate, user } of fates) {
    // At rest nothing waits: it is stored, or refused for good.
    if (fate === "waiting") throw new Error(`still waiting: ${text.slice(0, 20)}`);
    if ("seq" in fate) {
      const at = stored[fate.seq - 1];
      expect([at?.author, at?.id, at?.at, dataOf(at?.body ?? "{}")]).toEqual([user, fate.id, fate.at, text]);
      expect(times.get(text)).toBe(1);
    } else if (UNDECIDED.has(fate.refused)) expect(times.get(text)).toBe(1);
    else {
      expect(["forbidden", "too_large", "not_found"]).toContain(fate.refused);
      expect(times.get(text)).toBe(undefined);
    }
  }
}

function expectRest(world: SimulatedWorld, { room, profile, signals, ear }: SimulatedPeer): void {
  const { user, presence } = profile;
  expect([user, room.state.status]).toEqual([user, "connected"]);
  expect(room.outbox.filter(({ status }) => status !== "failed")).toEqual([]);
  const users = [...new Set(world.peers.map((other) => other.profile.user))].sort();
  expect(room.members.map(({ id }) => id).sort()).toEqual(presence ? users : []);
  expect(world.server.room.room.attendance.occupancy).toEqual({
    members: users.length,
    connections: world.peers.length,
  });
  // Whoever filters is told of the head now and then: each time it passes a tenth of the history.
  const { head } = world.server.room.log;
  expect(room.head).toBeLessThanOrEqual(head);
  expect(room.head).toBeGreaterThanOrEqual(ear.filter === null ? head : head - world.tellsHeadEvery);
  const numbers = signals.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(signals.filter(({ to }) => to !== null && to !== user)).toEqual([]);
}

function count(world: SimulatedWorld): void {
  for (const { ear, tally, fates, signals } of world.peers) {
    total.lost += tally.lost;
    total.reconnects += tally.dials - 1;
    for (const key of ["partial", "complete", "duplicates", "gonePages", "renewals"] as const) {
      total[key] += ear.seen[key];
    }
    ends.endings += tally.endings;
    ends.signals += signals.length;
    for (const fate of fates.values()) {
      if (fate === "waiting" || "seq" in fate) continue;
      if (fate.refused === "stale_retry") ends.stale += 1;
      else ends.refused += 1;
    }
  }
  for (const key of Object.keys(events) as (keyof typeof events)[]) events[key] += world.tally[key];
  ends.retired += world.server.room.log.floor;
}

describe("[C38][S2][S7][D1][D2] the real client and the real room", () => {
  it.each([...PINNED, ...SEEDS])("agree on one log, whatever happens (seed %i)", (seed) =>
    live(seed, { historyLimit: 400 }),
  );

  it.each(SEEDS)("[F6][C8] agree where the log is short and much is lost (seed %i)", (seed) =>
    live(seed, { historyLimit: 14 }),
  );

  it.each(SEEDS.slice(0, 4))("[F5][C10] agree where more is missed than one replay holds (seed %i)", (seed) =>
    live(seed, { historyLimit: 6_000, burst: 700 }, 250),
  );

  it.each(SEEDS.slice(0, 10))("[F9][C11] agree where the log passes who still pages (seed %i)", (seed) =>
    live(seed, { historyLimit: 1_300, burst: 1_290 }, 250),
  );

  it.each(SEEDS.slice(0, 4))("[F5][M4] agree where messages are large (seed %i)", (seed) =>
    live(seed, { historyLimit: 200, bytes: 30_000, messageBytes: 32_768, profiles: PROFILES_OF_FEW }),
  );

  it.each(SEEDS.slice(0, 12))("[M5][C22][C26] agree at a slow pace (seed %i)", (seed) =>
    live(seed, { historyLimit: 200, ratePerSecond: 2, rateBurst: 4 }),
  );

  it.each([5_024, ...SEEDS.slice(0, 12)])(
    "[M8][M9][C27] agree where tokens are short-lived (seed %i)",
    (seed) => live(seed, { historyLimit: 200, tokenMs: [1_500, 15_000] }),
  );

  it.each(SEEDS.slice(0, 4))(
    "[P5][P7][C28] agree on who is here, also in a crowd (seed %i)",
    async (seed) => {
      const world = worldOf(seed, { historyLimit: 200 });
      await world.run(60);
      world.gather(230);
      await world.run(60);
      world.gather(230);
      const { attendance } = world.server.room.room;
      // As long as a dead connection may go unnoticed.
      do await world.pass(2_000, 20);
      while (attendance.dueAt() !== null);
      const { members } = attendance.occupancy;
      expect(members).toBeGreaterThan(229);
      for (const { room, profile } of world.peers) {
        if (!profile.presence || room.state.status !== "connected") continue;
        expect([room.members, room.occupancy.members]).toEqual([[], members]);
      }
      world.disperse(190);
      await world.run(60);
      world.disperse(0);
      await rest(world);
    },
  );

  it("[C38] went through all of it", () => {
    const missing = Object.entries({ ...total, ...events, ...ends }).filter(([, times]) => times === 0);
    expect(missing).toEqual([]);
  });
});
