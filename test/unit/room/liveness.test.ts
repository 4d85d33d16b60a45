// Which members are present, as far as a room can tell from heartbeats.

import { describe, expect, it } from "vitest";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const TIMEOUT = { code: 4408, reason: "timeout" };

function beats(test: RoomForTest, ...people: readonly Person[]): void {
  for (const { socket } of people) socket.pingedAt = test.now;
}

describe("a bot that only reads", () => {
  it("[G6] is not checked for a heartbeat that it never began", () => {
    const test = new RoomForTest();
    const [bot, ada] = [test.join("bot"), test.join("ada")];
    test.now += 1_800_000;
    beats(test, ada);
    ada.send("1");
    expect([bot.socket.closed, bot.seqs]).toEqual([undefined, [1]]);
  });

  it.each(["in an awake room", "after a sleep"])(
    "[G7] receives what it waits for before it is closed, %s",
    (when) => {
      const test = new RoomForTest();
      const [bot, ada] = [test.join("bot"), test.join("ada")];
      beats(test, bot, ada);
      test.now += 80_000;
      beats(test, ada);
      if (when === "after a sleep") test.restart("hibernate");
      ada.send("1");
      expect([bot.seqs, bot.socket.closed]).toEqual([[1], TIMEOUT]);
      expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bot" }]);
    },
  );

  it("[G7] is closed also if a client joins at the same moment, which sees no dead member", () => {
    const test = new RoomForTest();
    const [bot, ada] = [test.join("bot"), test.join("ada")];
    beats(test, bot, ada);
    test.now += 80_000;
    beats(test, ada);
    const cy = test.connect("cy");
    ada.send("1");
    expect([bot.seqs, bot.socket.closed]).toEqual([[1], TIMEOUT]);
    expect(cy.socket.ofType("connected")).toMatchObject([
      { members: [{ id: "ada" }, { id: "cy" }], occupancy: { members: 2, connections: 2 } },
    ]);
    // For the new client it would subtract one connection too many.
    test.flush();
    expect(cy.socket.ofType("memberLeft")).toEqual([]);
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bot" }]);
  });

  it("[G9] may ping in another spelling, which counts as a heartbeat", () => {
    const test = new RoomForTest();
    const [bot, ada] = [test.join("bot"), test.join("ada")];
    bot.say('{ "type" : "ping" }');
    test.flush();
    test.now += 74_000;
    ada.send("1");
    expect(bot.socket.closed).toBeUndefined();
    test.now += 1_001;
    ada.send("2");
    expect(bot.socket.closed).toEqual(TIMEOUT);
  });

  it("[G13] whose machine slept may send a message before it pings, in a flush of its own", () => {
    const test = new RoomForTest();
    const [bot, ada] = [test.join("bot"), test.join("ada")];
    beats(test, bot, ada);
    test.now += 600_000;
    bot.send("1");
    expect([bot.socket.closed, bot.seqs, ada.socket.closed]).toEqual([undefined, [1], TIMEOUT]);
  });

  it("[G9] may ping before the first frames, which counts as a heartbeat", () => {
    const test = new RoomForTest();
    const bot = test.connect("bot");
    bot.say('{"type":"ping","id":"early"}');
    test.flush();
    expect(bot.state.pingedAt).toBe(test.now);
    expect(bot.socket.events.map(({ type }) => type)).toEqual(["connected", "caughtUp", "pong"]);
  });
});

describe("a member that vanished", () => {
  it("[G8][P11] is gone within 75 s while messages flow, and a member that pings stays", () => {
    const test = new RoomForTest();
    const [ghost, ada] = [test.join("ghost"), test.join("ada")];
    test.later(11_111);
    beats(test, ghost, ada);
    const vanishedAt = test.now;
    while (ada.socket.ofType("memberLeft").length === 0) {
      test.now += 100;
      if (Math.abs((test.now - vanishedAt) % 25_000) < 100) beats(test, ada);
      ada.send(`m${test.now}`);
      expect(test.now - vanishedAt).toBeLessThanOrEqual(75_200);
    }
    expect(test.now - vanishedAt).toBeGreaterThan(75_000);
    expect(ghost.socket.closed).toEqual(TIMEOUT);
    expect(ada.socket.closed).toBeUndefined();
    expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 1 });
  });

  it("[G8] is looked for at most once in two intervals, when the room asks the runtime about its sockets", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    let asked = 0;
    const { heartbeatAt } = bo.socket;
    bo.socket.heartbeatAt = () => {
      asked++;
      return heartbeatAt.call(bo.socket);
    };
    for (let second = 0; second < 500; second++) {
      test.now += 1_000;
      if (second % 25 === 0) beats(test, ada, bo);
      ada.send(`m${second}`);
    }
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThanOrEqual(11);
  });
});

describe("a mention", () => {
  const mentioned = (test: RoomForTest, ...mentions: readonly string[]) => {
    const sender = test.join("sender");
    sender.send(`m${test.now}`, "hi", { mentions });
    return test.effects.at(-1)?.mentions.map(({ user, sessions }) => [user, ...sessions]);
  };

  it("[U32] notifies users whose connections have all missed two heartbeats, although they are still members", () => {
    const test = new RoomForTest();
    const [ada, bo, cy] = [test.join("ada"), test.join("bo"), test.join("cy")];
    const second = test.join("bo");
    beats(test, ada, bo, second, cy);
    test.join("bot");
    test.now += 50_001;
    beats(test, second);
    expect(mentioned(test, "ada", "bo", "cy", "bot", "stranger")).toEqual([["ada"], ["cy"], ["stranger"]]);
    expect(ada.socket.closed).toBeUndefined();
    beats(test, ada, cy);
    expect(mentioned(test, "ada", "bo", "cy", "bot")).toEqual([]);
  });

  it("[U32] leaves a user with sessions only to the user's object, and names the sessions", () => {
    const test = new RoomForTest();
    const [one, two] = [test.join("ada"), test.join("ada")];
    one.socket.pingedAt = "elsewhere";
    two.socket.pingedAt = "elsewhere";
    expect(mentioned(test, "ada")).toEqual([["ada", one.state.id, two.state.id]]);
    const own = test.join("ada");
    beats(test, own);
    expect(mentioned(test, "ada")).toEqual([]);
    test.now += 60_000;
    expect(mentioned(test, "ada")).toEqual([["ada", one.state.id, two.state.id]]);
  });
});
