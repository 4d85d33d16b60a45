import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

const frame = '{"type":"send","id":"x","data":1}';

describe("a flood", () => {
  it("[M11] closes the connection before more of it is read than could be granted or refused", () => {
    const test = new RoomForTest({ rateBurst: 30, ratePerSecond: 10 });
    const [flooder, bo] = [test.join("flooder"), test.join("bo")];
    let read = 0;
    while (!test.room.closeIfFlooding(flooder.connection, frame)) {
      flooder.say(frame.replace("x", `x${read++}`));
      expect(read).toBeLessThan(200);
    }
    expect(read).toBe(131);
    expect(flooder.socket.closed).toMatchObject({ code: 4429, reason: "rate_limited 10000" });
    test.flush();
    expect(bo.seqs).toHaveLength(30);
    expect(test.room.roomPresence.occupancy.connections).toBe(1);
  });

  it("[Y130] is not what a producer sends again after an outage", () => {
    const test = new RoomForTest({ rateBurst: 30, ratePerSecond: 10 });
    const ada = test.join("ada");
    ada.send("m", { text: "" }, { stream: true });
    test.flush();
    const sent = (n: number) => `{"type":"append","seq":1,"n":${n},"text":"word "}`;
    const isClosed = (n: number) => test.room.closeIfFlooding(ada.connection, sent(n));
    for (let n = 1; n <= 2_000; n++) {
      expect(isClosed(n)).toBe(false);
      ada.say(sent(n));
    }
    test.flush();
    expect(ada.socket.closed).toBeUndefined();
    // All of them were taken: as many fit again, and not many more.
    let n = 0;
    while (!isClosed(n)) ada.say(sent(n++));
    expect([n > 2_000, n < 2_200]).toEqual([true, true]);
  });

  it("[M11] is measured by size too, because a large frame takes long to read", () => {
    const test = new RoomForTest({ rateBurst: 30, messageBytes: 1_024 });
    const { connection } = test.join("flooder");
    const large = "x".repeat(1_000_000);
    expect([1, 2, 3].map(() => test.room.closeIfFlooding(connection, large))).toEqual([false, false, true]);
    // One frame of the largest size with small ones behind it is no flood.
    const other = test.join("other").connection;
    const frames = ["x".repeat(1_048_576), frame, frame, frame];
    expect(frames.map((one) => test.room.closeIfFlooding(other, one))).toEqual([false, false, false, false]);
  });

  it("[M11] is none if what came before has been processed", () => {
    const test = new RoomForTest({ rateBurst: 30 });
    const ada = test.join("ada");
    for (let n = 0; n < 100; n++) {
      expect(test.room.closeIfFlooding(ada.connection, "x".repeat(100_000))).toBe(false);
      ada.send(`m${n}`);
      test.now += 1_000;
    }
    expect(ada.socket.closed).toBeUndefined();
  });
});
