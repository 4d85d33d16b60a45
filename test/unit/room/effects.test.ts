import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

const session = (test: RoomForTest, user: string) => {
  const identity = {
    kind: "user",
    user: { id: user },
    expiresAt: test.now + 3_600_000,
    issuedAt: 0,
  } as const;
  test.room.sessions.join({
    ...{ connection: `s_${user}`, join: "j", id: "command", topics: null, presence: true, history: 0 },
    ...{ actor: { identity, permission: "write" }, revokedTokens: NONE_REVOKED },
  });
};

/** The message and its answer, each in a frame. */
const SENT = { frames: 3, bytes: expect.any(Number), replays: 0, replayBytes: 0 };

describe("the effects of a flush", () => {
  it("[X12] are empty if it only delivered", () => {
    const test = new RoomForTest();
    const [ada] = [test.join("ada"), test.join("bo")];
    test.later(60_000);
    ada.say({ type: "send", id: "m", data: 1 });
    expect(test.flushOnce()).toEqual({
      ...{
        mentions: [],
        deliveries: [],
        dispatches: [],
        audit: [],
        banned: [],
        counted: [],
        due: [],
        questions: [],
        spent: [],
        journal: [],
      },
      traffic: {
        published: new Map([["chat", { messages: 1, signals: 0, changes: 0, notifications: 0 }]]),
        ...SENT,
      },
      counts: { members: 2, connections: 2, anonymous: 0, sessions: 0, head: 1, messages: 1 },
      head: { before: 0, after: 1 },
      occupancy: { before: { members: 2, connections: 2 }, after: { members: 2, connections: 2 } },
      dueAt: null,
      life: { connections: 2, isKept: true, wakeAt: null },
    });
  });

  it("[X12] name who was mentioned and is not here, what was moderated, and who was banned", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    ada.say({ type: "send", id: "m", data: 1, mentions: ["ada", "bo"] });
    test.room.enqueue({
      ...{ kind: "call", actor: SERVER, cost: 1, refused: () => {} },
      run: (turn) => test.room.moderation.kick(SERVER, { user: "cy", banSeconds: 5 }, turn),
    });
    expect(test.flushOnce()).toMatchObject({
      mentions: [{ user: "bo", seq: 1, from: { id: "ada" } }],
      audit: [{ act: "kick", user: "cy", banSeconds: 5 }],
      banned: ["cy"],
    });
    test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user: "cy", banSeconds: 0 }, turn));
    expect(test.effects.at(-1)).toMatchObject({ mentions: [], audit: [{ act: "kick" }], banned: [] });
  });

  it("[X12] report that users entered and left the room, also by a sweep in between", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    expect(test.effects[0]?.occupancy).toEqual({
      before: { members: 0, connections: 0 },
      after: { members: 1, connections: 1 },
    });
    ada.socket.pingedAt = test.now;
    test.now += 80_000;
    test.room.connections.sweep(test.now);
    test.flush();
    test.later(5_000);
    const steps = test.effects.map(({ occupancy: { before, after } }) => [before.members, after.members]);
    expect(steps.filter(([before, after]) => before !== after)).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it("[X12][J1] contain the deliveries to sessions, and plan a sweep for a single session as for two sockets", () => {
    const test = new RoomForTest();
    session(test, "ada");
    const { deliveries, life } = test.flushOnce();
    expect(deliveries).toMatchObject([{ user: "ada", item: { connection: "s_ada", after: null, upTo: 0 } }]);
    const types = deliveries[0]?.item.frames.map((frame) => JSON.parse(frame).type);
    expect(types).toEqual(["ok", "connected", "caughtUp"]);
    expect(life).toEqual({ connections: 2, isKept: false, wakeAt: null });
    test.join("bo").send("m1");
    expect(test.effects.at(-1)?.deliveries).toMatchObject([{ user: "ada", item: { after: 0, upTo: 1 } }]);
  });
});
