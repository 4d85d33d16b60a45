// Webhooks of real objects: what a room and an inbox tell, what a slow or lost receiver changes, and what a crash does.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { until } from "../support/until.ts";
import { advanceClock, configureRoom, configureUser, crash } from "./support/objects.ts";
import { startToldBackEnd, taken } from "./support/told-back-end.ts";
import { callAsServer, join, openSession, roomObject, uniqueName, userObject } from "./support/worker.ts";

async function toldRoom(settings: Readonly<Record<string, string>> = {}) {
  const backEnd = startToldBackEnd(settings);
  const room = uniqueName("told");
  await configureRoom(room, backEnd.settings);
  return { ...backEnd, room, stub: roomObject(room) };
}

const publish = (room: string, data: unknown, event = "chat") =>
  callAsServer("POST", `/v1/rooms/${room}/messages`, { event, data });

const alarmOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, { storage }) => storage.getAlarm());

describe("a room", () => {
  it("[Z70] tells who comes, what is said and changed, and who goes", async () => {
    const { room, events, types } = await toldRoom();
    const ada = await join(room, "ada", { name: "Ada" });
    const { seq } = await ada.ask({ type: "send", id: "m", data: { deep: [1, "ü"] } });
    await until(() => expect(types()).toContain("message.stored"));
    await ada.ask({ type: "edit", id: "e", seq, data: 2 });
    ada.close(1000);
    await until(() => expect(types()).toContain("room.vacated"));
    expect(events).toMatchObject([
      { type: "room.occupied", room, occupancy: { members: 1, connections: 1 } },
      { type: "member.joined", room, user: { id: "ada", name: "Ada" } },
      { type: "message.stored", room, message: { seq, from: { id: "ada" }, data: { deep: [1, "ü"] } } },
      { type: "message.changed", room, seq: 2, by: "ada", message: { seq, data: 2 } },
      { type: "member.left", room, user: { id: "ada" } },
      { type: "room.vacated", room },
    ]);
  });

  it("[Z71] is as fast as ever while its receiver hangs", async () => {
    const { room, answerWith, requests, types } = await toldRoom();
    const hung = Promise.withResolvers<Response>();
    answerWith(() => hung.promise);
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    await until(() => expect(requests).toHaveLength(1));
    for (let n = 0; n < 50; n++) await ada.ask({ type: "send", id: `m${n}`, data: n });
    await bo.settled();
    expect(bo.ofType("message")).toHaveLength(50);
    expect((await publish(room, 50)).status).toBe(201);
    // One batch at a time.
    expect(requests).toHaveLength(1);
    answerWith(taken);
    hung.resolve(new Response(null, { status: 204 }));
    await until(() => expect(types().filter((type) => type === "message.stored")).toHaveLength(51));
  });

  it("[Z72] has its alarm set before anything is untold without it", async () => {
    const { room, answerWith, requests } = await toldRoom();
    answerWith(() => new Promise(() => {}));
    const before = Date.now();
    await publish(room, 1);
    const at = (await alarmOf(room)) ?? 0;
    expect(at - before).toBeGreaterThan(55_000);
    expect(at - before).toBeLessThan(75_000);
    await until(() => expect(requests).toHaveLength(1));
  });

  it("[Z80] says in the log that its back end does not take what happened, and that it does again", async () => {
    const { room, stub, answerWith, events } = await toldRoom();
    const lines: unknown[] = [];
    for (const level of ["info", "warn"] as const) {
      const spy = vi.spyOn(console, level).mockImplementation((line) => {
        const { event, room: of, events, tries } = JSON.parse(String(line));
        if (of === room && /^webhook_/.test(event)) lines.push([event, events, tries]);
      });
      onTestFinished(() => spy.mockRestore());
    }
    answerWith(() => new Response(null, { status: 503 }));
    await publish(room, 1);
    await until(() => expect(lines).toEqual([["webhook_later", 1, 1]]));
    answerWith(taken);
    advanceClock(300_000);
    await until(async () => {
      await runDurableObjectAlarm(stub);
      expect(lines.slice(1)).toEqual([["webhook_again", 1, 1]]);
    });
    await publish(room, 2);
    await until(() => expect(events).toHaveLength(2));
    expect(lines).toHaveLength(2);
  });

  it("[Z73] tells again after a crash, with the same ids", async () => {
    const { room, stub, settings, answerWith, requests, events } = await toldRoom();
    answerWith(() => new Response(null, { status: 503 }));
    await publish(room, "before");
    await until(() => expect(requests).toHaveLength(1));
    await crash(stub);
    await configureRoom(room, settings);
    answerWith(taken);
    advanceClock(60_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await until(() => expect(events).toHaveLength(1));
    expect(requests[1]).toEqual(requests[0]);
  });

  it("[Z74] writes nothing and asks nothing of a topic that nobody is told of", async () => {
    const { room, requests } = await toldRoom({ WEBHOOK_EVENTS: "message.stored", WEBHOOK_TOPICS: "task" });
    await publish(room, 1);
    expect(await alarmOf(room)).toBe(null);
    await publish(room, 2, "task.done");
    await until(() => expect(requests).toHaveLength(1));
    expect(requests[0]).toHaveLength(1);
  });

  it("[Z75] that a member joined over a session tells it like any other", async () => {
    const { room, types } = await toldRoom({ WEBHOOK_EVENTS: "member.joined,member.left" });
    const session = await openSession("ada");
    await session.ask({ type: "join", id: "j", room });
    await until(() => expect(types()).toEqual(["member.joined"]));
    session.close(1000);
    await until(() => expect(types()).toEqual(["member.joined", "member.left"]));
  });
});

describe("an inbox", () => {
  it("[Z76] tells each notification, also one that nobody sees, after a failure too", async () => {
    const backEnd = startToldBackEnd();
    const user = uniqueName("told");
    await configureUser(user, backEnd.settings);
    backEnd.answerWith(() => new Response(null, { status: 503, headers: { "Retry-After": "60" } }));
    const notify = (id: string) => callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id });
    await notify("n1");
    await until(() => expect(backEnd.requests).toHaveLength(1));
    await notify("n2");
    backEnd.answerWith(taken);
    advanceClock(70_000);
    expect(await runDurableObjectAlarm(userObject(user))).toBe(true);
    await until(() => expect(backEnd.events).toHaveLength(2));
    expect(backEnd.events).toMatchObject([
      { type: "notification.stored", user: { id: user }, notification: { id: "n1", state: "unseen" } },
      { type: "notification.stored", user: { id: user }, notification: { id: "n2" } },
    ]);
    expect(backEnd.requests).toHaveLength(2);
  });
});
