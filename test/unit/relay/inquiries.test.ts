// What a room that only counts its members asks its relays.

import { describe, expect, it } from "vitest";
import { type Identity, SERVER } from "../../../src/access/identity.ts";
import { LISTED_MEMBERS } from "../../../src/protocol/index.ts";
import type { RelayReply } from "../../../src/room/relays/relay-calls.ts";
import { RelayInquiries } from "../../../src/room/relays/relay-inquiries.ts";
import { RelayLink } from "../../../src/room/relays/relay-link.ts";
import { HERE } from "../../../src/room/seats.ts";
import { type Listener, TwoSides } from "./support/two-sides.ts";

/** A room that counts those at its relay, and holds none of them. */
async function counted(...users: string[]): Promise<{ sides: TwoSides; listeners: Listener[] }> {
  const sides = new TwoSides({
    ...{ maxConnectionsPerUser: 2, maxConnectionsPerAddress: 2 },
    relays: { above: 0, each: 1_000, isHeld: () => false },
  });
  const listeners: Listener[] = [];
  for (const user of users) listeners.push(await sides.join(user));
  for (let one = 0; one <= LISTED_MEMBERS; one++) await sides.join(`reader ${one}`);
  await sides.carry();
  // Each flush has something for the relay, as in a busy room.
  for (let round = 0; round < 4; round++) {
    sides.say(round);
    await sides.carry();
    sides.room.now += 11_000;
  }
  expect(users.some((user) => sides.room.room.connections.isOpenTo(user))).toBe(false);
  sides.room.effects.splice(0);
  return { sides, listeners };
}

const mention = ({ room }: TwoSides, ...mentions: string[]) =>
  room.call(SERVER, (turn) =>
    room.room.publisher.publish(SERVER, { id: `mention ${mentions}`, data: "1", mentions }, turn),
  );

const notified = ({ room: { effects } }: TwoSides) =>
  effects.flatMap(({ mentions }) => mentions.map(({ user }) => user));

const identityOf = ({ connection }: Listener): Identity => connection.identity;

describe("a mention in a room that counts its members", () => {
  it("[L143] makes no notification for a user at a relay, and one for a user who is nowhere", async () => {
    const { sides } = await counted("ada", "bo");
    mention(sides, "ada", "zed");
    expect(notified(sides)).toEqual([]);
    await sides.carry();
    expect(notified(sides)).toEqual(["zed"]);
  });

  it("[L143] makes one for a user whose heartbeat has stopped, though their relay has not closed them", async () => {
    const { sides, listeners } = await counted("ada", "bo");
    const { socket } = listeners[0] ?? expect.fail();
    socket.pingedAt = sides.room.now - 60_000;
    mention(sides, "ada");
    await sides.carry();
    expect(notified(sides)).toEqual(["ada"]);
    expect(socket.closed).toBeUndefined();
  });

  it("[L143] makes one if the relay cannot be reached, and if it has closed its sockets", async () => {
    const { sides } = await counted("ada");
    mention(sides, "ada");
    sides.lose();
    sides.room.flush();
    expect(notified(sides)).toEqual(["ada"]);
    mention(sides, "ada", "bo");
    await sides.carry();
    expect(notified(sides)).toEqual(["ada", "ada", "bo"]);
  });

  it("[L184] is one question of a flush to a relay, whoever is mentioned", async () => {
    const { sides } = await counted("ada", "bo");
    mention(sides, "zed", "ada", "yan", "bo");
    expect(sides.dispatches.map(({ asks }) => asks)).toEqual([
      [{ about: "users", users: ["zed", "ada", "yan", "bo"] }],
    ]);
    const { dispatches, answer } = sides.takeDispatches();
    expect(answer.replies.map(({ replies }) => replies)).toEqual([[{ there: [1, 3] }]]);
    sides.answer(dispatches, answer);
    sides.room.flush();
    expect(notified(sides)).toEqual(["zed", "yan"]);
  });

  it("[L143] asks nobody about a user with a socket at the room, or in a room without relays", async () => {
    const { sides } = await counted("ada");
    sides.room.join("bo");
    await sides.carry();
    mention(sides, "bo");
    expect(sides.dispatches.flatMap(({ asks }) => asks)).toEqual([]);
    const alone = new TwoSides();
    mention(alone, "ada");
    expect(notified(alone)).toEqual(["ada"]);
  });
});

describe("the bound for a user over the room and a relay", () => {
  it("[L144] has in it those that the relay has, whom the room does not hold", async () => {
    const { sides, listeners } = await counted("ada", "ada", "bo");
    const [ada, , bo] = listeners.map(identityOf);
    if (ada === undefined || bo === undefined) expect.fail();
    const counts: number[] = [];
    sides.relays.inquiries.count(ada, "", (count) => counts.push(count));
    sides.relays.inquiries.count(bo, "somewhere", (count) => counts.push(count));
    await sides.carry();
    expect(counts).toEqual([2, 1]);
    const { connections } = sides.room.room;
    expect(connections.areFullFor(ada, { ...HERE, atRelays: 2 })).toBe(true);
    expect(connections.areFullFor(bo, { ...HERE, atRelays: 1 })).toBe(false);
    sides.room.join("bo");
    expect(connections.areFullFor(bo, { ...HERE, atRelays: 1 })).toBe(true);
  });

  it("[L144] is said with each join at a relay, and counts nobody twice whom the room holds", async () => {
    const { sides } = await counted("ada");
    sides.room.join("ada");
    await sides.join("ada");
    const [{ upload } = expect.fail()] = sides.uploads;
    expect(upload.items).toMatchObject([{ kind: "join", others: 1 }]);
    await sides.carry();
    const { connections } = sides.room.room;
    const held = sides.room.room.connections.countOf("user ada");
    expect(held).toBe(2);
    const identity = { kind: "user", user: { id: "ada" }, expiresAt: 0, issuedAt: 0 } as const;
    expect(connections.areFullFor(identity, { isSocketHere: false, atRelays: 1 })).toBe(true);
  });

  it("[L144] has at most half of the room without a token, at relays and here", async () => {
    const sides = new TwoSides({ maxConnections: 8, maxConnectionsPerAddress: 100 });
    for (const address of ["a", "b", "c"]) {
      await sides.joinAs({ kind: "anonymous", address });
      await sides.carry();
    }
    const newcomer = { kind: "anonymous", address: "d" } as const;
    expect(sides.room.room.connections.areFullFor(newcomer)).toBe(false);
    sides.room.join(null, { address: "e" });
    expect(sides.room.room.connections.areFullFor(newcomer)).toBe(true);
  });
});

describe("questions to a relay", () => {
  it("[L185] of a crowd go with several dispatches, and each is answered", async () => {
    const { sides, listeners } = await counted("ada");
    const identity = identityOf(listeners[0] ?? expect.fail());
    let heard = 0;
    for (let one = 0; one < 450; one++)
      sides.relays.inquiries.count(identity, "", (count) => {
        heard += count;
      });
    const asked: number[] = [];
    while (sides.relays.hasWork) {
      sides.room.flush();
      asked.push(...sides.dispatches.map(({ asks }) => asks.length));
      const { dispatches, answer } = sides.takeDispatches();
      sides.answer(dispatches, answer);
    }
    expect(asked).toEqual([200, 200, 50]);
    expect(heard).toBe(450);
  });

  it("[L186] are not waited for if it was out of reach just before, until it has answered again", async () => {
    const { sides, listeners } = await counted("ada");
    const identity = identityOf(listeners[0] ?? expect.fail());
    const counts: number[] = [];
    const count = () => sides.relays.inquiries.count(identity, "", (known) => counts.push(known));
    sides.say("lost");
    sides.lose();
    count();
    expect(counts).toEqual([0]);
    await sides.carry();
    await sides.join("ada");
    await sides.carry();
    count();
    expect(counts).toEqual([0]);
    await sides.carry();
    expect(counts).toEqual([0, 1]);
  });
});

describe("a room that a user's object wants to forget", () => {
  it("[L149] knows whether the user is at a relay, and takes it that they are if that cannot be asked", async () => {
    const { sides } = await counted("ada");
    const answers: boolean[] = [];
    const ask = (user: string) => sides.relays.inquiries.mayHave(user, (mayHave) => answers.push(mayHave));
    ask("ada");
    ask("nobody");
    await sides.carry();
    ask("nobody");
    sides.room.flush();
    sides.lose();
    expect(answers).toEqual([true, false, true]);
    new TwoSides().relays.inquiries.mayHave("ada", (mayHave) => answers.push(mayHave));
    expect(answers.at(-1)).toBe(false);
  });

  it("[L149] waits for all of its relays, whichever answers first", () => {
    const links = [1, 2].map((number) => {
      const link = new RelayLink({ number, region: "" }, true);
      link.says("life", { connections: 1, members: 1, anonymous: 0, count: 1, after: null, holds: null });
      return link;
    });
    const inquiries = new RelayInquiries(new Map(links.map((link) => [link.number, link])));
    const answers: boolean[] = [];
    inquiries.mayHave("ada", (mayHave) => answers.push(mayHave));
    const [question, same] = links.map(({ questions }) => questions.take(1)[0]);
    expect(same).toBe(question);
    const answer = (link: RelayLink | undefined, reply: RelayReply) =>
      link?.questions.settled([1], [{ dispatch: 1, replies: [reply] }]);
    answer(links[1], { connections: 0 });
    expect(answers).toEqual([]);
    answer(links[0], { connections: 1 });
    expect(answers).toEqual([true]);
  });
});

describe("a connection that its client gave up", () => {
  it("[L145] is found at a relay by its id, and only by its own user", async () => {
    const { sides, listeners } = await counted("ada", "bo");
    const [ada, bo] = listeners;
    if (ada === undefined || bo === undefined) expect.fail();
    const found: (string | undefined)[] = [];
    const { id } = ada.connection.state;
    const look = (of: Listener) =>
      sides.relays.inquiries.find(id, identityOf(of), (connection) => {
        if (connection !== undefined)
          sides.relays.hold(connection.relay, connection.state, 0, sides.room.now);
        found.push(connection?.state.id);
      });
    look(bo);
    await sides.carry();
    look(ada);
    await sides.carry();
    expect(found).toEqual([undefined, id]);
    sides.room.room.giveUp(id, identityOf(ada));
    await sides.carry();
    expect([ada.socket.closed?.code, bo.socket.closed]).toEqual([4409, undefined]);
    expect(sides.room.room.counts.connections).toBe(LISTED_MEMBERS + 2);
  });

  it("[L145] is looked for nowhere if its id names no relay that there is", async () => {
    const { sides, listeners } = await counted("ada");
    const found: unknown[] = [];
    for (const id of ["c_1", "c_1.7", "c_1.", "c_1.999999", ".1.x"])
      sides.relays.inquiries.find(id, identityOf(listeners[0] ?? expect.fail()), (one) => found.push(one));
    expect(found).toEqual(Array(5).fill(undefined));
    expect(sides.relays.hasWork).toBe(false);
  });
});
