// The code that writes answers is a file of its own: what becomes of a message where it comes late, or not at all.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SEQ, stored } from "./support/answer-for-test.ts";

const FILE = "../../../client/room/streams/answer.ts";

let [loads, isThere] = [0, false];

/** A page whose server may not have the file any more, as after a deploy. Test files share their modules. */
async function page() {
  vi.resetModules();
  vi.doMock(FILE, async (original) => {
    loads += 1;
    if (!isThere) throw new Error("404");
    return original();
  });
  return import("./support/client-for-test.ts");
}

beforeEach(() => {
  [loads, isThere] = [0, false];
});

afterEach(() => {
  vi.doUnmock(FILE);
  vi.resetModules();
});

/** Resolves when all that is loaded has come, or failed. */
const loaded = () => vi.dynamicImportSettled();

it("[Y80] opens nothing that nobody could write, and says so", async () => {
  const { roomForTest } = await page();
  const world = await roomForTest(undefined, undefined, { head: SEQ - 1 });
  const opened = world.room.stream().catch((error: unknown) => error);
  void world.room.send("said meanwhile");
  expect(world.room.outbox.map(({ status }) => status)).toEqual(["queued", "sent"]);
  expect(await opened).toMatchObject({ code: "offline", message: expect.stringContaining("code") });
  expect(await world.room.takeOver(3).catch((error: unknown) => error)).toMatchObject({ code: "offline" });
  await world.clock.advance(1_000);
  expect(world.room.outbox).toHaveLength(1);
  expect(
    world
      .socket()
      .sentOf("send")
      .map(({ data }) => data),
  ).toEqual(["said meanwhile"]);
  expect(world.socket().sentOf("takeover")).toEqual([]);
});

it("[Y80] loads it with a connection only, and opens what waited for it", async () => {
  isThere = true;
  const { dialedRoom } = await page();
  const world = await dialedRoom();
  const opened = world.room.stream();
  await loaded();
  expect(loads).toBe(0);
  await world.goLive({ head: SEQ - 1 });
  await loaded();
  expect((await stored(world, opened)).seq).toBe(SEQ);
  expect(loads).toBe(1);
  await stored(world, world.room.stream());
  expect(loads).toBe(1);
});
