// Whom a room has closed at its relays, if it dies before they have heard of it.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { accept } from "../../../src/protocol/index.ts";
import type { Moderation } from "../../../src/room/moderation.ts";
import type { Turn } from "../../../src/room/turn.ts";
import { type Listener, TwoSides } from "./support/two-sides.ts";

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
});
