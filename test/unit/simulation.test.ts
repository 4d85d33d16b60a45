// Runs the real client against the real rules of a room, in seeded worlds in which everything goes wrong: the network
// delays, breaks off and stops, the room sleeps and crashes, tokens expire, writes fail, users are kicked and logs
// purged. After every step each client must have received exactly what happened in the log, as far as its connection
// has got. The name of a test contains its seed; SEEDS_FROM and SEEDS select others, such as SEEDS_FROM=1000
// SEEDS=5000.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import { accept, type Message, matchesTopics, refuse, reject } from "../../src/protocol/index.ts";
import type { Profile, SimulatedPeer } from "../support/simulated-peer.ts";
import { dataOf, SimulatedWorld, type WorldSettings } from "../support/simulated-world.ts";

const { SEEDS: COUNT, SEEDS_FROM = 1 } = process.env;
/** The number of worlds of each kind; slow kinds run a part of it. */
const seeds = (count: number): number[] =>
  Array.from({ length: Number(COUNT ?? count) }, (_, index) => Number(SEEDS_FROM) + index);
/** Seeds that failed once, and seeds that cover much. */
const pinned = (...these: number[]): number[] => (COUNT === undefined ? these : []);

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
  profile("di", { history: 0, permission: "moderate" }),
];

/** 1 MiB holds about thirty of the large messages, so no client asks for more at first. */
const PROFILES_OF_FEW = PROFILES.map((given) => ({ ...given, history: Math.min(given.history, 20) }));

const total = {
  ...{ lost: 0, partial: 0, complete: 0, duplicates: 0, gonePages: 0, renewals: 0, reconnects: 0 },
  ...{ changes: 0, receipts: 0 },
};
const attempts = { changed: 0, unchanged: 0, forbidden: 0, not_found: 0, too_large: 0, offline: 0 };
const acts = { kicks: 0, bans: 0, unbans: 0, settings: 0, purges: 0, slowed: 0 };
const events = {
  hibernations: 0,
  crashes: 0,
  breaks: 0,
  faultyFrames: 0,
  failedWrites: 0,
  lostAnswers: 0,
  regained: 0,
};
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
  world.reads.checkAllBack();
  events.regained += world.reads.regained;
  expectOneLog(world);
  expectChanges(world);
  expectPace(world);
  expectRows(world);
  for (const peer of world.peers) expectRest(world, peer);
  count(world);
  await world.close();
  expect(world.clock.pending).toBe(0);
}

/**
 * Rejected because it was unknown whether the message is stored. It was stored in the end: what the replay did not show
 * was retried.
 */
const UNDECIDED = new Set(["stale_retry", "token_expired", "unauthorized", "banned", "deleted"]);

/** Every seq and every id occurs once, and none of a refused command. */
function expectOneLog({ server, peers }: SimulatedWorld): void {
  const { recordedLog, log } = server.room;
  expect([log.epoch, log.head]).toEqual([recordedLog.now.epoch, recordedLog.now.head]);
  const messages = recordedLog.epochs.flatMap((logEpoch) =>
    logEpoch.messages.map((message) => ({ ...message, logEpoch })),
  );
  const byId = Map.groupBy(messages, ({ author, id }) => `${author} ${id}`);
  expect(byId.size).toBe(messages.length);
  const times = Map.groupBy(messages, ({ body }) => dataOf(body));
  const outcomes = peers.flatMap(({ outcomes, forbidden, profile: { user } }) =>
    [...outcomes].map(([text, outcome]) => ({ text, outcome, user, isForbidden: forbidden.has(text) })),
  );
  for (const { text, outcome, user, isForbidden } of outcomes) {
    // When all is quiet nothing waits: each command is stored, or refused for good.
    if (outcome === "waiting") throw new Error(`still waiting: ${text.slice(0, 20)}`);
    if ("seq" in outcome) {
      const [stored] = byId.get(`${user} ${outcome.id}`) ?? [];
      expect([stored?.seq, stored?.at, dataOf(stored?.body ?? "{}")]).toEqual([
        outcome.seq,
        outcome.at,
        text,
      ]);
      expect(times.get(text)).toHaveLength(1);
    } else if (UNDECIDED.has(outcome.refused) || (outcome.refused === "forbidden" && !isForbidden)) {
      expect(times.get(text)).toHaveLength(1);
    } else {
      expect(["forbidden", "too_large", "not_found"]).toContain(outcome.refused);
      expect(times.get(text)).toBe(undefined);
    }
  }
}

/** A change that resolved is stored, unless its author undid it; a refused one left no trace. */
function expectChanges({ peers }: SimulatedWorld): void {
  for (const { attempts: done, profile } of peers) {
    for (const [index, { target, logEpoch, text, outcome }] of done.entries()) {
      const versions = logEpoch?.versions(target) ?? [];
      const edited = versions.some(({ body }) => text !== undefined && dataOf(body) === text);
      if (outcome === "waiting") throw new Error(`still waiting: ${JSON.stringify({ target, text })}`);
      if ("refused" in outcome) {
        // A client that lost the answer to an edit, and finds the message deleted, tries it once more.
        const erased = outcome.refused === "not_found" && versions.at(-1)?.deleted;
        if (REFUSED_CHANGES.has(outcome.refused) && !erased) expect([text, edited]).toEqual([text, false]);
        continue;
      }
      const later = done
        .slice(index + 1)
        .filter((next) => next.logEpoch === logEpoch && next.target === target);
      if (text !== undefined && later.length === 0)
        expect([profile.user, text, edited]).toEqual([profile.user, text, true]);
      if (outcome.seq > 0) expect(versions.map(({ seq }) => seq)).toContain(outcome.seq);
    }
  }
}

const REFUSED_CHANGES = new Set(["forbidden", "not_found", "too_large", "bad_request"]);

/** No user but moderators sent sooner than slow mode allows, as far as the log shows. */
function expectPace({ server, peers }: SimulatedWorld): void {
  const free = new Set(
    peers.filter(({ profile }) => profile.permission === "moderate").map(({ profile }) => profile.user),
  );
  for (const { events } of server.room.recordedLog.epochs) {
    const last = new Map<string, (typeof events)[number]>();
    for (const said of events) {
      const { seq, target, by, at, when } = said;
      if (seq !== target || by === "writer" || free.has(by)) continue;
      const before = last.get(by);
      last.set(by, said);
      if (before === undefined || when.slowModeMs === 0) continue;
      const forgotten = before.seq <= when.floor && before.when.starts < when.starts;
      if (at - before.at < when.slowModeMs && !forgotten)
        throw new Error(`${by} spoke at ${before.at} and ${at}`);
      acts.slowed += 1;
    }
  }
}

/** One row per message and one per user. */
function expectRows({ server, peers }: SimulatedWorld): void {
  const { database, log } = server.room;
  const count = (table: string) =>
    [...database.sql.exec<{ rows: number }>(`SELECT COUNT(*) AS rows FROM ${table}`)][0]?.rows ?? 0;
  expect(count("log")).toBeLessThanOrEqual(server.room.room.settings.historyLimit);
  const held = server.room.recordedLog.now.held(log, null).length;
  expect(count("log")).toBeGreaterThanOrEqual(held);
  expect(count("users")).toBeLessThanOrEqual(new Set(peers.map(({ profile }) => profile.user)).size);
}

function expectRest(world: SimulatedWorld, peer: SimulatedPeer): void {
  const { room, profile, signals, expectation } = peer;
  const { user, presence } = profile;
  peer.checkHeld();
  expectLogHeld(world, peer);
  expect([user, room.state.status]).toEqual([user, "connected"]);
  expect(room.outbox.filter(({ status }) => status !== "failed")).toEqual([]);
  const users = [...new Set(world.peers.map((other) => other.profile.user))].sort();
  expect(room.members.map(({ id }) => id).sort()).toEqual(presence ? users : []);
  expect(world.server.room.room.roomPresence.occupancy).toEqual({
    members: users.length,
    connections: world.peers.length,
  });
  // A filtered client receives the head now and then: each time it passes a tenth of the history.
  const { head } = world.server.room.log;
  expect(room.head).toBeLessThanOrEqual(head);
  expect(room.head).toBeGreaterThanOrEqual(expectation.filter === null ? head : head - world.tellsHeadEvery);
  const numbers = signals.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(signals.filter(({ to }) => to !== null && to !== user)).toEqual([]);
}

/** A client that received everything holds what the log holds, and has the right unread count. */
function expectLogHeld(world: SimulatedWorld, { room, profile, expectation }: SimulatedPeer): void {
  const { server, peers, wasCrowded } = world;
  const { log, recordedLog, room: rules } = server.room;
  expect(expectation.logEpoch).toBe(recordedLog.now);
  const matching = room.messages.filter(
    ({ event }) => profile.topics === null && matchesTopics(expectation.filter, event),
  );
  for (const message of matching) {
    // Refused messages are still shown.
    if (message.pending) continue;
    const now: unknown = JSON.parse(recordedLog.now.version(message.seq, log.head)?.body ?? "null");
    expect(withoutEdit(message)).toEqual(withoutEdit(now));
  }
  const { seq, unread } = rules.receipts.of(profile.user);
  // A crowd gets no receipts, so a device does not learn what another device of its user reads.
  const devices = peers.filter((peer) => peer.profile.user === profile.user).length;
  if (wasCrowded && devices > 1) return;
  // Messages that the log removed are no longer unread, which only the log knows.
  if (profile.topics === null && seq >= log.floor) {
    expect([profile.user, room.unread]).toEqual([profile.user, unread]);
  }
}

/** A replay that reports a deletion does not say whether an edit came before it. */
function withoutEdit(message: unknown): unknown {
  const { editedAt: _, editedBy: __, ...rest } = { deletedAt: undefined, ...(message as Message) }; // as the log stores it
  return rest.deletedAt === undefined ? message : rest;
}

function count(world: SimulatedWorld): void {
  for (const { expectation, tally, outcomes, signals, attempts: done } of world.peers) {
    for (const { outcome } of done) {
      if (outcome === "waiting") continue;
      if ("seq" in outcome) attempts[outcome.seq === 0 ? "unchanged" : "changed"] += 1;
      else if (outcome.refused in attempts) attempts[outcome.refused as keyof typeof attempts] += 1;
    }
    total.lost += tally.lost;
    total.reconnects += tally.dials - 1;
    for (const key of [
      ...(["partial", "complete", "duplicates", "gonePages", "renewals"] as const),
      ...(["changes", "receipts"] as const),
    ]) {
      total[key] += expectation.seen[key];
    }
    ends.endings += tally.endings;
    ends.signals += signals.length;
    for (const outcome of outcomes.values()) {
      if (outcome === "waiting" || "seq" in outcome) continue;
      if (outcome.refused === "stale_retry") ends.stale += 1;
      else ends.refused += 1;
    }
  }
  for (const key of Object.keys(world.tally) as (keyof typeof world.tally)[]) events[key] += world.tally[key];
  for (const [act, times] of Object.entries(world.moderator.tally)) acts[act as keyof typeof acts] += times;
  ends.retired += world.server.room.log.floor;
}

describe("[C38][R43][S2][S7][D1][D2] the real client and the real room", () => {
  it.each([...pinned(1_001, 1_002, 1_003), ...seeds(12)])(
    "agree on one log, whatever happens (seed %i)",
    (seed) => live(seed, { historyLimit: 400 }),
  );

  it.each(seeds(12))("[F6][C8] agree if the log is short and much is lost (seed %i)", (seed) =>
    live(seed, { historyLimit: 14 }),
  );

  it.each([...pinned(10_123), ...seeds(4)])(
    "[F5][C10] agree if more is missed than one replay holds (seed %i)",
    (seed) => live(seed, { historyLimit: 6_000, burst: 700 }, 250),
  );

  it.each([...pinned(10_039, 10_041, 10_101), ...seeds(8)])(
    "[F9][C11] agree if retention passes clients that still page (seed %i)",
    (seed) => live(seed, { historyLimit: 1_300, burst: 1_290 }, 250),
  );

  it.each(seeds(10))("[E6][B2][B4][B5][B6] agree if users are kicked and logs purged (seed %i)", (seed) =>
    live(seed, { historyLimit: 60, moderated: true }),
  );

  it.each(seeds(10))("[E6][R1][B5] agree if all of that happens to a short log (seed %i)", (seed) =>
    live(seed, { historyLimit: 14, moderated: true, ratePerSecond: 20, rateBurst: 30 }),
  );

  it.each(seeds(4))("[F5][M4] agree if messages are large (seed %i)", (seed) =>
    live(seed, { historyLimit: 200, bytes: 30_000, messageBytes: 32_768, profiles: PROFILES_OF_FEW }),
  );

  it.each(seeds(8))("[M5][C22][C26] agree at a low rate (seed %i)", (seed) =>
    live(seed, { historyLimit: 200, ratePerSecond: 2, rateBurst: 4 }),
  );

  it.each([...pinned(5_024), ...seeds(8)])(
    "[M8][M9][C27] agree if tokens are short-lived (seed %i)",
    (seed) => live(seed, { historyLimit: 200, tokenMs: [1_500, 15_000] }),
  );

  it.each(seeds(4))("[P5][P7][C28] agree on who is here, also in a crowd (seed %i)", async (seed) => {
    const world = worldOf(seed, { historyLimit: 200 });
    await world.run(60);
    world.gather(230);
    await world.run(60);
    world.gather(230);
    const { roomPresence } = world.server.room.room;
    // As long as a dead connection may remain unnoticed.
    do await world.pass(2_000, 20);
    while (roomPresence.dueAt() !== null);
    const { members } = roomPresence.occupancy;
    expect(members).toBeGreaterThan(229);
    for (const { room, profile } of world.peers) {
      if (!profile.presence || room.state.status !== "connected") continue;
      expect([room.members, room.occupancy.members]).toEqual([[], members]);
    }
    world.disperse(190);
    await world.run(60);
    world.disperse(0);
    await rest(world);
  });

  it.each(seeds(10))("[Z140] agree if each message is judged before it is stored (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const judged = { passed: 0, unanswered: 0 };
    const world = worldOf(seed, {
      historyLimit: 400,
      moderated: seed % 2 === 0,
      asksAbout: (event) => event !== "task",
      judge: ({ type }) =>
        new Promise((resolve) => {
          world.clock.after(random() ** 3 * 3_000, () => {
            // The back end is well again after a while.
            const isDown = type === "send" && judged.passed < 200 && random() < 0.15;
            judged[isDown ? "unanswered" : "passed"]++;
            resolve(isDown ? reject(refuse("overloaded", "no answer", { retryAfterMs: 500 })) : accept({}));
          });
        }),
    });
    await world.run(300);
    await rest(world);
    expect(judged.passed).toBeGreaterThan(20);
    expect(judged.unanswered).toBeGreaterThan(2);
  });

  it("[C38] have met every kind of event", () => {
    const missing = Object.entries({ ...total, ...events, ...ends, ...attempts, ...acts }).filter(
      ([, times]) => times === 0,
    );
    expect(missing).toEqual([]);
  });
});
