import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

describe("unread", () => {
  it("[R1] counts what was heard before the answer, also where it came in the same flush", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    bo.say({ type: "read", id: "r", seq: 0 });
    ada.say({ type: "send", id: "m", data: 1 });
    test.flush();
    expect(bo.seqs).toEqual([1]);
    expect(bo.socket.events.at(-1)).toEqual({ type: "ok", id: "r", seq: 0, unread: 1 });
  });
});
