// How many rows the positions of a day write, by the rules themselves: people come, read, fall silent and leave, and the
// object sleeps in between, as in the workload of `npm run cost`.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { readRowsADay } from "../../../src/tools/read-cost.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

interface Day {
  readonly members: number;
  readonly hours: number;
  readonly joins: number;
  readonly messages: number;
  readonly reads: number;
}

/** The defaults of `npm run cost`. */
const REFERENCE: Day = { members: 50, hours: 8, joins: 4, messages: 200, reads: 20 };

const SLEEPS_AFTER_MS = 10_000;
const SWEEP_EVERY_MS = 15 * 60_000;

type Act = { readonly at: number; readonly kind: "read" | "leave" | "send" | "sweep"; readonly who: number };

function actsOf({ members, hours, joins, messages, reads }: Day, random: () => number): Act[] {
  const length = hours * 3_600_000;
  const acts: Act[] = [];
  const some = (kind: Act["kind"], count: number, who: () => number) => {
    for (let n = 0; n < count; n++) acts.push({ at: Math.floor(random() * length), kind, who: who() });
  };
  for (let who = 0; who < members; who++) {
    some("read", reads, () => who);
    some("leave", joins, () => who);
  }
  some("send", messages, () => Math.floor(random() * members));
  for (let at = 0; at < length; at += SWEEP_EVERY_MS) acts.push({ at, kind: "sweep", who: 0 });
  return acts.sort((a, b) => a.at - b.at);
}

/** How many positions moved in a day, and how many rows were written for them. */
function spend(day: Day, seed: number): { moved: number; rows: number } {
  const test = new RoomForTest({ isRecorded: false });
  const random = seededRandom(seed);
  let [moved, rows, sent] = [0, 0, 0];
  test.database.onQuery = (query) => {
    if (/^(INSERT|UPDATE|DELETE).*(read_sheets|receipts)/s.test(query)) rows += 1;
  };
  const come = (who: number) =>
    test.join(`u${who}`, { history: 0, presence: false, expiresAt: Number.MAX_SAFE_INTEGER });
  const people = Array.from({ length: day.members }, (_, who) => come(who));
  const start = test.now;
  const settle = (until: number) => {
    for (let { dueAt } = test; dueAt !== null && dueAt <= until; { dueAt } = test) {
      test.now = Math.max(test.now, dueAt);
      test.flush();
    }
    if (until - test.now > SLEEPS_AFTER_MS) test.restart("hibernate");
    test.now = until;
  };
  for (const { at, kind, who } of actsOf(day, random)) {
    settle(start + at);
    const person = people[who] as Person; // who is below the number of members
    if (kind === "send") person.send(`m${++sent}`);
    else if (kind === "sweep") test.room.sweepOnAlarm(test.now);
    else if (kind === "leave") {
      person.leave(random() < 0.5 ? "left" : "lost");
      people[who] = come(who);
    } else {
      const before = test.room.receipts.seqOf(`u${who}`);
      person.say({ type: "read", id: "r" });
      test.flush();
      if (test.room.receipts.seqOf(`u${who}`) > before) moved += 1;
    }
    test.flush();
    for (const { socket } of people) socket.frames.length = 0;
  }
  return { moved, rows };
}

const modelOf = ({ members, hours, joins, reads }: Day) =>
  readRowsADay({
    members,
    hoursConnectedPerDay: hours,
    joinsPerMemberPerDay: joins,
    readsPerMemberPerDay: reads,
  });

describe("the rows of read positions", () => {
  it("[K60][K61] are a fifth of the positions or less on the day of `npm run cost`, and as many as its model says", () => {
    const { moved, rows } = spend(REFERENCE, 1);
    expect(moved).toBeGreaterThan(850);
    expect(moved / rows).toBeGreaterThan(5);
    expect(rows).toBeLessThanOrEqual(modelOf(REFERENCE));
    expect(rows).toBeGreaterThan(modelOf(REFERENCE) / 1.5);
  });

  it.each<[string, Day]>([
    ["a busy hour", { members: 100, hours: 1, joins: 1, messages: 300, reads: 100 }],
    ["a quiet day", { members: 10, hours: 8, joins: 2, messages: 50, reads: 5 }],
  ])("[K61] are no more than the cost model says, and not many fewer: %s", (_, day) => {
    const { rows } = spend(day, 3);
    expect(rows).toBeLessThanOrEqual(modelOf(day));
    expect(rows).toBeGreaterThan(modelOf(day) / 2.5);
  });

  it("[K62] are one a minute for each 256 readers, however many messages each of them reads", () => {
    const crowded = { hoursConnectedPerDay: 1, joinsPerMemberPerDay: 0, readsPerMemberPerDay: 3_600 };
    expect(readRowsADay({ members: 200, ...crowded })).toBeCloseTo(60, 0);
    expect(readRowsADay({ members: 2_560, ...crowded })).toBeCloseTo(600, -1);
  });
});
