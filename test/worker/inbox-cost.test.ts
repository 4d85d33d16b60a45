// Counts what an inbox uses: the figures of the cost model are compared with these counts, so that they stay correct.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { INBOX_COUNTERS } from "../../src/tools/measured-counters.ts";
import type { UserObject } from "../../src/user/runtime/user-object.ts";
import { type Meter, measure } from "./support/meter.ts";
import { advanceClock } from "./support/objects.ts";
import { holdAlarms, startPushService, unsubscribe } from "./support/push-service.ts";
import { callAsServer, openSession, uniqueName, userObject } from "./support/worker.ts";

/** The default of `INBOX_LIMIT`. */
const INBOX = 1_000;
const TEXT_BYTES = 200;

const rowsOf = async (meter: Meter) => {
  const { rowsRead, rowsWritten } = await meter.take();
  return { rowsRead, rowsWritten };
};

async function meteredUser(limit = INBOX) {
  const user = uniqueName("cost");
  const stub = userObject(user);
  const meter = await measure(stub, { INBOX_LIMIT: limit });
  let sent = 0;
  /** Like a call of server code. */
  const notify = () =>
    callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id: `n${++sent}` });
  /** Many at once, without HTTP. */
  const fillInbox = (message = "m", count = INBOX) =>
    runInDurableObject<UserObject, void>(stub, (object) => {
      for (let n = 0; n < count; n++) {
        object.notify({ id: `n${++sent}`, title: "t", message, priority: "medium", data: "null" });
      }
    });
  return { user, stub, meter, notify, fillInbox, newest: () => `n${sent}` };
}

/** A full inbox, all unread. */
async function fullInbox() {
  const inbox = await meteredUser();
  await inbox.fillInbox();
  await inbox.fillInbox();
  await inbox.meter.take();
  return inbox;
}

describe("a notify", () => {
  it("[K4][K6] is one request and 2 rows; a user's first one also writes the tables", async () => {
    const { meter, notify } = await meteredUser();
    await notify();
    const { notify: notified, firstOpening } = INBOX_COUNTERS;
    expect(await meter.take()).toEqual({
      rowsRead: firstOpening.rowsRead + notified.rowsRead,
      rowsWritten: firstOpening.rowsWritten + notified.rowsWritten,
      alarmsSet: 0,
      requests: 1,
      messages: 0,
    });
  });

  it("[K4][K6] that removes an older one costs no more, also with a device connected", async () => {
    const { user, meter, notify } = await fullInbox();
    await notify();
    expect(await meter.take()).toEqual({
      ...INBOX_COUNTERS.notify,
      alarmsSet: 0,
      requests: 1,
      messages: 0,
    });
    await openSession(user);
    await meter.take();
    await notify();
    expect(await meter.take()).toEqual({ ...INBOX_COUNTERS.notify, alarmsSet: 0, requests: 1, messages: 0 });
    expect(INBOX_COUNTERS.notify.rowsWritten).toBeLessThanOrEqual(2);
  });

  it("[K6] takes its bytes and an envelope of storage", async () => {
    const { stub, notify, fillInbox } = await meteredUser();
    await notify();
    const size = () => runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize);
    const before = await size();
    expect(before).toBe(INBOX_COUNTERS.emptyBytes);
    await fillInbox("x".repeat(TEXT_BYTES));
    await fillInbox("x".repeat(TEXT_BYTES));
    const envelope = ((await size()) - before) / INBOX - TEXT_BYTES;
    // SQLite grows by pages of 4 KiB.
    expect(Math.abs(envelope / INBOX_COUNTERS.storedBytesBesideData - 1)).toBeLessThan(0.05);
  });
});

describe("a push", () => {
  it("[U23][K6] costs 2 rows more than its notify: the alarm and the position of the subscription; many cost no more", async () => {
    const { user, stub, meter, notify } = await fullInbox();
    const { subscribe, pushes } = startPushService();
    await subscribe(user);
    await notify();
    await runDurableObjectAlarm(stub);
    await holdAlarms(user);
    await meter.take();
    await notify();
    expect(await meter.take()).toMatchObject({
      rowsWritten: INBOX_COUNTERS.notify.rowsWritten + 1,
      alarmsSet: 1,
    });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const { rowsRead, rowsWritten, requests } = await meter.take();
    expect({ rowsRead, rowsWritten: rowsWritten + 1, requests }).toEqual(INBOX_COUNTERS.push);
    for (let n = 0; n < 10; n++) await notify();
    await runDurableObjectAlarm(stub);
    expect((await meter.take()).rowsWritten).toBe(10 * INBOX_COUNTERS.notify.rowsWritten + 2);
    expect(pushes).toHaveLength(12);
  });

  it("[U23] without a subscription costs nothing", async () => {
    const { user, stub, meter, notify } = await fullInbox();
    const { subscribe } = startPushService();
    await unsubscribe(user, await subscribe(user));
    await meter.take();
    await notify();
    expect(await meter.take()).toMatchObject({ ...INBOX_COUNTERS.notify, alarmsSet: 0 });
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });
});

describe("a mark", () => {
  it("[K4][K6] of one notification is 2 rows, of all up to one a single row, and of a marked one none", async () => {
    const { user, meter, newest } = await fullInbox();
    const session = await openSession(user);
    await meter.take();
    await session.ask({ type: "mark", id: "a", ids: [newest()], state: "read" });
    expect(await rowsOf(meter)).toEqual(INBOX_COUNTERS.markOne);
    await session.ask({ type: "mark", id: "b", all: true, state: "read" });
    expect(await rowsOf(meter)).toEqual(INBOX_COUNTERS.markAll);
    await session.ask({ type: "mark", id: "c", all: true, state: "read" });
    expect(await meter.take()).toMatchObject({ rowsWritten: 0, messages: 1 });
  });
});

describe("a device", () => {
  it("[K2][K6] that comes and goes writes nothing; the second one plans the sweep", async () => {
    const { user, meter } = await fullInbox();
    const phone = await openSession(user);
    expect(await rowsOf(meter)).toEqual(INBOX_COUNTERS.newcomer);
    const laptop = await openSession(user);
    expect(await meter.take()).toMatchObject({
      // The unread count was read for the first device.
      rowsWritten: INBOX_COUNTERS.sweepPlanned.rowsWritten,
      alarmsSet: 1,
      requests: 1,
    });
    for (const socket of [phone, laptop]) {
      socket.close(1000);
      await socket.closed;
    }
    expect(await rowsOf(meter)).toEqual(INBOX_COUNTERS.leave);
  });

  it("[K3][K5][K6] that stays connected costs the sweep, which reads little however much is stored", async () => {
    const { user, stub, meter } = await fullInbox();
    const phone = await openSession(user);
    await openSession(user);
    await meter.sleep();
    await meter.take();
    await phone.settled();
    expect(await rowsOf(meter)).toEqual(INBOX_COUNTERS.wake);
    await meter.sleep();
    await meter.take();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const { requests, rowsRead, rowsWritten } = await meter.take();
    expect({ requests, rowsRead, rowsWritten }).toEqual(INBOX_COUNTERS.sweep);
  });

  it("[U12][K5] that finds 10,000 notifications reads as little as with 10, apart from the page, also after a sleep", async () => {
    const pages = [];
    for (const count of [10, 10_000]) {
      const { user, meter, fillInbox, newest } = await meteredUser(10_000);
      await fillInbox("m", count);
      const phone = await openSession(user);
      await phone.ask({ type: "mark", id: "a", ids: [newest()], state: "read" });
      await meter.sleep();
      await meter.take();
      const laptop = await openSession(user, { query: "?history=10" });
      expect(await laptop.next("connected")).toMatchObject({ unread: count - 1 });
      pages.push((await rowsOf(meter)).rowsRead);
    }
    const [few = 0, many = 0] = pages;
    // Finding the newest reads one row per doubling.
    expect(many - few).toBeLessThanOrEqual(Math.ceil(Math.log2(1_000)));
  });

  it("[U12] that connects after an expiry counts the expired ones and writes this down, once", async () => {
    const { user, meter, notify } = await fullInbox();
    await callAsServer("POST", "/v1/notify", {
      ...{ user, title: "t", message: "m", expiresAt: Date.now() + 60_000 },
    });
    await notify();
    advanceClock(60_000);
    const wakes = [];
    for (let round = 0; round < 2; round++) {
      await meter.sleep();
      await meter.take();
      const phone = await openSession(user, { query: "?history=0" });
      expect(await phone.next("connected")).toMatchObject({ unread: INBOX - 1 });
      wakes.push(await meter.take());
    }
    // The second device plans the sweep.
    expect(wakes).toMatchObject([
      { rowsWritten: 1, alarmsSet: 0 },
      { rowsWritten: 1, alarmsSet: 1 },
    ]);
    expect(wakes[1]?.rowsRead).toBeLessThan(30);
  });

  it("[K3] that is alone is not swept, so an hour of it costs nothing", async () => {
    const { user, stub, meter } = await fullInbox();
    const phone = await openSession(user);
    await meter.sleep();
    await meter.take();
    advanceClock(60 * 60_000);
    phone.send('{"type":"ping"}');
    await phone.next("pong");
    expect(await runDurableObjectAlarm(stub)).toBe(false);
    expect(await meter.take()).toEqual({
      rowsRead: 0,
      rowsWritten: 0,
      alarmsSet: 0,
      requests: 0,
      messages: 0,
    });
  });
});
