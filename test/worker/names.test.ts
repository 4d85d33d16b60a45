import { describe, expect, it } from "vitest";
import { callAs, errorOf, fill, join, openRoom, tokenFor, uniqueName } from "./support/worker.ts";

const long = (length: number) => "n".repeat(length);

describe("names", () => {
  it.each(["a", "0", "A.b:c-d_e", long(128)])("[A12] %s is a valid room", async (room) => {
    expect((await callAs(await tokenFor("ada"), "GET", `/v1/rooms/${room}`)).status).toBe(200);
  });

  it.each(["_a", ".a", ":a", "-a", "a%20b", "a%2Fb", "a%0A", "%C3%A4", "a*", long(129), "a%00"])(
    "[A12] %s is not a valid room",
    async (room) => {
      const token = await tokenFor("ada");
      const response = await callAs(token, "GET", `/v1/rooms/${room}`);
      expect(response.status).toBe(400);
      expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: ["room"] });
      expect(await (await openRoom(room, "ada")).closed).toEqual({ code: 4400, reason: "bad_request" });
    },
  );

  it("[A12] rooms are case-sensitive", async () => {
    const room = uniqueName("case");
    const ada = await join(room, "ada");
    await fill(ada, 1);
    const other = await join(room.toUpperCase(), "ada");
    expect(await other.next("connected")).toMatchObject({ head: 0 });
  });

  it.each([".", "..", "a\n", "\u0085", "\ud83d", long(256)])(
    "[A12][A29] %j is not a valid user id, in a token or in a field",
    async (user) => {
      const socket = await openRoom(uniqueName("users"), user);
      expect(await socket.closed).toEqual({ code: 4401, reason: "unauthorized" });
      const ada = await join(uniqueName("users"), "ada");
      expect(await ada.ask({ type: "send", id: "m", data: 1, mentions: ["bo", user] })).toMatchObject({
        code: "bad_request",
        path: ["mentions", 1],
      });
      expect(await ada.ask({ type: "signal", id: "s", event: "e", to: user })).toMatchObject({
        code: "bad_request",
        path: ["to"],
      });
    },
  );

  it("[A12] events and topics have 1 to 64 characters and start with a letter or digit", async () => {
    const ada = await join(uniqueName("events"), "ada");
    for (const event of ["a", "0.b:c-d_e", long(64)]) {
      expect(await ada.ask({ type: "send", id: crypto.randomUUID(), event, data: 1 }), event).toMatchObject({
        type: "ok",
      });
      expect(await ada.ask({ type: "topics", id: "t", topics: [event] }), event).toMatchObject({
        type: "ok",
      });
    }
    for (const event of ["", "_a", ".a", "a b", "a\n", "ä", 'a"', "__proto__", long(65)]) {
      expect(await ada.ask({ type: "send", id: "m", event, data: 1 }), event).toMatchObject({
        code: "bad_request",
        path: ["event"],
      });
      expect(await ada.ask({ type: "topics", id: "t", topics: ["a", event] }), event).toMatchObject({
        code: "bad_request",
        path: ["topics", 1],
      });
    }
  });

  it("[A12] command ids have 1 to 64 characters, without lone surrogates", async () => {
    const ada = await join(uniqueName("ids"), "ada");
    for (const id of ["a", 'ä ✓ \u0000\n"\\', "😀".repeat(32), long(64), "__proto__", "null"]) {
      expect(await ada.ask({ type: "send", id, data: 1 })).toMatchObject({ type: "ok", id });
      expect(await ada.next("message")).toMatchObject({ id });
    }
    for (const id of ["", long(65), "😀".repeat(33), "\ud83d", "a\ude00"]) {
      ada.send({ type: "send", id, data: 1 });
      const error = await ada.next("error");
      expect(error, JSON.stringify(id)).toMatchObject({ code: "bad_request", path: ["id"] });
      expect(error).not.toHaveProperty("id");
    }
  });

  it("[A12][A13] an invalid cursor is lost", async () => {
    const room = uniqueName("cursors");
    const ada = await join(room, "ada");
    await fill(ada, 2);
    const { epoch } = await ada.next("connected");
    for (const since of [
      "x",
      "2",
      ".2",
      `${epoch}.`,
      `${epoch}.-1`,
      `${epoch}.1.0`,
      `${epoch}.1x`,
      `${long(17)}.1`,
    ]) {
      const bo = await join(room, "bo", { query: `?since=${since}` });
      expect(await bo.next("connected"), since).toMatchObject({ recovery: "lost", head: 2 });
      expect(bo.ofType("message"), since).toHaveLength(2);
    }
  });
});

describe("parameters of a socket", () => {
  it("[A13] that is empty counts as absent", async () => {
    const room = uniqueName("empty");
    await fill(await join(room, "ada"), 3);
    const bo = await join(room, "bo", { query: "?since=&history=&topics=&presence=" });
    expect(await bo.next("connected")).toMatchObject({
      recovery: "none",
      members: [{ id: "ada" }, { id: "bo" }],
    });
    expect(bo.ofType("message")).toHaveLength(3);
  });

  const bad: [string, string][] = [
    ["history=201", "history"],
    ["history=-1", "history"],
    ["history=1.5", "history"],
    ["history=1e2", "history"],
    ["history=x", "history"],
    ["history=%201", "history"],
    ["topics=a,,b", "topics"],
    ["topics=a,", "topics"],
    ["topics=*", "topics"],
    [`topics=${Array.from({ length: 21 }, (_, at) => `t${at}`)}`, "topics"],
    ["presence=on", "presence"],
    ["presence=OFF", "presence"],
  ];

  it.each(bad)("[A13] is refused with bad_request if it is invalid: %s", async (query, name) => {
    const room = uniqueName("bad");
    expect(await (await openRoom(room, "ada", { query: `?${query}` })).closed).toEqual({
      code: 4400,
      reason: "bad_request",
    });
    const polled = await callAs(await tokenFor("ada"), "GET", `/v1/rooms/${room}/events?${query}`);
    expect(polled.status).toBe(400);
    expect(await errorOf(polled)).toMatchObject({ code: "bad_request", path: [name] });
  });

  it.each([
    ["messages?before=x", "before"],
    ["messages?before=-1", "before"],
    ["messages?limit=0", "limit"],
    ["messages?limit=201", "limit"],
    ["messages?topics=a%20b", "topics"],
    ["events?wait=31", "wait"],
    ["events?wait=-1", "wait"],
  ])("[A13] is refused over HTTP in the same way: %s", async (query, name) => {
    const path = `/v1/rooms/${uniqueName("bad")}/${query}`;
    const response = await callAs(await tokenFor("ada"), "GET", path);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: [name] });
  });

  it("[A13] is lost if it is a since that cannot be read, however long", async () => {
    const ada = await openRoom(uniqueName("since"), "ada", { query: `?since=${"x".repeat(20_000)}` });
    expect(await Promise.race([ada.next("connected"), ada.closed])).toMatchObject({ recovery: "lost" });
  });

  it("[A13] is accepted at the bounds of its range", async () => {
    const room = uniqueName("bounds");
    const topics = Array.from({ length: 20 }, (_, at) => `t${at}`);
    const ada = await join(room, "ada", { query: `?history=200&topics=${topics}&presence=off` });
    expect(await ada.next("connected")).toMatchObject({ recovery: "none", members: [] });
    const zero = await join(room, "bo", { query: "?history=0" });
    expect(zero.ofType("caughtUp")).toHaveLength(1);
  });
});
