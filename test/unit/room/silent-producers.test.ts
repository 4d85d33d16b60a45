// A producer that says nothing more, in a room whose object sleeps meanwhile: it knows nothing then but what is stored.

import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

const SEQ = 1;
const APPEND = { type: "append", seq: SEQ, n: 1, text: "1 " };

const asleep = (test: RoomForTest, ms: number) => {
  test.restart("hibernate");
  test.now += ms;
};

const alarm = (test: RoomForTest) => {
  test.room.sweepOnAlarm(test.now);
  test.flush();
};

const endsAt = (test: RoomForTest) => test.effects.at(-1)?.life.wakeAt;
const stateOf = (test: RoomForTest) => test.log.find(SEQ)?.meta.stream;

/** The first alarm has gone off, 60 s after the only append. */
const silent = () => {
  const test = new RoomForTest();
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  ada.send("m", {}, { stream: true });
  ada.say(APPEND);
  test.flush();
  test.later(2_000);
  asleep(test, 58_000);
  alarm(test);
  return { test, ada, bo, dueAt: test.now + 60_000 };
};

describe("a message whose producer is silent while the room sleeps", () => {
  it("[Y22] ends 60 s after the alarm that found that, however often the room sleeps and wakes", () => {
    const { test, bo, dueAt } = silent();
    for (let wakes = 0; wakes < 3; wakes++) {
      asleep(test, 15_000);
      bo.send(`m${wakes}`);
      test.flush();
      expect(endsAt(test)).toBe(dueAt);
    }
    asleep(test, dueAt - test.now);
    alarm(test);
    expect([stateOf(test), test.log.find(SEQ)?.data]).toEqual(["interrupted", '{"text":"1 "}']);
    expect(endsAt(test)).toBe(null);
  });

  it("[Y22] is open as long as it is heard each minute", () => {
    const { test, ada } = silent();
    for (let minutes = 0; minutes < 4; minutes++) {
      asleep(test, 50_000);
      ada.say(APPEND);
      test.flush();
      expect(endsAt(test)).toBe(test.now + 60_000);
      asleep(test, 10_000);
      alarm(test);
      expect(stateOf(test)).toBe("open");
    }
  });
});
