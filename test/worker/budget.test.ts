// What a user may cost per day in all rooms together.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { advanceClock, configureRoom, configureUser, sleep, stopClock } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  join,
  openRoom,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const DAY_MS = 86_400_000;
const BUDGET = { USER_BUDGET_PER_DAY: 1_000 };

/** A user in a room, where both objects report what the user costs: every action is reported. */
async function countedUser() {
  const chance = vi.spyOn(Math, "random").mockReturnValue(0);
  onTestFinished(() => chance.mockRestore());
  const [room, user] = [uniqueName("counted"), uniqueName("spender")];
  await configureRoom(room, BUDGET);
  await configureUser(user, BUDGET);
  return { room, user, ada: await join(room, user, { expiresInS: 3 * 86_400 }) };
}

describe("the daily budget of a user", () => {
  it("[K16] closes the user's connections when it is used up and opens nothing until the day ends; others do not notice", async () => {
    const today = stopClock();
    const { room, user, ada } = await countedUser();
    const session = await openSession(user);
    const bo = await join(room, "bo");
    for (let n = 0; n < 25; n++) ada.send({ type: "send", id: `${n}`, data: n });
    const closing = await ada.closed;
    const waitMs = DAY_MS - (today % DAY_MS);
    expect(closing).toEqual({ code: 4429, reason: `rate_limited ${waitMs}` });
    expect(await session.closed).toMatchObject({ code: 4429 });
    await sleep(roomObject(room));
    await sleep(userObject(user));
    await configureUser(user, BUDGET);
    expect(await (await openRoom(room, user)).closed).toMatchObject({ code: 4429 });
    const posted = await callAs(await tokenFor(user), "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(posted.status).toBe(429);
    bo.send({ type: "send", id: "bo", data: 1 });
    await bo.next("ok", ({ id }) => id === "bo");
    advanceClock(waitMs + 1_000);
    const later = await callAs(await tokenFor(user), "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(later.status).toBe(201);
  });

  it("[K16] bounds the rooms that a user creates by connections and by calls", async () => {
    const { user } = await countedUser();
    const bearer = await tokenFor(user);
    const statuses: number[] = [];
    for (let n = 0; n < 45; n++) {
      const room = uniqueName("invented");
      const response = await callAs(bearer, "POST", `/v1/rooms/${room}/messages`, { data: 1 });
      statuses.push(response.status);
    }
    expect(statuses.filter((status) => status === 201).length).toBeLessThan(1_000 / 25);
    expect(statuses.at(-1)).toBe(429);
    expect(await (await openRoom(uniqueName("invented"), user)).closed).toMatchObject({ code: 4429 });
    expect((await callAsServer("GET", `/v1/users/${user}`)).status).toBe(200);
  });
});

describe("a connection over calls", () => {
  it("[H54] counts each call against the daily budget, in a room and on a session", async () => {
    for (const where of ["room", "session"]) {
      const { room, user } = await countedUser();
      const bearer = await tokenFor(user);
      const path = where === "room" ? `/v1/rooms/${room}/poll` : "/v1/poll";
      const last = async (head: object) => {
        const text = await (await callAs(bearer, "POST", path, head)).text();
        return JSON.parse(text.split("\n").at(-1) ?? "");
      };
      const { connection } = await last({});
      let answer = { type: "polled" };
      for (let calls = 0; calls < 40 && answer.type === "polled"; calls++)
        answer = await last({ connection, received: 0 });
      expect(answer).toMatchObject({ type: "closed", code: 4429 });
    }
  });
});

describe("a connection without a token", () => {
  it("[K18] sends at most 50 frames in its life, also if the room sleeps in between; heartbeats do not count", async () => {
    const room = uniqueName("public_frames");
    const reader = await join(room, null);
    for (let n = 0; n < 30; n++) reader.send({ type: "ping", id: `${n}` });
    await reader.next("pong", ({ id }) => id === "29");
    await sleep(roomObject(room));
    for (let n = 0; n < 100; n++) reader.send('{"type":"ping"}');
    for (let n = 30; n < 50; n++) reader.send({ type: "ping", id: `${n}` });
    await reader.next("pong", ({ id }) => id === "49");
    reader.send({ type: "ping", id: "50" });
    expect(await reader.closed).toMatchObject({ code: 4429 });
    expect(reader.ofType("pong").filter(({ id }) => id !== undefined)).toHaveLength(50);
  });
});
