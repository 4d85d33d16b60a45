// The runtime cannot close a statement that was read in part, and while one is open no table can be dropped.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

function roomWith(count: number) {
  const test = new RoomForTest({ historyLimit: 3_000 });
  const ada = test.join("ada");
  for (let i = 1; i <= count; i++) ada.say({ type: "send", id: `m${i}`, data: i });
  test.flush();
  return { test, ada };
}

describe("a partial read of the log", () => {
  const reads: Record<string, (world: ReturnType<typeof roomWith>) => void> = {
    "a page of the latest": ({ ada }) => ada.ask({ type: "history", id: "h", limit: 3 }),
    "a page of events": ({ ada }) => ada.ask({ type: "history", id: "h", after: 5, limit: 3 }),
    "a long replay": ({ test }) => test.join("bo", { since: `${test.log.epoch}.0` }),
    "a newcomer": ({ test }) => test.join("bo", { history: 2 }),
    "what is unread": ({ test }) => test.join("bo").ask({ type: "read", id: "r", seq: 0 }),
    "a page that ends among changes": ({ ada }) => {
      for (let seq = 1; seq <= 200; seq++) ada.say({ type: "edit", id: `e${seq}`, seq, data: "new" });
      ada.ask({ type: "history", id: "h", after: 1_300, limit: 3 });
    },
    "who spoke of late": ({ test }) => {
      test.call(SERVER, (turn) => test.room.moderation.configure(SERVER, { slowModeMs: 5 }, turn));
      test.restart("crash");
      test.now += 3;
      test.join("bo").send("again");
    },
    "several bans": ({ test }) => {
      for (const user of ["x", "y", "z"]) {
        test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user, banSeconds: 60 }, turn));
      }
      test.room.moderation.hasBans(test.now);
    },
  };

  it.each(Object.entries(reads))("[B4][B6] prevents no purge and no new limit: %s", (_, read) => {
    const world = roomWith(1_300);
    read(world);
    expect(() => world.test.log.setRetention(2_000)).not.toThrow();
    read(world);
    expect(() => world.test.log.purge("next")).not.toThrow();
    expect(world.test.log).toMatchObject({ epoch: "next", head: 0 });
  });
});
