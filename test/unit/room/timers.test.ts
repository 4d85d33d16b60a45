import { describe, expect, it } from "vitest";
import { LISTED_MEMBERS } from "../../../src/protocol/index.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

/** A lost member stays for 5 s; the occupancy of a large room is sent each second. */
const LONGEST_MS = 5_000;

/** Returns the same numbers between 0 and 1 for the same seed, so that a failure can be repeated (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("the timer of a room", () => {
  it.each([1, 2, 3, 4])("[X4] is at most 5 s ahead, and ends when everything is sent: seed %s", (seed) => {
    const random = randomFrom(seed);
    const test = new RoomForTest();
    let here: Person[] = [];
    let most = 0;
    const expectShort = () => {
      const dueAt = test.dueAt;
      if (dueAt !== null) expect(dueAt - test.now).toBeLessThanOrEqual(LONGEST_MS);
    };
    // Grows past 200 members, where a room counts them, and shrinks again.
    for (let step = 0; step < 900; step++) {
      const growing = step < 450;
      const chance = random();
      if (chance < (growing ? 0.8 : 0.1)) here.push(test.join(`user${Math.floor(random() * 10_000)}`));
      else if (chance < 0.85) here.splice(Math.floor(random() * here.length), 1)[0]?.leave(leaving(random()));
      else if (chance < 0.9) here[0]?.say({ type: "presence", id: `p${step}`, status: "away" });
      else if (chance < 0.92) test.restart("hibernate");
      else if (chance < 0.96) {
        here[0]?.send(`m${step}`);
        here.at(-1)?.say({ type: "read", id: `r${step}` });
      } else test.later(random() * 2_000);
      test.flush();
      expectShort();
      most = Math.max(most, test.room.roomPresence.occupancy.members);
    }
    expect(most).toBeGreaterThan(LISTED_MEMBERS);
    here = here.filter(({ socket }) => socket.closed === undefined);
    expect(here.length).toBeGreaterThan(20);
    // Left alone it stops, or the object would never sleep.
    let waits = 0;
    for (let dueAt = test.dueAt; dueAt !== null; dueAt = test.dueAt) {
      expect(++waits).toBeLessThan(20);
      test.later(Math.max(0, dueAt - test.now));
      expectShort();
    }
  });
});

const leaving = (chance: number) => (chance < 0.3 ? "left" : "lost");
