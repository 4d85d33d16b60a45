import { describe, expect, it } from "vitest";
import { advanceClock } from "./support/objects.ts";
import { callAsServer, fill, join, openSession, tokenFor, uniqueName } from "./support/worker.ts";

const EXPIRED = { code: 4401, reason: "token_expired" };

describe("auth", () => {
  it("[M8] renews a live connection: the new expiry and permission apply from its ok on", async () => {
    const ada = await join(uniqueName("renew"), "ada", { expiresInS: 20, rooms: { "*": "read" } });
    const token = await tokenFor("ada", { expiresInS: 3_600 });
    ada.send({ type: "send", id: "before", data: 1 });
    ada.send({ type: "auth", id: "a", token });
    ada.send({ type: "send", id: "after", data: 1 });
    await ada.settled();
    expect(ada.ofType("error")).toMatchObject([{ id: "before", code: "forbidden" }]);
    expect(ada.ofType("ok")).toMatchObject([
      { id: "a", permission: "write", expiresAt: expect.any(Number) },
      { id: "after", seq: 1 },
    ]);
    expect(Number(ada.ofType("ok")[0]?.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
    advanceClock(40_000);
    expect(await ada.ask({ type: "send", id: "later", data: 1 })).toMatchObject({ type: "ok" });
  });

  it("[M8] also applies a lower permission", async () => {
    const ada = await join(uniqueName("less"), "ada");
    await ada.ask({ type: "auth", id: "a", token: await tokenFor("ada", { rooms: { "*": "read" } }) });
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ code: "forbidden" });
  });

  it("[M8] with another user's token is forbidden, with an invalid one unauthorized; the old token stays in force", async () => {
    const ada = await join(uniqueName("keep"), "ada");
    const refused = [
      [await tokenFor("bo"), "forbidden"],
      [await tokenFor("ADA"), "forbidden"],
      ["nonsense", "unauthorized"],
      ["", "unauthorized"],
      [await tokenFor("ada", { secret: "another-secret-that-is-long-enough-too" }), "unauthorized"],
      [await tokenFor("ada", { expiresInS: -1 }), "token_expired"],
    ];
    for (const [token, code] of refused)
      expect(await ada.ask({ type: "auth", id: "a", token })).toMatchObject({ type: "error", code });
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok" });
  });

  it("[M8] with a token without permission in this room closes with 4403", async () => {
    const room = uniqueName("out");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    ada.send({
      type: "auth",
      id: "a",
      token: await tokenFor("ada", { rooms: { [room]: "none", "*": "write" } }),
    });
    ada.send({ type: "send", id: "m", data: 1 });
    expect(await ada.closed).toEqual({ code: 4403, reason: "forbidden" });
    await bo.settled();
    expect(bo.ofType("message")).toEqual([]);
  });

  it("[M8] delays the commands sent after it, also in the same batch, and keeps their order", async () => {
    const ada = await join(uniqueName("wait"), "ada", { rooms: { "*": "read" } });
    const token = await tokenFor("ada");
    ada.send({
      type: "batch",
      commands: [
        { type: "send", id: "0", data: 0 },
        { type: "auth", id: "a", token },
        { type: "send", id: "1", data: 1 },
        { type: "auth", id: "b", token },
        { type: "send", id: "2", data: 2 },
      ],
    });
    for (let i = 3; i < 10; i++) ada.send({ type: "send", id: String(i), data: i });
    await ada.settled();
    expect(ada.ofType("error").map(({ id }) => id)).toEqual(["0"]);
    expect(ada.ofType("message").map(({ data }) => data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("[M1][M8] does not drop the commands sent after it when the client then leaves", async () => {
    const room = uniqueName("leave");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    const token = await tokenFor("ada");
    ada.send({ type: "auth", id: "a", token });
    ada.send({ type: "send", id: "m", data: "last words" });
    ada.close(1000);
    await bo.next("memberLeft");
    expect(bo.ofType("message")).toMatchObject([{ data: "last words" }]);
  });

  it("[M8] works on a session", async () => {
    const user = uniqueName("ada");
    const session = await openSession(user, { expiresInS: 20 });
    expect(await session.ask({ type: "auth", id: "a", token: await tokenFor("bo") })).toMatchObject({
      code: "forbidden",
    });
    expect(await session.ask({ type: "auth", id: "b", token: "x" })).toMatchObject({ code: "unauthorized" });
    expect(await session.ask({ type: "auth", id: "c", token: await tokenFor(user) })).toMatchObject({
      type: "ok",
    });
    advanceClock(40_000);
    expect(await session.ask({ type: "notifications", id: "n" })).toMatchObject({ type: "ok" });
  });
});

describe("an expired connection", () => {
  const frames = [
    { type: "send", id: "m", data: 1 },
    { type: "signal", event: "x" },
    { type: "ping", id: "p" },
    { type: "topics", id: "t", topics: null },
    { type: "shout" },
  ];

  it.each(frames)("[M9] is closed with 4401 whatever it sends: $type", async (frame) => {
    const room = uniqueName("expired");
    const ada = await join(room, "ada", { expiresInS: 20 });
    const bo = await join(room, "bo");
    await ada.settled();
    const before = ada.received.length;
    advanceClock(20_000);
    ada.send(frame);
    expect(await ada.closed).toEqual(EXPIRED);
    expect(ada.received).toHaveLength(before);
    await bo.settled();
    expect(bo.received.filter(({ type }) => type === "message" || type === "signal")).toEqual([]);
  });

  it("[M9] cannot renew itself", async () => {
    const ada = await join(uniqueName("expired"), "ada", { expiresInS: 20 });
    const token = await tokenFor("ada");
    advanceClock(20_000);
    ada.send({ type: "auth", id: "a", token });
    expect(await ada.closed).toEqual(EXPIRED);
  });

  it("[M9] is closed before anything more is delivered to it", async () => {
    const room = uniqueName("expired");
    const ada = await join(room, "ada", { expiresInS: 20 });
    const bo = await join(room, "bo");
    await ada.settled();
    advanceClock(20_000);
    await fill(bo, 1);
    expect(await ada.closed).toEqual(EXPIRED);
    expect(ada.ofType("message")).toEqual([]);
    expect(bo.ofType("message")).toHaveLength(1);
  });

  it("[M9] of a session is also closed before a command or a notification takes effect", async () => {
    const user = uniqueName("ada");
    const one = await openSession(user, { expiresInS: 20 });
    const two = await openSession(user, { expiresInS: 40 });
    const three = await openSession(user);
    advanceClock(20_000);
    one.send({ type: "notifications", id: "n" });
    expect(await one.closed).toEqual(EXPIRED);
    advanceClock(40_000);
    await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" });
    expect(await two.closed).toEqual(EXPIRED);
    await three.next("notification");
    expect(one.ofType("notification").length + two.ofType("notification").length).toBe(0);
  });
});
