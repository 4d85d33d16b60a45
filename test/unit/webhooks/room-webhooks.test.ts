import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { accept, type WebhookEventType } from "../../../src/protocol/index.ts";
import { PUBLISH_CALL } from "../../../src/room/calls.ts";
import { eraseBatch } from "../../../src/room/portable/user-erasure.ts";
import { failed, WebhookWorld, type WorldSettings } from "../../support/webhook-world.ts";

const HOUR_MS = 3_600_000;
const MESSAGES = { events: ["message.stored", "message.changed"] } as const satisfies WorldSettings;

/** A room that has something to tell, with nobody in it. */
function worldWith(messages: number, settings: WorldSettings = MESSAGES) {
  const world = new WebhookWorld(settings);
  const ada = world.test.join("ada", { expiresAt: world.now + 100 * HOUR_MS });
  for (let n = 0; n < messages; n++) ada.send(`m${n}`);
  world.secure();
  return { world, ada };
}

const dataOf = (world: WebhookWorld) =>
  world.events.flatMap((event) => (event.type === "message.stored" ? [event.message.data] : []));

const upTo = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`);

describe("what a room tells", () => {
  it("[Z54] is in one order: who comes, what is said and changed, who goes", () => {
    const world = new WebhookWorld();
    const ada = world.test.join("ada", { name: "Ada" });
    world.settle();
    ada.send("m1");
    ada.send("m2");
    const bo = world.test.join("bo");
    ada.ask({ type: "edit", id: "e", seq: 1, data: "better" });
    bo.leave("left");
    ada.leave("left");
    world.settle();
    expect(world.events).toMatchObject([
      { type: "room.occupied", room: "test", occupancy: { members: 1, connections: 1 } },
      { type: "member.joined", user: { id: "ada", name: "Ada" } },
      { type: "message.stored", epoch: "e1", message: { seq: 1, data: "better" } },
      { type: "message.stored", message: { seq: 2, data: "m2", from: { id: "ada" } } },
      { type: "member.joined", user: { id: "bo" } },
      { type: "message.changed", seq: 3, by: "ada", message: { seq: 1, data: "better", changed: 3 } },
      { type: "member.left", user: { id: "bo" } },
      { type: "member.left", user: { id: "ada" } },
      { type: "room.vacated" },
    ]);
    expect(new Set(world.events.map(({ id }) => id)).size).toBe(9);
  });

  it("[Z54] says that a member is lost when the grace is over, and then that the room is vacated", () => {
    const world = new WebhookWorld();
    world.test.join("ada").leave("lost");
    world.settle();
    expect(world.types).toEqual(["room.occupied", "member.joined"]);
    world.test.later(5_000);
    world.settle();
    expect(world.types.slice(2)).toEqual(["member.left", "room.vacated"]);
  });

  it("[Z55] joins and leaves one by one, also in a room that only counts its members", () => {
    const world = new WebhookWorld();
    const people = Array.from({ length: 250 }, (_, n) => world.test.connect(`user${n}`));
    world.settle();
    expect(world.types.filter((type) => type === "member.joined")).toHaveLength(250);
    for (const person of people.slice(0, 5)) person.leave("left");
    world.settle();
    expect(world.events.slice(-5)).toMatchObject(
      upTo(5).map((_, n) => ({ type: "member.left", user: { id: `user${n}` } })),
    );
  });

  it("[Z56] follows what the deployer chose, by event and by topic", () => {
    const world = new WebhookWorld({ events: ["message.stored"], topics: ["task"], serverEvents: [] });
    const ada = world.test.join("ada");
    ada.send("m1", 1, { event: "chat" });
    ada.send("m2", 2, { event: "task.created" });
    ada.ask({ type: "edit", id: "e", seq: 2, data: 3 });
    world.settle();
    expect(world.events).toMatchObject([
      { type: "message.stored", message: { event: "task.created", data: 3 } },
    ]);
  });

  it("[Z56] what nobody is told of sets no alarm and is soon not read again", () => {
    const world = new WebhookWorld({ events: ["message.stored"], topics: ["task"] });
    const ada = world.test.join("ada");
    for (let n = 0; n < 300; n++) ada.send(`m${n}`);
    world.settle();
    expect([world.alarmAt, world.requests.length]).toEqual([null, 0]);
    world.sleep();
    const queries: string[] = [];
    world.test.database.onQuery = (query) => queries.push(query);
    world.settle();
    // What was passed since it was written last.
    expect(queries.filter((query) => /FROM log WHERE slot BETWEEN/.test(query)).length).toBeLessThan(5);
  });

  it("[Z57] begins at the head of a room that has had messages before", () => {
    const { world, ada } = worldWith(3, { events: [] });
    world.test.restart("hibernate", { webhooks: { events: new Set(["message.stored"]), topics: null } });
    world.settle();
    ada.send("new");
    world.crash();
    world.settle();
    expect(dataOf(world)).toEqual(["new"]);
  });

  it("[Z57] tells who is here when webhooks are switched on", () => {
    const { world, ada } = worldWith(1, { events: [] });
    const events = new Set(["room.occupied", "member.joined", "member.left"] as const);
    world.test.restart("hibernate", { webhooks: { events, topics: null } });
    world.settle();
    ada.leave("left");
    world.settle();
    expect(world.types).toEqual(["room.occupied", "member.joined", "member.left"]);
  });
});

describe("a receiver", () => {
  it("[Z58] is told at once, at most 100 events and 256 KiB at a time, and a second later again", () => {
    const { world, ada } = worldWith(250);
    const begun = world.now;
    world.settle();
    expect(world.requests.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(world.times).toEqual([begun, begun + 1_000, begun + 2_000]);
    for (let n = 0; n < 20; n++) ada.send(`big${n}`, "x".repeat(30_000));
    world.settle();
    expect(Math.max(...world.bytes)).toBeLessThanOrEqual(262_144);
    expect(world.requests.slice(3).map(({ length }) => length)).toEqual([8, 8, 4]);
    expect(world.events).toHaveLength(270);
  });

  it("[Z59] that is down for an hour is tried some twenty times, and told all in order when it is back", () => {
    const { world, ada } = worldWith(3);
    world.receive = () => failed();
    const end = world.now + HOUR_MS;
    for (let n = 3; world.now < end; n++) {
      ada.send(`m${n}`);
      world.settle();
      world.pass(60_000);
    }
    const waits = world.times.slice(1).map((time, at) => time - (world.times[at] ?? 0));
    expect([Math.min(...waits), Math.max(...waits)]).toEqual([7_500, 225_000]);
    expect(waits.length).toBeGreaterThan(12);
    expect(waits.length).toBeLessThan(25);
    world.receive = () => ({ kind: "told" });
    world.pass(300_000);
    expect(dataOf(world)).toEqual(upTo(world.events.length));
    expect(world.events.length).toBeGreaterThanOrEqual(60);
  });

  it("[Z60] is tried again in the time that it asks for, up to a quarter of an hour", () => {
    const { world } = worldWith(1);
    world.receive = () => failed({ retryAfterMs: 600_000 });
    world.settle();
    world.receive = () => failed({ retryAfterMs: 86_400_000 });
    world.pass(HOUR_MS);
    const [first = 0, second = 0, third = 0] = world.times;
    expect([second - first, third - second]).toEqual([630_000, 900_000]);
  });

  it("[Z61] that refuses one event is told those before it, and those behind when it is a day old", () => {
    const { world, ada } = worldWith(20);
    const isPoison = (event: { readonly id: string }) => event.id.endsWith("/8");
    world.receive = (events) => (events.some(isPoison) ? failed({ isRefusal: true }) : { kind: "told" });
    world.pass(2 * HOUR_MS);
    expect(dataOf(world)).toEqual(upTo(7));
    ada.send("m20");
    world.pass(22 * HOUR_MS);
    ada.send("m21");
    world.settle();
    world.pass(HOUR_MS);
    // All that waited for a day behind it is given up with it.
    expect(world.events.slice(7)).toMatchObject([
      { type: "events.lost", room: "test", reason: "expired", count: 13 },
      { type: "message.stored", message: { data: "m20" } },
      { type: "message.stored", message: { data: "m21" } },
    ]);
    expect(world.test.lost).toEqual([{ reason: "expired", count: 13 }]);
  });

  it("[Z62] whose answer is lost gets the same ids again, and what was changed meanwhile as a change", () => {
    const { world, ada } = worldWith(2);
    world.receive = () => "lost";
    world.settle();
    ada.ask({ type: "edit", id: "e", seq: 1, data: "edited" });
    ada.ask({ type: "delete", id: "d", seq: 2 });
    world.receive = () => ({ kind: "told" });
    world.pass(60_000);
    const [first, second] = world.requests;
    expect(second).toEqual([...(first ?? []), "room/test/e1/3", "room/test/e1/4"]);
    // It took the first ones already, and knows them by their ids.
    expect(world.events).toMatchObject([
      { type: "message.stored", message: { data: "m0" } },
      { type: "message.stored", message: { data: "m1" } },
      { type: "message.changed", seq: 3, message: { seq: 1, data: "edited" } },
      { type: "message.changed", seq: 4, message: { seq: 2, data: null, deletedAt: expect.any(Number) } },
    ]);
  });

  it("[Z59] that is down wakes a room twice an attempt, and for what was given up some times a day", () => {
    const { world } = worldWith(1);
    world.receive = () => failed();
    world.settle();
    world.wait(24 * HOUR_MS);
    // 225 s apart: one for the attempt, and one that a crash would have needed.
    expect(world.times.length).toBeGreaterThan(370);
    expect(world.alarms).toBeLessThan(2.1 * world.times.length);
    const before = world.times.length;
    world.wait(10 * 24 * HOUR_MS);
    expect(world.times.length - before).toBeGreaterThanOrEqual(40);
    expect(world.times.length - before).toBeLessThanOrEqual(80);
    expect(world.alarms).toBeLessThan(2.1 * world.times.length);
    world.receive = () => ({ kind: "told" });
    world.wait(6 * HOUR_MS);
    expect(world.events).toMatchObject([{ type: "events.lost", reason: "expired", count: 1 }]);
    expect(world.alarmAt).toBe(null);
  });

  it("[Z59] is told soon of an event that comes while only losses were left", () => {
    const { world, ada } = worldWith(1);
    world.receive = () => failed();
    world.settle();
    world.wait(30 * HOUR_MS);
    world.receive = () => ({ kind: "told" });
    ada.send("new");
    world.settle();
    expect(world.types).toEqual(["events.lost", "message.stored"]);
  });

  it("[Z63] that answered nothing before the object died is told again, by the alarm", () => {
    const { world } = worldWith(2);
    let deaths = 1;
    world.dies = () => deaths-- > 0;
    world.settle();
    expect(world.alarmAt).toBe(world.now + 60_000);
    world.pass(60_000);
    expect(world.requests).toHaveLength(2);
    expect(world.requests[1]).toEqual(world.requests[0]);
    expect(dataOf(world)).toEqual(["m0", "m1"]);
  });

  it("[Z63] is not tried sooner because the object slept meanwhile", () => {
    const { world, ada } = worldWith(1);
    world.receive = () => failed();
    for (let n = 0; n < 4; n++) world.pass(60_000);
    const tries = world.times.length;
    world.sleep();
    ada.send("m1");
    world.settle();
    expect(world.times).toHaveLength(tries);
  });
});

describe("what is kept for the back end", () => {
  it("[Z64] outlives the ring: what is retired untold is told in its place", () => {
    const { world, ada } = worldWith(10, { ...MESSAGES, historyLimit: 5 });
    world.receive = () => failed();
    world.settle();
    ada.ask({ type: "edit", id: "e", seq: 10, data: "edited" });
    for (let n = 10; n < 30; n++) ada.send(`m${n}`);
    world.test.call(SERVER, (turn) =>
      world.test.room.moderation.configure(SERVER, { historyLimit: 2 }, turn),
    );
    world.receive = () => ({ kind: "told" });
    world.pass(60_000);
    expect(dataOf(world)).toEqual([...upTo(9), "edited", ...upTo(30).slice(10)]);
    expect(world.events[10]).toMatchObject({ type: "message.changed", seq: 11, message: { seq: 10 } });
    expect(world.test.lost).toEqual([]);
  });

  it("[Z64] does not hide what happened before in the room", () => {
    const world = new WebhookWorld({ historyLimit: 3 });
    const ada = world.test.join("ada");
    world.settle();
    // No batch is sent any more before the crash.
    ada.leave("left");
    for (let n = 0; n < 10; n++)
      world.test.call(SERVER, (turn) =>
        PUBLISH_CALL.run(world.test.room, turn, SERVER, { id: `m${n}`, event: "chat", data: `"m${n}"` }),
      );
    world.secure();
    world.crash();
    world.wait(HOUR_MS);
    expect(world.types).toEqual([
      ...["room.occupied", "member.joined", "member.left", "room.vacated"],
      ...Array(10).fill("message.stored"),
    ]);
  });

  it("[Z88] has nothing of a message any more whose time has come, also if the log had retired it before", () => {
    const world = new WebhookWorld({ ...MESSAGES, historyLimit: 2 });
    const ada = world.test.join("ada", { expiresAt: world.now + 100 * HOUR_MS });
    world.receive = () => failed();
    ada.send("m1", "SECRET", { expiresInSeconds: 60 });
    ada.send("m2", "kept", { expiresInSeconds: 7_200 });
    for (let n = 3; n < 6; n++) ada.send(`m${n}`);
    world.settle();
    world.pass(HOUR_MS);
    world.receive = () => ({ kind: "told" });
    world.pass(300_000);
    expect(world.events.slice(0, 2)).toMatchObject([
      {
        type: "message.stored",
        message: { seq: 1, from: { id: "ada" }, data: null, deletedAt: expect.any(Number) },
      },
      { type: "message.stored", message: { seq: 2, data: "kept", expiresAt: expect.any(Number) } },
    ]);
  });

  it.each(["a purge", "an erasure"])(
    "[Z89] goes with %s where the back end is told nothing any more",
    (how) => {
      const { world } = worldWith(10, { ...MESSAGES, historyLimit: 5 });
      const { test } = world;
      const copies = () => [...test.database.sql.exec("SELECT 1 FROM webhook_events")].length;
      expect(copies()).toBe(5);
      test.restart("hibernate", { historyLimit: 5 });
      test.call(SERVER, (turn) => {
        if (how === "a purge") return test.room.moderation.purge(SERVER, turn);
        eraseBatch(test.room, { user: "ada", until: test.now }, 0, turn);
        return accept(undefined);
      });
      expect(test.faults).toEqual([]);
      expect(copies()).toBe(0);
    },
  );

  it("[Z65] is bounded: what the ring retires then is lost, and said so", () => {
    const { world, ada } = worldWith(4, { ...MESSAGES, historyLimit: 2 });
    world.receive = () => failed();
    world.settle();
    world.test.database.sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
       INSERT INTO webhook_events SELECT i, 0, '{"id":"' || i || '","at":1}' FROM n`,
    );
    world.sleep();
    for (let n = 4; n < 9; n++) ada.send(`m${n}`);
    // The first one at once, the others with the next attempt.
    expect(world.test.lost).toEqual([{ reason: "overflow", count: 1 }]);
    world.test.database.sql.exec("DELETE FROM webhook_events WHERE head >= 1000000");
    world.receive = () => ({ kind: "told" });
    world.pass(60_000);
    expect(world.events).toMatchObject([
      { type: "events.lost", reason: "overflow", count: 1 },
      { type: "message.stored", message: { data: "m0" } },
      { type: "message.stored", message: { data: "m1" } },
      { type: "message.stored", message: { data: "m7" } },
      { type: "message.stored", message: { data: "m8" } },
      { type: "events.lost", reason: "overflow", count: 4 },
    ]);
  });

  it("[Z66] goes with a purge, which says how much it was; the new log is told from its beginning", () => {
    const { world, ada } = worldWith(3, {});
    world.receive = () => failed();
    world.settle();
    world.test.call(SERVER, (turn) => world.test.room.moderation.purge(SERVER, turn));
    expect(ada.socket.closed).toBeDefined();
    world.test.join("bo").send("new");
    world.crash();
    world.receive = () => ({ kind: "told" });
    world.pass(10_000);
    expect(world.events).toMatchObject([
      { type: "events.lost", reason: "purged", count: 5 },
      { type: "member.left", user: { id: "ada" } },
      { type: "room.vacated" },
      { type: "room.occupied" },
      { type: "member.joined", user: { id: "bo" } },
      { type: "message.stored", epoch: "e2", message: { seq: 1, data: "new" } },
    ]);
  });

  it("[Z66] stays if the purge fails", () => {
    const { world } = worldWith(3);
    world.test.database.failOn = /DROP TABLE log/;
    world.test.call(SERVER, (turn) => world.test.room.moderation.purge(SERVER, turn));
    world.test.database.failOn = undefined;
    expect(world.test.faults).toHaveLength(1);
    world.settle();
    expect(world.types).toEqual(["message.stored", "message.stored", "message.stored"]);
    expect(world.events.map(({ id }) => id)).toEqual([1, 2, 3].map((seq) => `room/test/e1/${seq}`));
  });

  it("[Z66] a batch that is answered after the purge moves nothing in the new log", () => {
    const { world } = worldWith(3);
    const step = world.webhooks.next(world.now);
    world.test.call(SERVER, (turn) => world.test.room.moderation.purge(SERVER, turn));
    world.test.join("bo").send("new");
    if (step.kind === "send") world.webhooks.settle(step.batch, { kind: "told" }, world.now);
    world.pass(1_000);
    expect(dataOf(world)).toEqual(["new"]);
  });

  it("[Z67] is nothing where webhooks are off: no statement looks at them", () => {
    const world = new WebhookWorld();
    const queries: string[] = [];
    world.test.restart("hibernate", {});
    world.test.database.onQuery = (query) => queries.push(query);
    world.test.restart("hibernate", {});
    world.test.join("ada").send("m1");
    world.test.later(60_000);
    expect(queries.filter((query) => /webhook/.test(query))).toEqual([]);
    expect(queries.length).toBeGreaterThan(3);
  });
});

describe("after a crash", () => {
  it("[Z68] those who come back within a minute were never away, and the others have left", () => {
    const world = new WebhookWorld();
    for (const user of ["ada", "bo", "cy"]) world.test.join(user);
    world.settle();
    world.events.length = 0;
    world.crash();
    world.test.join("ada");
    world.settle();
    world.pass(30_000);
    world.test.join("bo");
    world.settle();
    expect(world.types).toEqual([]);
    // It sleeps in between, and the alarm wakes it.
    world.sleep();
    world.pass(60_000);
    expect(world.events).toMatchObject([{ type: "member.left", user: { id: "cy" } }]);
  });

  it("[Z68] finding that out wakes a room in which somebody is each quarter of an hour", () => {
    const world = new WebhookWorld();
    world.test.join("ada", { expiresAt: world.now + 100 * HOUR_MS });
    world.settle();
    world.wait(10 * HOUR_MS);
    expect(world.alarms).toBeGreaterThanOrEqual(39);
    expect(world.alarms).toBeLessThanOrEqual(42);
  });

  it("[Z68] the room is vacated also if nobody ever connects again", () => {
    const world = new WebhookWorld();
    world.test.join("ada");
    world.settle();
    world.events.length = 0;
    world.crash();
    world.pass(16 * 60_000);
    expect(world.types).toEqual(["member.left", "room.vacated"]);
    expect(world.alarmAt).toBe(null);
  });

  it("[Z68] a room whose last member leaves as it wakes is vacated at once", () => {
    const world = new WebhookWorld();
    const ada = world.test.join("ada");
    world.settle();
    world.sleep();
    ada.leave("left");
    world.settle();
    expect(world.types.slice(-2)).toEqual(["member.left", "room.vacated"]);
  });
});

describe("what users pay", () => {
  it("[Z85] is more where the back end is told of it", () => {
    const paid = (events: readonly WebhookEventType[]) => {
      const world = new WebhookWorld({ events });
      const costs: number[] = [];
      world.test.room.spending.add = (_, units) => costs.push(units);
      const ada = world.test.join("ada");
      ada.send("m1");
      ada.leave("left");
      return costs.reduce((sum, units) => sum + units, 0);
    };
    const nothing = paid([]);
    expect(paid(["message.stored"]) - nothing).toBeCloseTo(1);
    expect(paid(["member.joined", "member.left"]) - nothing).toBeCloseTo(8);
  });
});
