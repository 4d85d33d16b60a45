import { expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

it("[S14] a connection whose greeting fails is closed, and others do not notice", () => {
  const test = new RoomForTest();
  const ada = test.join("ada");
  const bo = test.connect("bo");
  // Like an attachment that has outgrown its limit.
  bo.socket.save = (state) => {
    if (state !== null) throw new Error("too large");
  };
  ada.send("m");
  expect(ada.seqs).toEqual([1]);
  expect(ada.socket.events.at(-1)).toMatchObject({ type: "ok", seq: 1 });
  expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 1 });
  expect(test.faults).toHaveLength(1);
});
