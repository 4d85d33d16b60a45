import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import { MAX_PAGE_BYTES } from "../../../src/protocol/index.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const LIMITS = [1, 2, 5, 13, 64, 300];

/** What a log says about itself and its content. */
const look = ({ log }: RoomForTest) => ({
  epoch: log.epoch,
  head: log.head,
  floor: log.floor,
  latest: log.messagesBefore(log.head + 1, null, { limit: 200, maxBytes: MAX_PAGE_BYTES }),
  events: log.eventsAfter(log.floor, null),
});

/** The same, derived from the recorded events. */
function due({ recordedLog, log }: RoomForTest) {
  const { head, floor } = log;
  const bodies = recordedLog.now
    .held({ head, floor }, null)
    .map(({ seq }) => recordedLog.now.version(seq, head)?.body);
  const latest = bodies.slice(-200);
  return {
    ...{ epoch: recordedLog.now.epoch, head: recordedLog.now.head, floor },
    latest: {
      events: latest,
      seq: latest.length < bodies.length ? expect.any(Number) : floor + 1,
      more: latest.length < bodies.length,
      looked: latest.length,
    },
    events: { events: bodies, seq: head, more: false, looked: bodies.length },
  };
}

/** Just below the oldest of the last `limit` messages, and never lower than before. */
function floorOf({ recordedLog }: RoomForTest, before: number, limit: number): number {
  const kept = recordedLog.now.messages.filter(({ seq }) => seq > before).slice(-limit);
  return Math.max(before, (kept[0]?.seq ?? 1) - 1);
}

describe("a log", () => {
  it.each(SEEDS)(
    "[E7][F7][S12][S13] is the same after every restart, whatever was done to it (seed %i)",
    (seed) => {
      const random = new SeededRandom(seededRandom(seed));
      let limit = random.pick(LIMITS);
      const test = new RoomForTest({ historyLimit: limit });
      let ada: Person = test.join("ada", { permission: "moderate", history: 0 });
      let [floor, epoch, own] = [0, "", false];
      for (let step = 0; step < 250; step++) {
        const roll = random.next();
        const { head } = test.log;
        const seq = Math.max(1, head - random.upTo(12) + 1);
        const id = `${step}`;
        if (roll < 0.35)
          for (let n = random.upTo(6); n > 0; n--) ada.say({ type: "send", id: `${step}.${n}`, data: n });
        else if (roll < 0.4) {
          const keyed = { id: `k${random.upTo(20)}`, data: "1", keyed: true };
          test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, keyed, turn));
        } else if (roll < 0.55)
          for (let n = random.upTo(40); n > 0; n--) ada.say({ type: "edit", id, seq, data: n });
        else if (roll < 0.65) ada.say({ type: "delete", id, seq });
        else if (roll < 0.75)
          ada.say({ type: "react", id, seq, emoji: "👍", op: random.pick(["add", "remove"]) });
        else if (roll < 0.8) {
          limit = random.pick(LIMITS);
          own = true;
          test.call(SERVER, (turn) => test.room.moderation.configure(SERVER, { historyLimit: limit }, turn));
        } else if (roll < 0.82) {
          test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn));
          ada = test.join("ada", { permission: "moderate", history: 0 });
        } else if (roll < 0.9) {
          // A room with its own limit ignores the default.
          const other = random.pick(LIMITS);
          if (!own) limit = other;
          test.restart("crash", { historyLimit: other });
          ada = test.join("ada", { permission: "moderate", history: 0 });
        } else {
          const before = look(test);
          test.restart("hibernate");
          expect(look(test)).toEqual(before);
        }
        test.flush();
        if (test.log.epoch !== epoch) floor = 0;
        epoch = test.log.epoch;
        floor = floorOf(test, floor, limit);
        expect(test.log.floor).toBe(floor);
        expect(look(test)).toEqual(due(test));
      }
      expect(test.faults).toEqual([]);
    },
  );

  it("[E7][K5] finds its end also if only changes came last", () => {
    const test = new RoomForTest({ historyLimit: 2_000 });
    let ada = test.join("ada");
    for (let n = 1; n <= 300; n++) ada.say({ type: "send", id: `${n}`, data: n });
    for (let n = 1; n <= 600; n++) ada.say({ type: "edit", id: `e${n}`, seq: 1 + (n % 300), data: n });
    test.flush();
    for (const head of [900, 901, 902]) {
      test.restart("crash");
      expect(test.log).toMatchObject({ head, floor: 0 });
      ada = test.join("ada");
      ada.send(`after ${head}`);
    }
  });
});
