// Calls between a room and a relay that overtake each other, are lost, or meet what has happened meanwhile.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { LISTED_MEMBERS, type WebhookEventType } from "../../../src/protocol/index.ts";
import { type Listener, settle, TwoSides } from "./support/two-sides.ts";

const heard = ({ socket }: Listener) => socket.ofType("message").map(({ data }) => data);

async function joined(sides: TwoSides, ...users: string[]): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (const user of users) {
    listeners.push(await sides.join(user));
    await sides.carry();
  }
  return listeners;
}

const members = ({ room }: TwoSides) => room.room.roomPresence.members.map(({ id }) => id);

describe("calls between a room and a relay", () => {
  it("[L50] a relay that is forgotten and begun again takes what it is sent: its numbers go on", async () => {
    const sides = new TwoSides();
    const [ada] = await joined(sides, "ada");
    if (ada === undefined) expect.fail();
    for (const data of [1, 2, 3]) {
      sides.say(data);
      await sides.carry();
    }
    sides.relay.gone(ada.connection, "left");
    await settle();
    await sides.carry();
    sides.relays.sweep();
    expect(sides.relays.areThere).toBe(false);
    const [bo] = await joined(sides, "bo");
    sides.say("again");
    await sides.carry();
    expect(bo?.outcome).toBe("in");
    expect(bo && heard(bo)).toEqual(["again"]);
  });

  it("[L51] nobody is taken for lost who was let in after the relay said who is there", async () => {
    const sides = new TwoSides();
    const [ada] = await joined(sides, "ada");
    sides.relays.sweep();
    sides.room.flush();
    const asked = sides.takeDispatches();
    expect(asked.answer.who).toContain("ada");
    const bo = await sides.join("bo");
    await sides.takeUploads();
    sides.answer(asked.dispatches, asked.answer);
    await sides.carry();
    expect(bo.outcome).toBe("in");
    expect(members(sides)).toEqual(["ada", "bo"]);
    expect(ada?.socket.ofType("memberLeft")).toEqual([]);
    sides.room.later(6_000);
    await sides.carry();
    expect(members(sides)).toEqual(["ada", "bo"]);
  });

  it("[L52] an answer that is late shows nobody who has left since", async () => {
    const sides = new TwoSides();
    const [ada, bo] = await joined(sides, "ada", "bo");
    if (ada === undefined || bo === undefined) expect.fail();
    sides.relays.sweep();
    sides.room.flush();
    const asked = sides.takeDispatches();
    sides.relay.gone(bo.connection, "left");
    await settle();
    await sides.takeUploads();
    sides.answer(asked.dispatches, asked.answer);
    await sides.carry();
    expect(members(sides)).toEqual(["ada"]);
    expect(sides.room.room.counts).toMatchObject({ members: 1, connections: 1 });
  });

  it("[L52] a client that is gone before it is let in is shown only until its relay hears of it", async () => {
    const sides = new TwoSides();
    const [ada] = await joined(sides, "ada");
    const bo = await sides.join("bo");
    const join = sides.uploads.shift() ?? expect.fail();
    const { life } = sides.relays.plan;
    join.resolve({ kind: "taken", life, waiting: [], waitingAs: 1, dispatched: 0 });
    await settle();
    sides.relay.gone(bo.connection, "lost");
    await settle();
    // The room hears of the loss first, as it asked the user's object before it let the client in.
    await sides.takeUploads();
    sides.relays.admit(1, bo.connection.state, sides.room.now);
    sides.room.flush();
    expect(members(sides)).toEqual(["ada", "bo"]);
    await sides.carry();
    sides.room.later(6_000);
    await sides.carry();
    expect(members(sides)).toEqual(["ada"]);
    expect(ada?.socket.ofType("memberLeft")).toHaveLength(1);
    expect(sides.room.room.counts).toMatchObject({ members: 1, connections: 1 });
  });

  it("[L20] a join that the room has not decided when it dies is refused, and its client asks again", async () => {
    const sides = new TwoSides();
    const ada = await sides.join("ada");
    const join = sides.uploads.shift() ?? expect.fail();
    expect(sides.relays.begin(join.upload)).toBe("new");
    const { life } = sides.relays.plan;
    join.resolve({ kind: "taken", life, ...sides.relays.waitingAt(1), dispatched: 0 });
    await settle();
    expect(ada.outcome).toBeUndefined();
    sides.room.restart("crash");
    await sides.carry();
    expect(ada.outcome).toBe("refused");
  });

  it("[L53] who is at a relay that could not be asked misses nothing: the next message finds it", async () => {
    const sides = new TwoSides();
    const [ada] = await joined(sides, "ada");
    if (ada === undefined) expect.fail();
    sides.room.restart("hibernate");
    sides.room.flush();
    expect(sides.dispatches).toMatchObject([{ asksWho: true }]);
    sides.lose();
    sides.say("missed?");
    expect(sides.dispatches).toMatchObject([{ asksWho: true }]);
    await sides.carry();
    expect([heard(ada), ada.socket.closed?.code]).toEqual([["missed?"], undefined]);
    expect(members(sides)).toEqual(["ada"]);
    sides.say("missed");
    sides.lose();
    sides.relays.sweep();
    expect(sides.relays.areThere).toBe(true);
    await sides.carry();
    expect(ada.socket.closed?.code).toBe(4500);
  });

  it("[L54] a count that comes before the answer to a dispatch is not reduced again by what that closed", async () => {
    const sides = new TwoSides();
    const [ada, bo] = await joined(sides, "ada", "bo");
    if (ada === undefined || bo === undefined) expect.fail();
    sides.room.call(SERVER, (turn) =>
      sides.room.room.moderation.kick(SERVER, { user: "ada", banSeconds: 0 }, turn),
    );
    const closed = sides.takeDispatches();
    sides.relay.receive(bo.connection, JSON.stringify({ type: "ping" }));
    await settle();
    await sides.takeUploads();
    expect(sides.room.room.relays?.size).toBe(1);
    sides.answer(closed.dispatches, closed.answer);
    expect(sides.room.room.relays?.size).toBe(1);
  });

  it("[L56] a relay that slept knows which dispatch it took last: none counts twice, and none is missed", async () => {
    const sides = new TwoSides();
    const [ada, bo] = await joined(sides, "ada", "bo");
    if (ada === undefined || bo === undefined) expect.fail();
    const signal = (event: string) =>
      sides.room.call(SERVER, (turn) =>
        sides.room.room.publisher.signal(SERVER, { event, data: "1" }, turn, null),
      );
    signal("once");
    const { dispatches, answer } = sides.takeDispatches();
    sides.sleepRelay([ada, bo]);
    sides.dispatches = [...dispatches];
    sides.takeDispatches();
    sides.answer(dispatches, answer);
    expect(bo.socket.ofType("signal")).toHaveLength(1);
    signal("lost");
    sides.lose();
    sides.sleepRelay([ada, bo]);
    await sides.carry();
    expect([ada.socket.closed?.code, bo.socket.closed?.code]).toEqual([4500, 4500]);
  });

  it("[L57] an answer that died with the room closes those at the relay, though the log is where it was", async () => {
    const sides = new TwoSides();
    const [ada] = await joined(sides, "ada");
    if (ada === undefined) expect.fail();
    sides.relay.receive(ada.connection, JSON.stringify({ type: "typing" }));
    await settle();
    // The answer to the upload leaves, and the dispatch does not.
    sides.room.call(SERVER, (turn) =>
      sides.room.room.publisher.signal(SERVER, { event: "x", data: "1" }, turn, null),
    );
    await sides.takeUploads();
    sides.dispatches = [];
    sides.room.restart("crash");
    sides.room.flush();
    await sides.carry();
    expect(ada.socket.closed?.code).toBe(4500);
  });

  it("[L59] a room that starts tells webhooks of nobody who left before it knows who is at its relays", async () => {
    const webhooks = { events: new Set<WebhookEventType>(["room.occupied", "room.vacated"]), topics: null };
    const sides = new TwoSides({ webhooks });
    await joined(sides, "ada");
    sides.say("made");
    await sides.carry();
    sides.room.restart("hibernate");
    sides.room.flush();
    expect(sides.room.room.webhooks?.people).toMatchObject({ isOccupied: true, missing: null });
    await sides.carry();
    expect(sides.room.room.webhooks?.people).toMatchObject({ isOccupied: true, missing: null });
  });

  it("[L147] what opens and closes at a relay is said to the room once, with how it ended, and nothing of who was refused", async () => {
    const sides = new TwoSides();
    const [ada, bo, cy] = await joined(sides, "ada", "bo", "cy");
    if (ada === undefined || bo === undefined || cy === undefined) expect.fail();
    expect(sides.counted.splice(0)).toEqual(Array(3).fill({ kind: "opened", times: 1 }));
    const di = await sides.join("di");
    const [{ upload } = expect.fail()] = sides.uploads;
    sides.relays.begin({ ...upload, items: [] });
    sides.relays.refuse(1, di.connection.state.id, { code: "room_full", message: "full" });
    await sides.carry();
    expect(di.outcome).toBe("refused");
    for (const user of ["ada", "bo"])
      sides.room.call(SERVER, (turn) =>
        sides.room.room.moderation.kick(SERVER, { user, banSeconds: 60 }, turn),
      );
    await sides.carry();
    sides.relay.gone(cy.connection, "lost");
    await settle();
    await sides.carry();
    expect(sides.counted).toEqual([
      { kind: "closed", closeCode: 4403, closing: { code: "banned" }, times: 2 },
      { kind: "closed", closeCode: 1006, times: 1 },
    ]);
    const opened = sides.relay.journal.take().filter(({ kind }) => kind === "opened");
    expect(opened).toHaveLength(3);
  });

  it("[L60] what relays send is in the traffic of the room once", async () => {
    const sides = new TwoSides();
    const [ada, bo] = await joined(sides, "ada", "bo");
    if (ada === undefined || bo === undefined) expect.fail();
    sides.relay.take([]);
    sides.room.effects.splice(0);
    const before = ada.socket.frames.length + bo.socket.frames.length;
    sides.say("counted");
    const { answer } = sides.takeDispatches();
    const frames = ada.socket.frames.length + bo.socket.frames.length - before;
    expect(frames).toBe(2);
    expect(answer.sent.frames).toBe(frames);
    expect(sides.relay.take([]).sent).toEqual({ frames: 0, bytes: 0, replayBytes: 0 });
    expect(sides.room.effects.map(({ traffic }) => traffic.frames)).toEqual([0]);
  });

  it("[L190] a frame that comes after its connection was found gone keeps nobody here", async () => {
    const sides = new TwoSides();
    await sides.join("ada");
    const bo = await sides.join("bo");
    await sides.carry();
    sides.relay.receive(bo.connection, '{"type":"presence","id":"1","status":"away"}');
    sides.relay.gone(bo.connection, "lost");
    sides.relays.sweep();
    sides.room.flush();
    const { dispatches, answer } = sides.takeDispatches();
    sides.answer(dispatches, answer);
    await sides.carry();
    expect(members(sides)).toEqual(["ada", "bo"]);
    sides.room.later(5_000);
    expect(members(sides)).toEqual(["ada"]);
  });

  it("[L190] a frame of a connection that is only counted takes no grace of another one", async () => {
    const sides = new TwoSides({ relays: { above: 0, each: 1_000, isHeld: () => false } });
    const atRelay = await sides.join("bo");
    for (let n = 0; n < LISTED_MEMBERS; n++) await sides.join(`user${n}`);
    await sides.carry();
    const { roomPresence } = sides.room.room;
    sides.room.join("bo").leave("lost");
    await sides.ask(atRelay, { type: "presence", id: "1", status: "away" });
    expect([roomPresence.isListed, roomPresence.isHere("bo")]).toEqual([false, true]);
    sides.room.later(5_000);
    expect(roomPresence.isHere("bo")).toBe(false);
  });

  it("[L191] who was greeted while a relay could not be asked is shown who is there", async () => {
    const sides = new TwoSides();
    await joined(sides, "ada");
    sides.room.restart("crash");
    sides.room.flush();
    sides.lose();
    const bo = sides.room.join("bo");
    expect(bo.socket.ofType("connected")).toMatchObject([{ members: [{ id: "bo" }] }]);
    await sides.carry();
    expect(members(sides).sort()).toEqual(["ada", "bo"]);
    expect(bo.socket.ofType("members")).toMatchObject([{ members: [{ id: "bo" }, { id: "ada" }] }]);
  });

  it("[L183] holds no connection that is silent, though a later dispatch is always under way", async () => {
    const sides = new TwoSides({ relays: { above: 0, each: 1_000, isHeld: () => false } });
    for (let one = 0; one <= LISTED_MEMBERS; one++) await sides.join(`reader ${one}`);
    await sides.carry();
    const isHeld = () => sides.room.room.connections.isOpenTo("reader 0");
    sides.say("first");
    for (let round = 0; round < 6; round++) {
      const { dispatches, answer } = sides.takeDispatches();
      sides.room.now += 11_000;
      sides.say(round);
      sides.answer(dispatches, answer);
      expect(sides.dispatches).not.toEqual([]);
    }
    expect(isHeld()).toBe(false);
  });

  it("[L183] holds one whose state is on its way to its relay: what that says of it would be older", async () => {
    const sides = new TwoSides({ relays: { above: 0, each: 1_000, isHeld: () => false } });
    const [ada] = await joined(sides, "ada");
    if (ada === undefined) expect.fail();
    for (let one = 0; one <= LISTED_MEMBERS; one++) await sides.join(`reader ${one}`);
    await sides.carry();
    const { state } = ada.connection;
    const held = sides.relays.hold(1, state, 0, sides.room.now) ?? expect.fail();
    held.update({ topics: ["later"] });
    sides.room.flush();
    const { dispatches, answer } = sides.takeDispatches();
    for (let round = 0; round < 6; round++) {
      sides.room.now += 11_000;
      sides.say(round);
    }
    expect(sides.relays.hold(1, state, 0, sides.room.now)?.state.topics).toEqual(["later"]);
    sides.answer(dispatches, answer);
  });
});
