// Whom a room has closed at its relays, if it dies before they have heard of it.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { accept } from "../../../src/protocol/index.ts";
import type { Moderation } from "../../../src/room/moderation.ts";
import type { Turn } from "../../../src/room/turn.ts";
import { type Listener, settle, TwoSides } from "./support/two-sides.ts";

type Act = (moderation: Moderation, turn: Turn) => void;

const ACTS: readonly (readonly [string, Act, number])[] = [
  ["banned", (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 60 }, turn), 4403],
  ["removed", (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 0 }, turn), 4403],
  ["held", (moderation, turn) => moderation.hold("ada", turn.now + 60_000, turn), 4429],
  [
    "signed out",
    (moderation, turn) => moderation.revoke("ada", { upTo: turn.now, undatedUpTo: 0 }, turn),
    4401,
  ],
];

async function roomWith(...users: string[]): Promise<{ sides: TwoSides; listeners: Listener[] }> {
  const sides = new TwoSides();
  const listeners: Listener[] = [];
  for (const user of users) {
    listeners.push(await sides.join(user));
    await sides.carry();
  }
  return { sides, listeners };
}

const act = ({ room }: TwoSides, run: Act) =>
  room.call(SERVER, (turn) => {
    run(room.room.moderation, turn);
    return accept(undefined);
  });

/** What stands in the row of the room. */
const stored = ({ room }: TwoSides): string =>
  String([...room.database.sql.exec<{ relays: string }>("SELECT relays FROM room")][0]?.relays);

describe("whom a room closes at a relay", () => {
  it.each(ACTS)(
    "[L58] who was %s as the room died is closed with its next start, also where members are only counted",
    async (_, run, code) => {
      const { sides, listeners } = await roomWith("ada", "bo");
      act(sides, run);
      sides.dispatches = [];
      sides.room.restart("crash");
      sides.room.flush();
      // Before the room has read the answer, as one that counts its members would not read who is there.
      const { answer } = sides.takeDispatches();
      expect(answer.sums).toMatchObject({ connections: 1, members: 1 });
      expect(listeners.map(({ socket }) => socket.closed?.code)).toEqual([code, undefined]);
    },
  );

  it("[L58] is kept only until the relay has answered: a room that wakes says nothing again", async () => {
    const { sides } = await roomWith("ada", "bo");
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 60 }, turn));
    expect(stored(sides)).toContain("expel");
    await sides.carry();
    expect(stored(sides)).not.toContain("expel");
    sides.room.restart("hibernate");
    sides.room.flush();
    expect(sides.dispatches.flatMap(({ steps }) => steps)).toEqual([]);
  });

  it("[L58] closes nobody any more for a ban that is over when the room starts again", async () => {
    const { sides, listeners } = await roomWith("ada", "bo");
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 60 }, turn));
    sides.dispatches = [];
    sides.room.restart("crash");
    sides.room.later(61_000);
    await sides.carry();
    expect(listeners.map(({ socket }) => socket.closed?.code)).toEqual([undefined, undefined]);
  });

  it("[L180] is not kept once they have heard, though a later dispatch is always under way", async () => {
    const { sides } = await roomWith("ada", "bo");
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 60 }, turn));
    for (let round = 0; round < 3; round++) {
      const { dispatches, answer } = sides.takeDispatches();
      sides.say(round);
      expect(sides.relays.hasWork).toBe(false);
      sides.answer(dispatches, answer);
      sides.room.flush();
    }
    expect(sides.dispatches).toHaveLength(1);
    expect(stored(sides)).not.toContain("expel");
  });

  it("[L180] is a row of a flush that kicks, and one when all of it has been heard", async () => {
    const { sides } = await roomWith("ada", "bo", "cy");
    const { changes } = sides.room.database;
    const kicks = (user: string) =>
      act(sides, (moderation, turn) => moderation.kick(SERVER, { user, banSeconds: 0 }, turn));
    for (const user of ["ada", "bo"]) kicks(user);
    await sides.carry();
    expect(sides.room.database.changes - changes).toBe(3);
  });

  it("[L181] closes nobody who was removed without a ban, and is back or waits to be let in", async () => {
    const { sides, listeners } = await roomWith("ada", "bo");
    sides.room.later(1_000);
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 0 }, turn));
    sides.takeDispatches();
    sides.room.later(1_000);
    const back = await sides.join("ada");
    await sides.takeUploads();
    sides.room.flush();
    sides.takeDispatches();
    await settle();
    expect([listeners[0]?.socket.closed?.code, back.outcome]).toEqual([4403, "in"]);
    const waits = await sides.join("ada");
    sides.room.restart("crash");
    await sides.carry();
    expect([back.socket.closed, waits.outcome]).toEqual([undefined, "in"]);
    expect(sides.room.room.roomPresence.members.map(({ id }) => id).sort()).toEqual(["ada", "bo"]);
  });

  it("[L182] comes back if the first dispatch of the next life was lost too, though the log is where it was", async () => {
    const { sides, listeners } = await roomWith("ada", "bo");
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 0 }, turn));
    sides.dispatches = [];
    sides.room.restart("crash");
    sides.room.flush();
    sides.lose();
    await sides.carry();
    expect(listeners.map(({ socket }) => socket.closed?.code)).toEqual([4500, 4500]);
    expect(stored(sides)).not.toContain("expel");
  });

  it("[L188] is told to relays also if it cannot be kept, and kept as soon as it can", async () => {
    const { sides, listeners } = await roomWith("ada", "bo");
    sides.room.database.failOn = /SET relays/;
    act(sides, (moderation, turn) => moderation.kick(SERVER, { user: "ada", banSeconds: 0 }, turn));
    expect(sides.room.faults.splice(0)).toHaveLength(1);
    expect(sides.relays.hasWork).toBe(false);
    sides.room.database.failOn = undefined;
    sides.say("next");
    expect(stored(sides)).toContain("expel");
    await sides.carry();
    expect(listeners.map(({ socket }) => socket.closed?.code)).toEqual([4403, undefined]);
    expect(stored(sides)).not.toContain("expel");
  });
});
