// An object that has as many sockets as the platform lets it have.

import { describe, expect, it } from "vitest";
import { HERE } from "../../../src/room/seats.ts";
import { RoomForTest } from "../../support/room-for-test.ts";
import { TwoSides } from "./support/two-sides.ts";

const ada = { kind: "user", user: { id: "ada" }, expiresAt: 0, issuedAt: 0 } as const;

describe("an object that is full", () => {
  it("[L146] refuses sockets of its own with room_full once its relays have run out, and takes what goes elsewhere", () => {
    const test = new RoomForTest({
      ...{ maxSockets: 2, maxConnections: 1_000_000 },
      relays: { above: 0, each: 100, isHeld: () => false },
    });
    test.join("bo");
    expect(test.room.connections.areFullFor(ada)).toBe(false);
    test.join("cy");
    expect(test.room.connections.areFullFor(ada)).toBe(true);
    const actor = { identity: { ...ada, expiresAt: test.now + 1_000 }, permission: "write" } as const;
    expect(test.room.openingRefusal(actor, test.now)).toMatchObject({
      code: "room_full",
      retryAfterMs: 5_000,
    });
    const elsewhere = { ...HERE, isSocketHere: false };
    expect(test.room.openingRefusal(actor, test.now, elsewhere)).toBeUndefined();
  });

  it("[L146] refuses them at a relay too, also those that the room has not let in yet", async () => {
    const sides = new TwoSides({ maxSockets: 2 });
    const [bo, cy, di] = [await sides.join("bo"), await sides.join("cy"), await sides.join("di")];
    await sides.carry();
    expect([bo, cy, di].map(({ outcome }) => outcome)).toEqual(["in", "in", "refused"]);
  });
});
