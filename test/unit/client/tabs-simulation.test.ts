// Tabs of two users in one room, in seeded worlds: tabs open, close, die, hide, and stand still with and without a word;
// connections break, the room sleeps and crashes. In the end every tab holds the log, each heard each message at most once
// and in order, each send is stored once, and each user has one connection. SEEDS_FROM and SEEDS select other seeds.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";

const { SEEDS = 12, SEEDS_FROM = 1 } = process.env;
const STEPS = 120;
const MAX_TABS = 6;

class TabsInTime {
  readonly world: WorldOfTabs;
  readonly random: SeededRandom;
  /** What became of each text. */
  readonly fates = new Map<string, "waiting" | "gone" | number>();
  sayings = 0;

  constructor(seed: number, historyLimit: number) {
    const random = seededRandom(seed);
    this.random = new SeededRandom(random);
    this.world = new WorldOfTabs({ historyLimit }, random);
    for (const user of ["ada", "ada", "ada", "bo"]) this.world.open({ user });
  }

  async step(): Promise<void> {
    const { world, random } = this;
    const { alive } = world;
    const tab = random.pick(alive);
    const roll = random.next();
    if (tab === undefined || (roll < 0.06 && alive.length < MAX_TABS)) this.open();
    else if (roll < 0.35) this.send(tab);
    else if (roll < 0.4) this.change(tab);
    else if (roll < 0.43) tab.room.markRead().catch(() => {});
    else if (roll < 0.46) tab.room.signal("cursor", { x: roll });
    else if (roll < 0.5) tab.room.setPresence({ status: random.pick(["online", "away", "busy"] as const) });
    else if (roll < 0.56) tab.tab.look(random.next() < 0.5);
    else if (roll < 0.62) random.any(world.wires)?.cut();
    else if (roll < 0.66) this.freeze(tab);
    else if (roll < 0.72) this.resume();
    else if (roll < 0.75 && alive.length > 2) this.end(tab);
    else if (roll < 0.77) world.room.restart(random.next() < 0.5 ? "hibernate" : "crash");
    else if (roll < 0.79) tab.room.reconnect();
    else if (roll < 0.9) await world.clock.advance(random.upTo(50));
    else if (roll < 0.97) await world.settle();
    else await world.pass(random.upTo(4_000));
  }

  open(): void {
    const { random } = this;
    const history = random.pick([0, 5, 50] as const);
    const user = random.next() < 0.8 ? "ada" : "bo";
    this.world.open({ user, isVisible: random.next() < 0.6, room: { history } });
  }

  send(tab: OpenTab): void {
    const text = `t${++this.sayings}`;
    this.fates.set(text, "waiting");
    tab.room.send(text, { echo: this.random.next() < 0.7 }).then(
      ({ seq }) => this.fates.set(text, seq),
      (error: unknown) => this.fates.set(text, error instanceof RoomsError ? "gone" : "waiting"),
    );
  }

  change(tab: OpenTab): void {
    const message = tab.room.messages.find(({ from, pending }) => from?.id === tab.user && !pending);
    if (message?.seq === undefined) return;
    const change =
      this.random.next() < 0.5
        ? tab.room.react(message.seq, "👍")
        : tab.room.edit(message.seq, `e${message.seq}`);
    change.catch(() => {});
  }

  freeze({ tab }: OpenTab): void {
    if (!tab.standsStill) tab.freeze(this.random.next() < 0.6);
  }

  resume(): void {
    this.world.alive.find(({ tab }) => tab.standsStill)?.tab.resume();
  }

  end(opened: OpenTab): void {
    for (const { data, status } of opened.room.outbox)
      if (status !== "failed" && typeof data === "string") this.fates.set(data, "gone");
    if (this.random.next() < 0.5) opened.tab.close();
    else {
      opened.client.close();
      opened.tab.close();
    }
  }

  async heal(): Promise<void> {
    const { world } = this;
    for (const { tab } of world.alive) if (tab.standsStill) tab.resume();
    for (const { tab } of world.alive) tab.look(true);
    await world.pass(40_000);
    for (const tab of world.alive) this.send(tab);
    await world.pass(3_000);
  }
}

const heldBy = ({ room }: OpenTab) =>
  room.messages.flatMap(({ pending, seq, data }) => (pending ? [] : [`${seq} ${JSON.stringify(data)}`]));

describe.each([
  { what: "that holds all", historyLimit: 1_000 },
  { what: "that removes old messages", historyLimit: 12 },
])("tabs in a room $what", ({ historyLimit }) => {
  const seeds = Array.from({ length: Number(SEEDS) }, (_, at) => at + Number(SEEDS_FROM));
  it.each(seeds)("[C214] lose nothing and double nothing (seed %s)", async (seed) => {
    const time = new TabsInTime(seed, historyLimit);
    const { world } = time;
    for (let step = 0; step < STEPS; step++) await time.step();
    await time.heal();
    const stored = world.room.recordedLog.epochs.flatMap(({ messages }) => messages);
    const texts = stored.map(({ body }) => JSON.parse(body).data);
    for (const opened of world.alive) {
      expect(opened.room.state.status).toBe("connected");
      expect(opened.heard).toEqual([...new Set(opened.heard)].sort((a, b) => a - b));
      const held = heldBy(opened);
      const longest = world.alive.map(heldBy).sort((a, b) => b.length - a.length)[0] ?? [];
      expect(held).toEqual(held.length === 0 ? [] : longest.slice(-held.length));
    }
    for (const [text, fate] of time.fates) {
      const count = texts.filter((other) => other === text).length;
      if (fate === "waiting") throw new Error(`still waiting: ${text}`);
      if (typeof fate === "number") expect([text, count]).toEqual([text, 1]);
      else expect(count).toBeLessThanOrEqual(1);
    }
    for (const user of new Set(world.alive.map(({ user }) => user))) expect(world.room.opened(user)).toBe(1);
    expect(world.room.faults).toEqual([]);
    for (const { client } of world.alive) client.close();
    await world.settle();
    expect(world.browser.holds).toBe(0);
  });
});
