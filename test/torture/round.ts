// A round: chance and kills, then everything is healed, and in the end all that was written down is checked.

import { seededRandom } from "../../client/testing/seeded-random.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import type { Anomaly } from "./anomaly.ts";
import { checkHistory } from "./check-history.ts";
import { isSettled, membersAt, recordEnd } from "./end.ts";
import type { History } from "./history.ts";
import type { KilledServer } from "./killed-server.ts";
import { act, burst, disturb, notify } from "./steps.ts";
import { World } from "./world.ts";

export interface RoundOptions {
  readonly seed: number;
  readonly kills: number;
  /** By `performance.now()`: no kill begins after it. */
  readonly endsAt: number;
  /** What happens is written into it. */
  readonly history: History;
}

export interface RoundResult {
  readonly anomalies: readonly Anomaly[];
  readonly kills: number;
  readonly cuts: number;
}

const HEALED_WITHIN_MS = 40_000;
const LEFT_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;
/** The server lives at most so long after it started, or after all are connected, and is away at most so long. */
const LIFE_MS = 800;
const LIVE_WITHIN_MS = 4_000;
const AWAY_MS = 250;
/** After a burst, a kill comes within this time. */
const AMID_BURST_MS = 12;
const ACTS_EVERY_MS = 10;
const DISTURBS_EVERY_MS = 120;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function runRound(server: KilledServer, options: RoundOptions): Promise<RoundResult> {
  const random = new SeededRandom(seededRandom(options.seed));
  const world = await World.open(server, options.history, `r${options.seed}`, random);
  try {
    await within(HEALED_WITHIN_MS, () => isLive(world));
    await rage(world, options);
    await heal(world);
    await recordEnd(world);
    await recordLeave(world);
    const { history, tally } = world;
    const errors = server.takeErrors().map((what) => ({ kind: "error", where: "the server", what }) as const);
    return { anomalies: [...checkHistory(history.entries), ...errors], ...tally };
  } finally {
    await world.close();
  }
}

const isLive = ({ seats }: World) => seats.every(({ device }) => device.isLive);

async function rage(world: World, { kills, endsAt }: RoundOptions): Promise<void> {
  const over = new AbortController();
  const every = async (ms: number, step: (world: World) => void) => {
    while (!over.signal.aborted) {
      step(world);
      await pause(world.random.upTo(2 * ms));
    }
  };
  const others = [every(ACTS_EVERY_MS, act), every(DISTURBS_EVERY_MS, disturb)];
  try {
    while (world.tally.kills < kills && performance.now() < endsAt) await killOnce(world);
  } finally {
    over.abort();
    await Promise.all(others);
  }
}

async function killOnce(world: World): Promise<void> {
  const { random, server, tally } = world;
  // Some kills come while all are connected, others while they come back.
  if (random.next() < 0.5) await within(LIVE_WITHIN_MS, () => isLive(world));
  await pause(random.upTo(LIFE_MS));
  if (random.next() < 0.6) {
    burst(world);
    await pause(random.upTo(AMID_BURST_MS));
  }
  world.did("kills the server");
  await server.kill();
  tally.kills += 1;
  if (random.next() < 0.5) await pause(random.upTo(AWAY_MS));
  await server.start();
  world.did("started the server");
}

/**
 * Ends all faults, and waits until everybody is connected, everything has an outcome, and all views show what the server
 * has. What has not come about by then is for the checker to find. In every other round all connections are new; in the
 * others clients and server must find out by themselves what is wrong.
 */
async function heal(world: World): Promise<void> {
  const isNew = world.random.next() < 0.5;
  world.did(isNew ? "heals, with new connections" : "heals");
  for (const network of world.networks) {
    network.delay(0);
    if (isNew) network.cut();
  }
  for (const { tab, device } of world.seats) {
    if (tab?.standsStill) tab.resume();
    tab?.look(true);
    if (isNew) device.client.reconnect();
  }
  await within(HEALED_WITHIN_MS, () => isLive(world));
  for (const { device, place } of world.seats)
    for (const room of device.rooms) if (place.permission !== "read") device.send(room, world.nextText());
  notify(world);
  await within(HEALED_WITHIN_MS, () => !world.hasWaiting);
  world.serverCode.stop();
  await within(HEALED_WITHIN_MS, () => isSettled(world));
  world.did("looks at the end");
}

/** Some leave, and are not there any more. */
async function recordLeave(world: World): Promise<void> {
  const leaving = new Set(["bo", "cy", "gus"].map((name) => world.userOf(name)));
  for (const { device } of world.seats) if (leaving.has(device.options.user)) device.close();
  const users = world.users.filter((user) => !leaving.has(user));
  for (const room of world.rooms) {
    const log = `${room} after some left`;
    await within(
      LEFT_WITHIN_MS,
      async () => (await membersAt(world.server.url, room)).length === users.length,
    );
    const members = await membersAt(world.server.url, room);
    world.history.add({ is: "members", log, by: "server", members });
    world.history.add({ is: "present", log, users });
  }
}

/** Returns also when it did not come about. */
async function within(ms: number, look: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + ms;
  while (!(await look()) && performance.now() < giveUpAt) await pause(LOOK_EVERY_MS);
}
