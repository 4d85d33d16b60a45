import { expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

it("[S14] one who cannot be taken in is closed, and the others do not notice", () => {
  const test = new RoomForTest();
  const ada = test.join("ada");
  const bo = test.connect("bo");
  // As an attachment that has grown over what it may hold.
  bo.socket.save = (state) => {
    if (state !== null) throw new Error("too large");
  };
  ada.send("m");
  expect(ada.seqs).toEqual([1]);
  expect(ada.socket.events.at(-1)).toMatchObject({ type: "ok", seq: 1 });
  expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 1 });
  expect(test.faults).toHaveLength(1);
});
