// Tabs that share a connection and an outbox, in front of the real rules of a room: the holder of the connection and the
// owner of an entry are two things, and each may end at any moment. OFFLINE_SEEDS selects how many seeds.

import { describe, expect, it } from "vitest";
import { keepOffline } from "../../../client/offline/index.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { type DiskTab, SharedDisk } from "../../support/shared-disk.ts";
import { type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";

const COUNT = Math.min(Number(process.env.OFFLINE_SEEDS ?? 8), 2_000);
const STEPS = 60;

/** A world whose tabs keep what waits on one disk. */
class OfflineTabs {
  readonly world: WorldOfTabs;
  readonly disk = new SharedDisk();
  readonly storages = new Map<OpenTab, DiskTab>();
  /** The texts that were shown as kept. */
  readonly kept = new Set<unknown>();

  constructor(random?: () => number) {
    this.world = new WorldOfTabs({ historyLimit: 10_000 }, random);
  }

  open({ stops = false, isVisible = true } = {}): OpenTab {
    const storage = this.disk.open();
    if (stops) storage.freeze();
    const offline = keepOffline({ storage, user: "ada", cache: true });
    const tab = this.world.open({ offline, isVisible });
    this.storages.set(tab, storage);
    return tab;
  }

  async join(): Promise<OpenTab> {
    const tab = this.open();
    await this.world.settle();
    return tab;
  }

  kill(tab: OpenTab): void {
    this.storages.get(tab)?.die();
    tab.tab.close();
  }

  freeze(tab: OpenTab, warned: boolean): void {
    tab.tab.freeze(warned);
    this.storages.get(tab)?.freeze();
  }

  resume(tab: OpenTab): void {
    if (!tab.tab.standsStill) return;
    this.storages.get(tab)?.wake();
    tab.tab.resume();
  }

  look(): void {
    for (const { room, tab } of this.world.alive) {
      if (tab.standsStill) continue;
      for (const { data, status } of room.outbox) if (status === "kept") this.kept.add(data);
    }
  }

  /** Where nobody has a connection, and none can be had. */
  async loseNetwork(): Promise<void> {
    for (const wire of this.world.wires) wire.cut();
    await this.world.clock.advance(0);
  }
}

/** What was said goes as far as the sockets. */
const say = async ({ world }: OfflineTabs, tab: OpenTab, ...texts: readonly string[]) => {
  for (const text of texts) tab.room.send(text).catch(() => {});
  for (let turn = 0; turn < 10; turn++) await world.clock.advance(0);
};

describe("tabs that share a connection and an outbox", () => {
  it.each(["nothing has arrived", "all is stored, and no answer came"])(
    "[C248] send once, in order, what was under way as the holder is killed, and %s",
    async (when) => {
      const tabs = new OfflineTabs();
      const { world } = tabs;
      const [holder, second, third] = [await tabs.join(), await tabs.join(), await tabs.join()];
      expect(world.wires).toHaveLength(1);
      await say(tabs, holder, "h1", "h2");
      await say(tabs, second, "s1", "s2");
      if (when.startsWith("all")) {
        for (const wire of world.wires) wire.exchange();
        world.room.flush();
      }
      tabs.kill(holder);
      await world.pass(25_000);
      for (const tab of [second, third]) {
        expect(tab.texts.toSorted()).toEqual(["h1", "h2", "s1", "s2"]);
        expect([tab.room.outbox, tab.heard.length]).toEqual([[], 4]);
      }
      const texts = second.texts.map(String);
      for (const who of ["h", "s"]) {
        const own = texts.filter((text) => text.startsWith(who));
        expect(own).toEqual([`${who}1`, `${who}2`]);
      }
      expect(tabs.disk.keys("entry/")).toEqual([]);
    },
  );

  it.each([
    ["the holder", false],
    ["another tab", true],
  ])("[C248] send what an earlier page left, taken over by %s", async (_, isHolderSlow) => {
    const tabs = new OfflineTabs();
    const { world, disk } = tabs;
    const before = await tabs.join();
    await tabs.loseNetwork();
    await say(tabs, before, "one", "two");
    expect(before.room.outbox.map(({ status }) => status)).toEqual(["kept", "kept"]);
    tabs.kill(before);
    const holder = tabs.open({ stops: isHolderSlow });
    await world.pass(3_000);
    const second = tabs.open();
    await world.pass(1_000);
    tabs.storages.get(holder)?.wake();
    await world.pass(25_000);
    for (const tab of [holder, second]) expect([tab.texts, tab.room.outbox]).toEqual([["one", "two"], []]);
    expect([disk.keys("entry/"), world.room.opened("ada")]).toEqual([[], 1]);
  });

  it("[C248] keep what a tab writes while the holder stands still, whoever goes on", async () => {
    const tabs = new OfflineTabs();
    const { world } = tabs;
    const [holder, second, third] = [await tabs.join(), await tabs.join(), await tabs.join()];
    await say(tabs, holder, "h1");
    tabs.freeze(holder, false);
    await say(tabs, second, "s1");
    tabs.kill(second);
    await world.pass(30_000);
    tabs.resume(holder);
    await world.pass(25_000);
    for (const tab of [holder, third]) {
      expect([tab.texts.toSorted(), tab.room.outbox]).toEqual([["h1", "s1"], []]);
    }
  });

  const seeds = Array.from({ length: COUNT }, (_, index) => index + 1);

  it.each(seeds)("[C248] store once what was kept, whatever becomes of them (seed %i)", async (seed) => {
    const source = seededRandom(seed);
    const random = new SeededRandom(source);
    const tabs = new OfflineTabs(source);
    const { world, disk } = tabs;
    let said = 0;
    for (let step = 0; step < STEPS; step++) {
      const tab = random.any(world.alive.filter(({ tab: { standsStill } }) => !standsStill));
      const roll = random.next();
      if (tab === undefined || (roll < 0.08 && world.alive.length < 4))
        tabs.open({ isVisible: random.next() < 0.6 });
      else if (roll < 0.4) tab.room.send(`t${++said}`).catch(() => {});
      else if (roll < 0.48) tabs.kill(tab);
      else if (roll < 0.53) tabs.freeze(tab, random.next() < 0.5);
      else if (roll < 0.6) for (const each of world.alive) tabs.resume(each);
      else if (roll < 0.66) random.any(world.wires)?.cut();
      else if (roll < 0.69) world.room.restart(random.next() < 0.5 ? "hibernate" : "crash");
      else if (roll < 0.72) disk.isFull = !disk.isFull;
      else if (roll < 0.85) await world.clock.advance(random.upTo(50));
      else if (roll < 0.95) await world.settle();
      else await world.pass(random.upTo(4_000));
      tabs.look();
    }
    for (const tab of [...world.alive]) tabs.kill(tab);
    const last = [tabs.open(), tabs.open()];
    await world.pass(20_000);
    disk.isFull = false;
    await world.pass(40_000);
    for (const { texts, room } of last) {
      expect([room.state.status, room.outbox]).toEqual(["connected", []]);
      expect(new Set(texts).size).toBe(texts.length);
      expect([...tabs.kept].filter((text) => !texts.includes(text))).toEqual([]);
    }
    expect(disk.keys("entry/")).toEqual([]);
    world.close();
  });
});
