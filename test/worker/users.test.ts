import { describe, expect, it } from "vitest";
import { advanceClock, userExists } from "./support/objects.ts";
import { call, callAs, callAsServer, errorOf, openSession, tokenFor, uniqueName } from "./support/worker.ts";

const standing = async (user: string) => {
  const response = await callAsServer("GET", `/v1/users/${user}`);
  return [response.status, await response.json()];
};
const signal = async (user: string, body: object) => callAsServer("POST", `/v1/users/${user}/signals`, body);
const answer = async (response: Promise<Response>) => (await response).json();

describe("a user", () => {
  it("[U16] is online with session sockets, and has an unread count", async () => {
    const user = uniqueName("u");
    const phone = await openSession(user);
    await openSession(user);
    await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" });
    expect(await standing(user)).toEqual([200, { user, online: true, connections: 2, unread: 1 }]);
    phone.close(1000);
    await phone.closed;
    expect(await standing(user)).toEqual([200, { user, online: true, connections: 1, unread: 1 }]);
  });

  it("[U16] is not online through a vanished connection", async () => {
    const user = uniqueName("u");
    const ghost = await (await openSession(user)).beats();
    advanceClock(80_000);
    expect(await standing(user)).toEqual([200, { user, online: false, connections: 0, unread: 0 }]);
    expect(await ghost.closed).toMatchObject({ code: 4408 });
  });

  it("[U16] who was never here is offline, and the question creates nothing", async () => {
    const user = uniqueName("u");
    expect(await standing(user)).toEqual([200, { user, online: false, connections: 0, unread: 0 }]);
    expect(await answer(signal(user, { event: "x" }))).toEqual({ delivered: 0 });
    const response = await callAsServer("GET", "/v1/users/a%0Ab");
    expect([response.status, (await errorOf(response)).path]).toEqual([400, ["user"]]);
    await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" });
    expect(await userExists(user)).toBe(true);
  });

  it("[U16][U17] is visible and reachable only with an API key", async () => {
    const user = uniqueName("u");
    for (const [method, path] of [
      ["GET", `/v1/users/${user}`],
      ["POST", `/v1/users/${user}/signals`],
    ] as const) {
      const body = method === "POST" ? { event: "x" } : undefined;
      expect((await callAs(await tokenFor(user), method, path, body)).status).toBe(403);
      expect((await call(path, { method })).status).toBe(401);
    }
    expect(await userExists(user)).toBe(false);
  });
});

describe("a signal to a user", () => {
  it("[U17] reaches every session whatever its topics, and is not stored", async () => {
    const user = uniqueName("u");
    const phone = await openSession(user);
    const laptop = await openSession(user, { query: "?topics=builds" });
    const other = await openSession(uniqueName("other"));
    expect(await answer(signal(user, { event: "export.ready", data: { url: "/e/1" } }))).toEqual({
      delivered: 2,
    });
    const frame = {
      type: "signal",
      event: "export.ready",
      from: null,
      data: { url: "/e/1" },
      at: expect.any(Number),
    };
    for (const session of [phone, laptop]) expect(await session.next("signal")).toEqual(frame);
    await other.settled();
    expect(other.ofType("signal")).toEqual([]);
    const late = await openSession(user);
    expect(await late.next("connected")).toMatchObject({ head: 0, unread: 0 });
    expect(late.ofType("signal")).toEqual([]);
  });

  it("[U17] carries null if no data is given, and accepts what a message accepts", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await signal(user, { event: "x" });
    expect(await session.next("signal")).toMatchObject({ event: "x", data: null });
    for (const [body, status, path] of [
      [{}, 400, ["event"]],
      [{ event: "a b" }, 400, ["event"]],
      [{ event: "x", data: "y".repeat(1_001) }, 413, ["data"]],
    ] as const) {
      const response = await signal(user, body);
      expect([response.status, (await errorOf(response)).path]).toEqual([status, path]);
    }
  });
});
