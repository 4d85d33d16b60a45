import { describe, expect, it } from "vitest";
import * as sheets from "../../../src/room/people/read-sheets.ts";
import * as roomPresence from "../../../src/room/people/room-presence.ts";
import { billFor, GRACE_S, type Usage, usageOf } from "../../../src/tools/cost-model.ts";
import {
  INBOX_COUNTERS,
  REGISTRY_COUNTERS,
  ROOM_COUNTERS,
  WEBHOOK_COUNTERS,
} from "../../../src/tools/measured-counters.ts";
import { PRICES } from "../../../src/tools/prices.ts";
import { READ_SHEETS } from "../../../src/tools/read-cost.ts";
import type { Workload } from "../../../src/tools/workload.ts";

const NOTHING: Workload = {
  rooms: 0,
  members: 0,
  connectionsPerMember: 1,
  hoursConnectedPerDay: 0,
  joinsPerMemberPerDay: 0,
  messagesPerDay: 0,
  messageBytes: 0,
  expiringPercent: 0,
  agedPercent: 0,
  scheduledPerDay: 0,
  signalsPerMessage: 0,
  readsPerMemberPerDay: 0,
  notificationsPerDay: 0,
  tokenMinutes: Number.POSITIVE_INFINITY,
  webhookMs: 0,
  historyLimit: 10_000,
  activeMs: 10,
  judgeMs: 0,
  watchers: 0,
  watchSeconds: 1,
};
const TYPICAL: Workload = {
  rooms: 100,
  members: 50,
  connectionsPerMember: 1,
  hoursConnectedPerDay: 8,
  joinsPerMemberPerDay: 4,
  messagesPerDay: 200,
  messageBytes: 200,
  expiringPercent: 0,
  agedPercent: 0,
  scheduledPerDay: 0,
  signalsPerMessage: 1,
  readsPerMemberPerDay: 20,
  notificationsPerDay: 5,
  tokenMinutes: 60,
  webhookMs: 0,
  historyLimit: 10_000,
  activeMs: 10,
  judgeMs: 0,
  watchers: 0,
  watchSeconds: 1,
};

const usage = (workload: Partial<Workload>) => usageOf({ ...NOTHING, ...workload });
const amounts = (workload: Partial<Workload>) => usage(workload).amounts;

describe("the usage", () => {
  it("[L272] of a room above 5,000 connections has a call to each relay for an event, and one for each frame there", () => {
    const crowd = { rooms: 1, members: 20_000, hoursConnectedPerDay: 24, messagesPerDay: 1_000 };
    const requests = (more: Partial<Workload>) => amounts({ ...crowd, ...more }).objectRequests / 30;
    // A day of a crowd that hears nothing: the sweeps, and their reports.
    const quiet = requests({ messagesPerDay: 0 });
    // 3 relays have 15,000 of the 20,000 connections, and send as large a part of the messages.
    expect(requests({}) - quiet).toBeCloseTo(1_000 * (3 + 0.75 + 1 / 20), 5);
    expect(requests({ members: 5_000 }) - requests({ members: 5_000, messagesPerDay: 0 })).toBeCloseTo(50, 5);
    const seconds = (more: Partial<Workload>) => usage({ ...crowd, ...more }).activeSeconds / 30;
    // 10 ms for each call at the room's end, and at the relay's; and 10 µs for each socket.
    const work = 1_000 * (0.01 + 3 * 0.01 + 0.75 * 0.01 + 20_000 * 0.00001);
    expect(seconds({}) - seconds({ messagesPerDay: 0 })).toBeCloseTo(work, 5);
  });

  it("[K6] counts the same 5 s for lost members as rooms do, and writes positions when they do", () => {
    expect(GRACE_S * 1_000).toBe(roomPresence.GRACE_MS);
    expect(READ_SHEETS).toEqual({
      users: sheets.SHEET_USERS,
      together: sheets.READ_TOGETHER.users,
      togetherAfterS: sheets.READ_TOGETHER.afterMs / 1_000,
      aloneAfterS: sheets.READ_ALONE_AFTER_MS / 1_000,
      most: sheets.MAX_SHEETS,
    });
  });

  it("[K7] of nothing is zero", () => {
    expect(new Set(Object.values(amounts({})))).toEqual(new Set([0]));
    expect(usage({}).deliveries).toBe(0);
  });

  it("[K6] of what is done at a time is its rows, and a request for each alarm", () => {
    const daily = { rooms: 10, messagesPerDay: 1_000 };
    const more = (extra: Partial<Workload>) => {
      const [plain, timed] = [amounts(daily), amounts({ ...daily, ...extra })];
      return [timed.rowsWritten - plain.rowsWritten, timed.objectRequests - plain.objectRequests];
    };
    const { expiring, scheduled, aged, change } = ROOM_COUNTERS;
    const messages = 300_000;
    expect(more({ expiringPercent: 100 })).toEqual([
      messages * (expiring.rowsWritten + change.rowsWritten + 1),
      messages,
    ]);
    expect(more({ agedPercent: 100 })).toEqual([messages * aged.rowsWritten + 2 * 50 * 300, 50 * 300]);
    expect(more({ scheduledPerDay: 100 })).toEqual([30_000 * (scheduled.rowsWritten + 2), 60_000]);
  });

  it("[K7] of a message is its row, a twentieth of a request, and the work for one event", () => {
    // 10 rooms, 30 days, 1,000 a day: 300,000 messages.
    const { amounts: used, incomingFrames, activeSeconds } = usage({ rooms: 10, messagesPerDay: 1_000 });
    expect(incomingFrames).toBe(300_000);
    expect(used.objectRequests).toBe(15_000);
    expect(used.workerRequests).toBe(0);
    expect(used.rowsWritten).toBeCloseTo(300_000 * ROOM_COUNTERS.message.rowsWritten);
    expect(activeSeconds).toBeCloseTo(3_000);
    expect(used.objectGbSeconds).toBeCloseTo(384);
  });

  it("[L109] of watchers is a request for each call, and for few of them CPU and a request to the room", () => {
    const [plain, watched] = [0, 1_000_000].map((watchers) =>
      usage({ rooms: 1, hoursConnectedPerDay: 1, watchers, watchSeconds: 2 }),
    );
    const more = (pick: (of: Usage) => number) =>
      plain && watched ? Math.round((pick(watched) - pick(plain)) / 30) : Number.NaN;
    const calls = more(({ amounts }) => amounts.objectRequests);
    expect(more(({ amounts }) => amounts.workerRequests)).toBe(1_800_000_000);
    expect(calls).toBe(2 * 20 * 3_600);
    expect(more(({ amounts }) => amounts.workerCpuMs)).toBe(2 * calls);
    expect(more(({ activeSeconds }) => activeSeconds)).toBeLessThanOrEqual(3_600);
  });

  it("[Z141] of a message that a back end judges is the wait for it in addition, and neither a request nor a row", () => {
    const [plain, judged] = [0, 100].map((judgeMs) => usage({ rooms: 10, messagesPerDay: 1_000, judgeMs }));
    expect((judged?.activeSeconds ?? 0) - (plain?.activeSeconds ?? 0)).toBeCloseTo(30_000);
    expect({ ...judged?.amounts, objectGbSeconds: 0 }).toEqual({ ...plain?.amounts, objectGbSeconds: 0 });
  });

  it("[K7] of a room with two connections all day is the sweep and its report; one connection alone costs nothing", () => {
    const day = { rooms: 1, hoursConnectedPerDay: 24 };
    // Each sweep is followed by a report to the registry.
    expect(amounts({ ...day, members: 2 })).toMatchObject({
      objectRequests: 2 * 30 * 96,
      rowsWritten: 30 * 96,
    });
    expect(amounts({ ...day, members: 1 })).toMatchObject({ objectRequests: 0, rowsWritten: 0 });
    // Eight hours: the sweep that finds all members gone is one more.
    expect(amounts({ ...day, members: 2, hoursConnectedPerDay: 8 }).rowsWritten).toBe(30 * 33);
  });

  it("[Z85] of webhooks is nothing where none are sent, and else what the tests measure, and the wait for each answer", () => {
    const day = {
      rooms: 1,
      members: 2,
      hoursConnectedPerDay: 24,
      joinsPerMemberPerDay: 3,
      messagesPerDay: 100,
    };
    const [off, on] = [
      usage({ ...day, notificationsPerDay: 5 }),
      usage({ ...day, notificationsPerDay: 5, webhookMs: 200 }),
    ];
    const { message, coming, notify } = WEBHOOK_COUNTERS;
    const comings = 2 * 2 * 3;
    expect(on.amounts.rowsWritten - off.amounts.rowsWritten).toBeCloseTo(
      30 * (100 * message.rowsWritten + comings * coming.rowsWritten + 10 * notify.rowsWritten),
    );
    expect(on.amounts.objectRequests - off.amounts.objectRequests).toBeCloseTo(30 * 10 * notify.requests);
    expect(on.activeSeconds - off.activeSeconds).toBeCloseTo(30 * ((100 + comings + 10) * 0.2 + 10 * 0.01));
    // A member who is alone is looked after too.
    const alone = { rooms: 1, members: 1, hoursConnectedPerDay: 24 };
    expect(amounts({ ...alone, webhookMs: 1 }).rowsWritten).toBe(30 * 96);
  });

  it("[K7] of a connect is a request to the Worker and one to the object", () => {
    const used = amounts({ rooms: 1, members: 10, hoursConnectedPerDay: 0, joinsPerMemberPerDay: 3 });
    expect(used).toMatchObject({ workerRequests: 900, workerCpuMs: 1_800 });
    // And two reports to the registry for each time that the members come and go together.
    expect(used.objectRequests).toBe(900 + 180);
    expect(used.rowsWritten).toBe(180);
  });

  it("[K7] of a notification is a call, 2 rows and its mark", () => {
    const used = amounts({ rooms: 1, members: 1_000, notificationsPerDay: 2 });
    expect(used.workerRequests).toBe(60_000);
    const { notify, markOne } = INBOX_COUNTERS;
    const { report } = REGISTRY_COUNTERS;
    expect(used.objectRequests).toBe(60_000 * (1 + report.requests / 8) + 60_000 / 20);
    expect(used.rowsWritten).toBe(
      60_000 * (notify.rowsWritten + markOne.rowsWritten + report.rowsWritten / 8),
    );
  });

  it("[K7] for lost members is 5 s each, and never more than the part of the day in which they overlap", () => {
    const room = { rooms: 1, members: 10, hoursConnectedPerDay: 10 };
    expect(usage({ ...room, joinsPerMemberPerDay: 1 }).graceSeconds / 30).toBeCloseTo(50, 0);
    const storm = usage({ ...room, joinsPerMemberPerDay: 100_000 });
    expect(storm.graceSeconds / 30).toBeLessThanOrEqual(36_000);
  });

  it("[K7] of an object is never more work than a whole day", () => {
    const { activeSeconds } = usage({ rooms: 1, members: 100, messagesPerDay: 1e8 });
    expect(activeSeconds).toBe(30 * 86_400);
  });

  it("[K7] for deliveries counts each copy that is sent, and each frame that arrives", () => {
    // 1 room, 50 members, 100 messages a day with two signals each.
    const used = usage({ rooms: 1, members: 50, messagesPerDay: 100, signalsPerMessage: 2 });
    expect(used.deliveries).toBe(30 * 300 * 51);
    // Each of 10 members joins and leaves once a day, and all are notified.
    expect(usage({ rooms: 1, members: 10, joinsPerMemberPerDay: 1 }).deliveries).toBe(30 * 200);
    // Two devices receive a notification and its mark.
    const told = { rooms: 1, members: 1, connectionsPerMember: 2, notificationsPerDay: 1 };
    expect(usage(told).deliveries).toBe(30 * 6);
  });

  it("[K7] doubles with twice the rooms, and never falls when a number rises", () => {
    const half = usageOf({ ...TYPICAL, rooms: TYPICAL.rooms / 2 });
    const one = usageOf(TYPICAL);
    for (const meter of meters) expect(one.amounts[meter]).toBeCloseTo(2 * half.amounts[meter]);
    expect(one.deliveries).toBe(2 * half.deliveries);
    // Users who come and go are a row each time where there are more than the registry holds in memory.
    const four = usageOf({ ...TYPICAL, rooms: 4 * TYPICAL.rooms });
    const comings = 2 * TYPICAL.joinsPerMemberPerDay * 30 * (4 * TYPICAL.rooms * TYPICAL.members - 5_600);
    expect(four.amounts.rowsWritten - 4 * one.amounts.rowsWritten).toBeCloseTo(comings);
    for (const name of Object.keys(TYPICAL) as (keyof Workload)[]) {
      if (name === "tokenMinutes") continue;
      const more = usageOf({ ...TYPICAL, [name]: TYPICAL[name] * 2 });
      for (const meter of meters.filter((other) => other !== "rowsRead")) {
        expect(more.amounts[meter], `${name}, ${meter}`).toBeGreaterThanOrEqual(one.amounts[meter]);
      }
    }
  });
});

const meters = Object.keys(PRICES) as (keyof typeof PRICES)[];

describe("a bill", () => {
  const billOf = (workload: Partial<Workload>, usdPerMillion = 2) => billFor(usage(workload), usdPerMillion);

  it("[K7] is the price of the plan if everything is within what it includes", () => {
    const bill = billOf({ rooms: 1, messagesPerDay: 1_000 });
    expect(bill.billUsd).toBe(5);
    expect(bill.usageUsd).toBeGreaterThan(0.03);
    expect(bill.usageUsd).toBeLessThan(0.06);
  });

  it("[K7] is the price of the plan and of what exceeds it, for each meter separately", () => {
    const empty = usage({});
    const bill = billFor({ ...empty, amounts: { ...empty.amounts, rowsWritten: 51e6, storedGb: 6 } }, 2);
    expect(bill.billUsd).toBeCloseTo(5 + 1 + 0.2);
    expect(bill.usageUsd).toBeCloseTo(51 + 1.2);
    expect(bill.lines.map(({ meter }) => meter)).toEqual(meters);
    expect(bill.lines.find(({ meter }) => meter === "rowsWritten")).toMatchObject({
      beyondUsd: 1,
      usageUsd: 51,
    });
  });

  it("[K7] shows what the deliveries would cost elsewhere", () => {
    expect(billOf({ rooms: 1, members: 99, messagesPerDay: 10_000 }, 2).deliveriesUsd).toBeCloseTo(60);
  });
});
