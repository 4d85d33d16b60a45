import { describe, expect, it } from "vitest";
import type { Actor } from "../../../src/access/identity.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const send = (id: string, more: object = {}) => ({ type: "send", id, data: id, ...more });

describe("the rate limit of a user", () => {
  it("[M5] is shared by all their connections in the room, and mentions cost too", () => {
    const test = new RoomForTest({ ratePerSecond: 1, rateBurst: 5 });
    const [first, second, bo] = [test.join("ada"), test.join("ada"), test.join("bo")];
    expect(first.ask(send("1", { mentions: ["x", "y"] }))).toMatchObject({ type: "ok" });
    expect(second.ask(send("2"))).toMatchObject({ type: "ok" });
    expect(second.ask({ type: "history", id: "3" })).toMatchObject({ type: "ok" });
    expect(first.ask(send("4"))).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
    expect(bo.ask(send("5"))).toMatchObject({ type: "ok" });
    test.now += 1_000;
    expect(first.ask(send("4"))).toMatchObject({ type: "ok", seq: 4 });
    expect(first.ask(send("6"))).toMatchObject({ code: "rate_limited" });
  });

  it("[M5] allows a command that costs more than the whole burst, once the bucket is full", () => {
    const test = new RoomForTest({ ratePerSecond: 1, rateBurst: 2 });
    const ada = test.join("ada");
    expect(ada.ask(send("1", { mentions: ["a", "b", "c"] }))).toMatchObject({ type: "ok" });
    expect(ada.ask(send("2"))).toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
  });
});

describe("the order of commands", () => {
  it("[M1] puts a command sent before the first frames after them", () => {
    const test = new RoomForTest();
    const ada = test.connect("ada");
    ada.say(send("1"));
    test.flush();
    expect(ada.socket.take().map(({ type }) => type)).toEqual(["connected", "caughtUp", "message", "ok"]);
  });

  it("[M1] does not depend on others: however much waits behind a command, other clients are served", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    ada.say({ type: "topics", id: "t", topics: null });
    for (let i = 0; i < 1_500; i++) {
      ada.say({ type: "batch", commands: Array.from({ length: 100 }, () => ({ type: "ping" })) });
    }
    bo.send("1");
    expect(bo.seqs).toEqual([1]);
    expect(ada.socket.ofType("pong")).toHaveLength(150_000);
  });

  it("[S14][M1] continues after a page that fails, which is answered", () => {
    const test = new RoomForTest({ historyLimit: 5_000 });
    const ada = test.join("ada");
    for (let i = 0; i < 1_500; i++) ada.say(send(`${i}`));
    test.flush();
    const bo = test.join("bo", { since: `${test.log.epoch}.0` });
    test.database.failOn = /SELECT seq, event, body/;
    expect(bo.ask({ type: "history", id: "page", after: 1_000 })).toMatchObject({ code: "internal" });
    test.database.failOn = undefined;
    expect(bo.ask({ type: "history", id: "again", after: 1_000 })).toMatchObject({ type: "ok", seq: 1_500 });
    test.join("cy");
    expect(test.room.roomPresence.occupancy).toEqual({ members: 3, connections: 3 });
  });

  it("[S14][F1] continues after a greeting that fails, which closes that connection", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    ada.send("1");
    test.database.failOn = /SELECT seq, event, body/;
    const bo = test.join("bo");
    expect([bo.socket.frames, bo.socket.closed]).toEqual([[], { code: 4500, reason: "internal" }]);
    test.database.failOn = undefined;
    const cy = test.join("cy");
    expect(cy.socket.ofType("connected")).toMatchObject([{ occupancy: { members: 3, connections: 2 } }]);
    test.later(5_000);
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bo" }]);
  });
});

describe("faulty clients", () => {
  it("[M6] 20 bad frames in a row close with 4400, a valid one in between starts the count again", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo");
    for (let i = 0; i < 19; i++) ada.say("nonsense");
    ada.say(send("1"));
    for (let i = 0; i < 19; i++) ada.say("nonsense");
    test.flush();
    expect(ada.socket.closed).toBeUndefined();
    ada.say("nonsense");
    test.flush();
    expect(ada.socket.closed).toEqual({ code: 4400, reason: "bad_request" });
    expect(ada.socket.ofType("error")).toHaveLength(38);
    expect(bo.socket.closed).toBeUndefined();
  });

  it("[M1][M6] answers of the same flush come before the close", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    ada.socket.take();
    ada.say(send("1"), ...Array.from({ length: 20 }, () => "nonsense"), send("2"));
    test.flush();
    const refused = Array.from({ length: 19 }, () => "error");
    expect(ada.socket.take().map(({ type }) => type)).toEqual(["message", "ok", ...refused]);
    expect(ada.socket.closed).toEqual({ code: 4400, reason: "bad_request" });
    expect(bo.seqs).toEqual([1]);
  });

  it("[M6] 100 refusals within 10 s close with 4429", () => {
    const test = new RoomForTest({ ratePerSecond: 1, rateBurst: 1 });
    const ada = test.join("ada");
    for (let i = 0; i <= 99; i++) ada.say(send(`${i}`));
    test.flush();
    expect(ada.socket.closed).toBeUndefined();
    ada.say(send("last"));
    test.flush();
    expect(ada.socket.closed).toEqual({ code: 4429, reason: "rate_limited 10000" });
  });

  it("[M6] refusals over a longer time do not close", () => {
    const test = new RoomForTest();
    const ada = test.join("ada", { permission: "read" });
    for (let i = 0; i < 300; i++) {
      ada.send(`${i}`);
      test.now += 110;
    }
    expect(ada.socket.ofType("error")).toHaveLength(300);
    expect(ada.socket.closed).toBeUndefined();
  });
});

describe("the token of a live connection", () => {
  const renewed = (user: string, expiresAt: number, permission: Actor["permission"] = "write") => ({
    ok: true as const,
    value: { identity: { kind: "user" as const, user: { id: user }, expiresAt, issuedAt: 0 }, permission },
  });
  const renew = (test: RoomForTest, { connection, socket }: Person, outcome: ReturnType<typeof renewed>) => {
    test.room.enqueue({ kind: "auth", connection, id: "auth", outcome });
    test.flush();
    return socket.events.findLast(({ id }) => id === "auth");
  };

  it("[M8] is replaced by auth with expiry and permission; a token of another user is refused", () => {
    const test = new RoomForTest();
    const ada = test.join("ada", { expiresAt: test.now + 1_000, permission: "write" });
    expect(renew(test, ada, renewed("bo", test.now + 9_000))).toMatchObject({ code: "forbidden" });
    expect(renew(test, ada, renewed("ada", test.now + 9_000, "read"))).toMatchObject({
      type: "ok",
      expiresAt: test.now + 9_000,
      permission: "read",
    });
    test.now += 2_000;
    expect(ada.ask(send("1"))).toMatchObject({ code: "forbidden" });
    expect(renew(test, ada, renewed("ada", test.now + 9_000, "none"))).toBeDefined();
    expect(ada.socket.closed).toEqual({
      code: 4403,
      reason: "forbidden: the new token may not read this room",
    });
  });

  it("[M8] stays absent on an anonymous connection; name and picture from the connect stay", () => {
    const test = new RoomForTest();
    const nobody = test.join(null);
    const invalid = { ok: false as const, refusal: { code: "unauthorized" as const, message: "" } };
    test.room.enqueue({ kind: "auth", connection: nobody.connection, id: "auth", outcome: invalid });
    test.flush();
    expect(nobody.socket.ofType("error")).toMatchObject([{ id: "auth", code: "forbidden" }]);
    const ada = test.join("ada");
    renew(test, ada, renewed("ada", test.now + 9_000));
    ada.send("1");
    expect(ada.socket.ofType("message")).toMatchObject([{ from: { id: "ada", name: "ada" } }]);
  });

  it("[M9] that has expired closes the connection whatever it sends, and nothing of it is stored", () => {
    const test = new RoomForTest();
    const ada = test.join("ada", { expiresAt: test.now + 1_000 });
    ada.socket.take();
    test.now += 1_000;
    ada.say({ type: "ping" });
    ada.send("1");
    expect(ada.socket.closed).toEqual({ code: 4401, reason: "token_expired" });
    expect(ada.socket.take()).toEqual([]);
    expect(test.log.head).toBe(0);
  });

  it("[M9] that has expired closes the connection before anything more is delivered to it", () => {
    const test = new RoomForTest();
    const ada = test.join("ada", { expiresAt: test.now + 1_000 });
    const bo = test.join("bo");
    ada.socket.take();
    test.now += 1_000;
    bo.send("1");
    expect(ada.socket.closed).toEqual({ code: 4401, reason: "token_expired" });
    expect(ada.socket.take()).toEqual([]);
    test.later(5_000);
    expect(bo.socket.ofType("memberLeft")).toMatchObject([{ user: "ada" }]);
  });
});

describe("the sweep", () => {
  it("[G2] closes connections that have not pinged for three intervals", () => {
    const test = new RoomForTest();
    const [silent, pinging, asking] = [test.join("ada"), test.join("bo"), test.join("cy")];
    silent.socket.pingedAt = test.now;
    test.now += 60_000;
    pinging.socket.pingedAt = test.now;
    asking.say({ type: "ping", id: "1" });
    test.flush();
    test.now += 15_001;
    test.room.connections.sweep(test.now);
    expect(silent.socket.closed).toEqual({ code: 4408, reason: "timeout" });
    expect([pinging.socket.closed, asking.socket.closed]).toEqual([undefined, undefined]);
  });

  it("[G2] runs before a list of members is answered", () => {
    const test = new RoomForTest();
    test.join("ghost").socket.pingedAt = test.now;
    test.now += 100_000;
    expect(test.join("ada").socket.ofType("connected")).toMatchObject([{ occupancy: { connections: 1 } }]);
  });

  it("[G2] of a call that only reads is announced to the others", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("ghost").socket.pingedAt = test.now;
    test.now += 100_000;
    ada.socket.pingedAt = test.now;
    test.room.sweepIfDue(test.now);
    expect(test.room.hasWork).toBe(true);
    test.flush();
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "ghost" }]);
  });

  it("[P3][G2] of a call that only looks sets a timer for the end of a grace that it began", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("ghost", { expiresAt: test.now + 80_000 });
    test.now += 80_000;
    test.room.sweepIfDue(test.now);
    expect(test.room.hasWork).toBe(true);
    test.flush();
    expect(test.dueAt).toBe(test.now + 5_000);
    test.later(5_000);
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "ghost" }]);
  });

  it("[P3] of a flush needs no further flush for the grace that it began", () => {
    const test = new RoomForTest();
    const [ada, slow] = [test.join("ada"), test.join("bo")];
    slow.socket.unsent = 5 * 1_048_576;
    test.now += 250;
    ada.say({ type: "send", id: "m1", data: 1 });
    expect(test.flushOnce().dueAt).toBe(test.now + 5_000);
    expect(test.room.hasWork).toBe(false);
  });

  it("[A8] makes room for those who connect", () => {
    const test = new RoomForTest({ maxConnections: 2, maxConnectionsPerUser: 2 });
    const { actor } = test.join("ada").state;
    test.join("ada").socket.pingedAt = test.now;
    expect(test.room.openingRefusal(actor, test.now)).toMatchObject({ code: "room_full" });
    test.now += 100_000;
    test.room.sweepIfDue(test.now);
    expect(test.room.openingRefusal(actor, test.now)).toBeUndefined();
  });
});

describe("a slow reader", () => {
  it("[G5] is closed before more is sent to it, and catches up when it returns", () => {
    const test = new RoomForTest();
    const [ada, slow] = [test.join("ada"), test.join("bo")];
    ada.send("1");
    slow.socket.unsent = 4 * 1_048_576;
    test.now += 250;
    ada.send("2");
    expect(slow.seqs).toEqual([1, 2]);
    slow.socket.unsent += 1;
    test.now += 250;
    ada.send("3");
    expect([slow.seqs, slow.socket.closed]).toEqual([[1, 2], { code: 4503, reason: "slow_consumer" }]);
    expect(ada.seqs).toEqual([1, 2, 3]);
    expect(test.join("bo", { since: `${test.log.epoch}.2` }).seqs).toEqual([3]);
  });

  it("[G5] is not closed, nor asked about, while nothing is sent to it", () => {
    const test = new RoomForTest();
    const [ada, slow] = [test.join("ada"), test.join("bo", { topics: ["news"] })];
    slow.socket.unsent = 5 * 1_048_576;
    test.now += 250;
    ada.send("1");
    expect(slow.socket.closed).toBeUndefined();
    test.now += 250;
    ada.send("2", 2, { event: "news" });
    expect([slow.seqs, slow.socket.closed]).toEqual([[], { code: 4503, reason: "slow_consumer" }]);
  });

  it("[M9][G5] whose token has expired is closed for that", () => {
    const test = new RoomForTest();
    const [ada, slow] = [test.join("ada"), test.join("bo", { expiresAt: test.now + 1_000 })];
    slow.socket.unsent = 5 * 1_048_576;
    test.now += 1_000;
    ada.send("1");
    expect(slow.socket.closed).toMatchObject({ code: 4401 });
  });
});

describe("a connection that ended", () => {
  it("[P7] leaves nothing behind that a wake could take for an open one", () => {
    const test = new RoomForTest();
    const [first, second] = [test.join("ada"), test.join("ada")];
    first.connection.forget();
    second.ask({ type: "presence", id: "1", status: "away" });
    expect(second.state.said).toEqual({ status: "away" });
    expect(first.socket.attachment).toBeNull();
  });
});

describe("a room", () => {
  it("[A8] limits its connections, those of one user, and anonymous ones to half", () => {
    const test = new RoomForTest({ maxConnections: 6, maxConnectionsPerUser: 2 });
    const actor = (user: string | null) => test.connect(user).state.actor;
    const refusal = (user: string | null) => {
      const asking = new RoomForTest().connect(user).state.actor;
      return test.room.openingRefusal(asking, test.now)?.code;
    };
    expect(refusal("ada")).toBeUndefined();
    actor("ada");
    actor("ada");
    expect([refusal("ada"), refusal("bo")]).toEqual(["room_full", undefined]);
    test.flush();
    expect([refusal("ada"), refusal("bo")]).toEqual(["room_full", undefined]);
    for (let i = 0; i < 3; i++) actor(null);
    expect([refusal(null), refusal("bo")]).toEqual(["room_full", undefined]);
    actor("bo");
    expect(refusal("cy")).toBe("room_full");
  });

  it("[M7] pages history backwards to the floor, and says if there is more", () => {
    const test = new RoomForTest({ historyLimit: 25 });
    const ada = test.join("ada");
    for (let i = 1; i <= 40; i++) ada.say(send(`${i}`));
    test.flush();
    const seqs: unknown[] = [];
    let page = ada.ask({ type: "history", id: "0", limit: 10 });
    for (let i = 1; ; i++) {
      const { messages } = page as unknown as { messages: { seq: number }[] }; // the answer's shape is what is tested
      seqs.unshift(...messages.map(({ seq }) => seq));
      if (page?.more !== true) break;
      page = ada.ask({ type: "history", id: `${i}`, before: page.seq, limit: 10 });
    }
    expect(seqs).toEqual(Array.from({ length: 25 }, (_, i) => 16 + i));
    expect(ada.ask({ type: "history", id: "none", before: 16 })).toMatchObject({ messages: [] });
  });

  it("[M7] reads at most 2,000 rows for a page, so a page may be empty with more to come", () => {
    const test = new RoomForTest({ historyLimit: 5_000 });
    const ada = test.join("ada", { topics: ["task"] });
    ada.say(send("first", { event: "task" }));
    for (let i = 0; i < 2_500; i++) ada.say(send(`${i}`));
    test.flush();
    const page = ada.ask({ type: "history", id: "h" });
    expect(page).toMatchObject({ messages: [], more: true, seq: 502 });
    expect(ada.ask({ type: "history", id: "i", before: 502 })).toMatchObject({ messages: [{ seq: 1 }] });
  });
});
