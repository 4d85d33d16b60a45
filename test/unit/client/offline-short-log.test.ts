// An outbox that is longer than what its room keeps, in front of the real rules of a room.

import { afterEach, describe, expect, it } from "vitest";
import { keepOffline } from "../../../client/offline/index.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";

const ENTRIES = 150;
const texts = Array.from({ length: ENTRIES }, (_, index) => `t${index + 1}`);

let world: WorldOfTabs;
afterEach(() => world.close());

/** A tab with 150 entries that were said without a connection, in front of a room that keeps `historyLimit` messages. */
async function tabThatWaits(historyLimit: number, disk = new SharedDisk()): Promise<OpenTab> {
  world = new WorldOfTabs({ historyLimit, ratePerSecond: 10, rateBurst: 30 });
  const tab = await world.join({
    offline: keepOffline({ storage: disk.open(), user: "ada" }),
    tabs: undefined,
  });
  for (const wire of world.wires) wire.cut();
  await world.clock.advance(0);
  for (const text of texts) tab.room.send(text).catch(() => {});
  for (let turn = 0; turn < 10; turn++) await world.clock.advance(0);
  expect(new Set(tab.room.outbox.map(({ status }) => status))).toEqual(new Set(["kept"]));
  return tab;
}

const failures = ({ room }: OpenTab) => room.outbox.map(({ data, error }) => [data, error?.code]);

/** All that was ever stored, also what the room does not keep any more. */
const stored = () => world.room.recordedLog.now.messages.map(({ body }) => JSON.parse(body).data);

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo() && tries < 1_000; tries++) await world.pass(100);
  expect(isSo()).toBe(true);
}

describe("an outbox that is longer than its room's log", () => {
  it.each([1, 10, 50])(
    "[C249] goes out whole, in order, where %i messages are kept",
    async (historyLimit) => {
      const tab = await tabThatWaits(historyLimit);
      await world.pass(60_000);
      expect([failures(tab), stored()]).toEqual([[], texts]);
    },
  );

  it("[C249][C245] goes out whole, in order, on a full disk", async () => {
    const disk = new SharedDisk();
    const tab = await tabThatWaits(50, disk);
    disk.isFull = true;
    await world.pass(60_000);
    expect([failures(tab), stored(), disk.keys("entry/")]).toEqual([[], texts, []]);
  });

  it.each(["crash", "hibernate"] as const)(
    "[C249] goes out whole where the room forgets in the middle what it remembers (%s)",
    async (how) => {
      const tab = await tabThatWaits(50);
      await until(() => world.room.log.head >= 100);
      world.room.restart(how);
      await world.pass(60_000);
      expect([failures(tab), stored()]).toEqual([[], texts]);
    },
  );

  it("[C249] goes out whole, and once, where connection after connection is lost and the room forgets", async () => {
    const tab = await tabThatWaits(50);
    for (const head of [10, 40, 60, 90, 120]) {
      await until(() => world.room.log.head >= head);
      for (const wire of world.wires) wire.cut();
      world.room.restart("crash");
    }
    await world.pass(60_000);
    expect([failures(tab), stored()]).toEqual([[], texts]);
  });
});
