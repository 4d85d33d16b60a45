// Open connections lose what the deployer's back end takes away, and questions to the back end are charged.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { UserObject } from "../../src/user/runtime/user-object.ts";
import { startBackEnd } from "./support/back-end.ts";
import {
  advanceClock,
  configureRoom,
  configureUser,
  goOff,
  recordWrites,
  sleep,
  stopClock,
} from "./support/objects.ts";
import { type Frame, TestSocket } from "./support/test-socket.ts";
import {
  callAsServer,
  callWith,
  errorOf,
  join,
  roomHas,
  roomObject,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const SECOND = 1_000;

function silenceLog() {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
}

const publish = (room: string, data: unknown) => callAsServer("POST", `/v1/rooms/${room}/messages`, { data });

async function openSession(backEnd: ReturnType<typeof startBackEnd>, user: string, settings = {}) {
  await configureUser(user, { ...backEnd.settings, ...settings });
  const protocols = `edge-rooms.v1, token.${await backEnd.tokenOf(user)}`;
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols };
  const { webSocket } = await callWith(backEnd.settings, "/v1/connect", { headers });
  if (webSocket === null) throw new Error("no socket");
  const session = new TestSocket(webSocket);
  await session.next("caughtUp");
  return session;
}

async function sessionIn(backEnd: ReturnType<typeof startBackEnd>, room: string, user: string) {
  await configureRoom(room, backEnd.settings);
  const session = await openSession(backEnd, user);
  session.send({ type: "join", id: "j", room });
  await session.next("caughtUp", (frame) => frame.room === room);
  return session;
}

describe("an open socket", () => {
  it("[A46] receives, reads and writes nothing once its permission is gone", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("gone");
    const ada = await backEnd.open(room, "ada");
    await ada.next("caughtUp");
    expect(await ada.ask({ type: "send", id: "1", data: 1 })).toMatchObject({ type: "ok" });
    backEnd.answerWith(() => ({ permission: null }));
    advanceClock(2 * SECOND);
    await publish(room, "a secret");
    ada.send({ type: "history", id: "h" });
    ada.send({ type: "send", id: "2", data: 2 });
    expect(await ada.closed).toEqual({ code: 4403, reason: "forbidden" });
    expect(await ada.closeWords).toBe("AUTHORIZE_URL no longer lets you read this room");
    expect(ada.texts.join()).not.toContain("secret");
    await roomHas(room, 0);
    const info = await (await callAsServer("GET", `/v1/rooms/${room}`)).json();
    expect(info).toMatchObject({ head: 2, occupancy: { members: 0, connections: 0 } });
  });

  it("[A46][A47] continues if the permission is given again, and misses nothing, also after a sleep", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("kept");
    const ada = await backEnd.open(room, "ada");
    await ada.next("caughtUp");
    for (let n = 1; n <= 3; n++) {
      await sleep(roomObject(room));
      await configureRoom(room, backEnd.settings);
      advanceClock(2 * SECOND * n);
      await publish(room, n);
      await ada.next("message");
      await ada.ask({ type: "send", id: `a${n}`, data: -n });
    }
    expect(ada.ofType("message").map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    backEnd.answerWith(() => ({ permission: "read" }));
    advanceClock(9 * SECOND);
    expect(await ada.ask({ type: "send", id: "x", data: 1 })).toMatchObject({ code: "forbidden" });
  });

  it("[A46] that neither sends nor receives is checked by the sweep", async () => {
    const backEnd = startBackEnd(({ user }) => ({ permission: user.id === "ada" ? "read" : "write" }));
    const room = uniqueName("idle");
    const ada = await backEnd.open(room, "ada");
    const bo = await backEnd.open(room, "bo");
    await bo.next("caughtUp");
    backEnd.answerWith(({ user }) => ({ permission: user.id === "ada" ? null : "write" }));
    advanceClock(61 * SECOND);
    await goOff(room);
    expect(await ada.closed).toEqual({ code: 4403, reason: "forbidden" });
  });

  it("[A48] receives what it missed when the back end answers again", async () => {
    silenceLog();
    const backEnd = startBackEnd(() => ({ permission: "read", maxAgeSeconds: 1 }));
    const room = uniqueName("silent");
    const ada = await backEnd.open(room, "ada");
    await ada.next("caughtUp");
    let questions = 0;
    backEnd.answerWith(() => {
      questions++;
      return questions === 1 ? new Response("down", { status: 500 }) : { permission: "read" };
    });
    advanceClock(2 * SECOND);
    await publish(room, "late");
    await expect.poll(() => questions, { interval: 5 }).toBe(1);
    expect(ada.ofType("message")).toEqual([]);
    expect(await ada.next("message")).toMatchObject({ data: "late" });
    expect(questions).toBe(2);
  });
});

describe("a room on a session", () => {
  it("[J17] ends with `left` once its permission is gone, and the session continues", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("gone");
    const session = await sessionIn(backEnd, room, uniqueName("bo"));
    backEnd.answerWith(() => ({ permission: null }));
    advanceClock(2 * SECOND);
    await publish(room, "a secret");
    expect(await session.next("left")).toMatchObject({ room, code: "forbidden" });
    expect(session.texts.join()).not.toContain("secret");
    expect(await session.ask({ type: "notifications", id: "n" })).toMatchObject({ type: "ok" });
  });

  it("[J17] continues if the permission is given again, also after a sleep, without writing a row", async () => {
    // The row says until when the permission holds, rounded down to 5 minutes: so all of this is within 5 minutes.
    const from = stopClock(Math.ceil(Date.now() / (300 * SECOND)) * 300 * SECOND);
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const [room, user] = [uniqueName("kept"), uniqueName("bo")];
    const session = await sessionIn(backEnd, room, user);
    for (let n = 1; n <= 3; n++) {
      await sleep(roomObject(room));
      await configureRoom(room, backEnd.settings);
      stopClock(from + 2 * SECOND * n);
      const writes = await recordWrites(roomObject(room));
      await publish(room, n);
      await session.next("message");
      expect(writes.statements.filter((statement) => statement.includes("sessions"))).toEqual([]);
    }
    expect(session.ofType("message").map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(session.ofType("left")).toEqual([]);
  });

  it("[J17] answers what was sent before a leave first, although the permission had to be asked for", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("left");
    const session = await sessionIn(backEnd, room, uniqueName("bo"));
    advanceClock(2 * SECOND);
    session.send({ type: "send", id: "m", room, data: 1 });
    await session.ask({ type: "leave", id: "l", room });
    const answers = session.received.filter(({ type }) => type === "ok").map(({ id }) => id);
    expect(answers).toEqual(["j", "m", "l"]);
  });

  it("[A63] waits for the answer before a leave without looking again and again", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 1 }));
    const room = uniqueName("left");
    const session = await sessionIn(backEnd, room, uniqueName("bo"));
    const answer = Promise.withResolvers<object>();
    backEnd.answerWith(() => answer.promise);
    advanceClock(2 * SECOND);
    session.send({ type: "send", id: "m", room, data: 1 });
    session.send({ type: "leave", id: "l", room });
    await expect.poll(() => backEnd.questions, { interval: 5 }).toHaveLength(2);
    const waits = vi.spyOn(scheduler, "wait");
    onTestFinished(() => waits.mockRestore());
    // Other members go on meanwhile, each with a flush.
    for (let n = 0; n < 5; n++) await publish(room, n);
    const before = waits.mock.calls.length;
    // There is no event to wait for: nothing must happen.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(waits.mock.calls.slice(before)).toEqual([]);
    answer.resolve({ permission: "write" });
    expect(await session.next("ok", ({ id }) => id === "l")).toMatchObject({ room });
  });
});

describe("auth", () => {
  const renewals = (count: number, token: string) =>
    Array.from({ length: count }, (_, n) => ({ type: "auth", id: `r${n}`, token }));

  it("[A51] is charged before the back end is asked, on a socket", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 0 }));
    const room = uniqueName("paid");
    await configureRoom(room, backEnd.settings);
    const ada = await backEnd.open(room, "ada");
    await ada.next("caughtUp");
    const before = backEnd.questions.length;
    await configureRoom(room, { ...backEnd.settings, RATE_PER_SECOND: 0.001, RATE_BURST: 5 });
    await sleep(roomObject(room));
    await configureRoom(room, { ...backEnd.settings, RATE_PER_SECOND: 0.001, RATE_BURST: 5 });
    ada.send({ type: "batch", commands: renewals(30, await backEnd.tokenOf("ada")) });
    await ada.next("error", ({ id }) => id === "r29");
    expect(ada.ofType("ok")).toHaveLength(5);
    expect(ada.ofType("error").every(({ code }) => code === "rate_limited")).toBe(true);
    expect(backEnd.questions.length - before).toBeLessThanOrEqual(6);
  });

  it("[A51] asks about no other user: not with another user's token, nor for an anonymous reader", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write" }));
    const ada = await backEnd.open(uniqueName("paid"), "ada");
    await ada.next("caughtUp");
    const before = backEnd.questions.length;
    const token = await backEnd.tokenOf("bo");
    expect(await ada.ask({ type: "auth", id: "a", token })).toMatchObject({ code: "forbidden" });
    const open = uniqueName("public_");
    await configureRoom(open, backEnd.settings);
    const reader = await join(open, null);
    expect(await reader.ask({ type: "auth", id: "a", token })).toMatchObject({ code: "forbidden" });
    expect(backEnd.questions).toHaveLength(before);
  });

  it("[A51] costs a session one rate token more for each room that must be asked about", async () => {
    const backEnd = startBackEnd(() => ({ permission: "write", maxAgeSeconds: 0 }));
    const user = uniqueName("bo");
    const session = await openSession(backEnd, user, { RATE_PER_SECOND: 0.001, RATE_BURST: 20 });
    for (let n = 0; n < 7; n++) {
      const room = uniqueName("many");
      await configureRoom(room, backEnd.settings);
      expect(await session.ask({ type: "join", id: `j${n}`, room })).toMatchObject({ type: "ok" });
    }
    const before = backEnd.questions.length;
    session.send({ type: "batch", commands: renewals(10, await backEnd.tokenOf(user)) });
    // 13 rate tokens are left: the first costs 8, and the next can only pay the check of its token.
    const answers = [];
    for (let n = 0; n < 10; n++) {
      const fits = (frame: Frame) => frame.id === `r${n}`;
      answers.push(await Promise.race([session.next("ok", fits), session.next("error", fits)]));
    }
    expect(answers.map(({ type }) => type)).toEqual(["ok", ...Array(9).fill("error")]);
    await expect.poll(() => backEnd.questions.length - before, { interval: 5 }).toBe(7);
  });
});

describe("the list of followed rooms", () => {
  const list = async (backEnd: ReturnType<typeof startBackEnd>, user: string, after = "") =>
    backEnd.ask(`/v1/me/rooms?after=${after}`, user);

  async function follower(backEnd: ReturnType<typeof startBackEnd>, rooms: number, settings = {}) {
    const user = uniqueName("bo");
    await configureUser(user, { ...backEnd.settings, ...settings });
    const names = Array.from({ length: rooms }, (_, n) => `${user}_${String(n).padStart(3, "0")}`);
    await runInDurableObject<UserObject, void>(userObject(user), (object) => {
      for (const name of names) object.follow(name, null);
    });
    return { user, names };
  }

  it("[A52] asks about 50 rooms per call, and says where to continue", async () => {
    const backEnd = startBackEnd(({ room }) => ({ permission: room.endsWith("0") ? null : "read" }));
    const { user, names } = await follower(backEnd, 120);
    const rooms: string[] = [];
    const asked: number[] = [];
    let after: string | undefined = "";
    while (after !== undefined) {
      const page: { rooms: { room: string }[]; next?: string } = await (
        await list(backEnd, user, after)
      ).json();
      rooms.push(...page.rooms.map(({ room }) => room));
      asked.push(backEnd.questions.length);
      after = page.next;
    }
    expect(asked).toEqual([50, 100, 120]);
    expect(rooms).toEqual(names.filter((name) => !name.endsWith("0")));
    // Cached answers are not asked for again, and the list comes at once.
    const whole: { rooms: unknown[]; next?: string } = await (await list(backEnd, user)).json();
    expect([whole.rooms.length, whole.next, backEnd.questions.length]).toEqual([108, undefined, 120]);
  });

  it("[A52] is charged for its questions, also if the back end does not answer", async () => {
    silenceLog();
    const backEnd = startBackEnd(() => new Response("down", { status: 503 }));
    const { user } = await follower(backEnd, 60, { RATE_PER_SECOND: 0.001, RATE_BURST: 30 });
    expect((await list(backEnd, user)).status).toBe(200);
    for (let n = 0; n < 20; n++) {
      const refused = await list(backEnd, user);
      expect([refused.status, (await errorOf(refused)).code]).toEqual([429, "rate_limited"]);
    }
    expect(backEnd.questions).toHaveLength(50);
  });
});
