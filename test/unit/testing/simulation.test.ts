// Clients and the whole server over a network that delays, loses and breaks off, by chance: what all of them hold in the
// end is the same, and each message is there once.

import { describe, expect, it } from "vitest";
import { sharedRoom } from "../../../client/index.ts";
import { createTestRooms, type TestRooms } from "../../../client/testing/index.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const SEEDS = 12;
const STEPS = 80;
const USERS = ["ada", "bob", "ada"];

async function simulate(seed: number) {
  const chance = new SeededRandom(seededRandom(seed));
  const rooms = await createTestRooms({ seed, now: 1_790_000_000_000, settings: { RATE_BURST: 1_000 } });
  const peers = USERS.map((user, index) => {
    const client = rooms.client({ user });
    const room = index === 1 ? sharedRoom(client, "lobby") : client.room("lobby");
    const heard: number[] = [];
    room.on("message", ({ seq }) => heard.push(seq));
    return { room, heard };
  });
  const fates = new Map<string, string>();
  for (let step = 0; step < STEPS; step++) {
    const { room } = chance.pick(peers);
    const text = `${seed}/${step}`;
    const seq = chance.any(room.messages)?.seq ?? 1;
    const acts: (() => unknown)[] = [
      ...Array.from({ length: 4 }, () => () => {
        fates.set(text, "waiting");
        room.send(text).then(
          () => fates.set(text, "stored"),
          () => fates.set(text, "refused"),
        );
      }),
      () => room.react(seq, "👍").catch(() => {}),
      () => room.markRead().catch(() => {}),
      () => mishap(rooms, chance),
    ];
    chance.pick(acts)();
    await rooms.clock.advance(chance.upTo(300));
  }
  rooms.network.lose({});
  rooms.network.delay(0);
  await rooms.clock.advance(120_000);
  return { rooms, peers, fates };
}

const mishap = (rooms: TestRooms, chance: SeededRandom): void | Promise<void> =>
  chance.pick([
    () => rooms.dropConnections(),
    () => rooms.expireToken("ada"),
    () => rooms.hibernate(),
    () => rooms.network.delay(chance.upTo(200)),
    () => rooms.network.lose({ rate: 0.02 }),
    () => rooms.network.lose({ next: 1, direction: "toClient" }),
  ])();

describe("a network that loses, with the real server", () => {
  it.each(Array.from({ length: SEEDS }, (_, n) => n + 1))(
    "[V55] [V47] seed %i: all hold the same, once",
    async (seed) => {
      const { rooms, peers, fates } = await simulate(seed);
      const [first, ...others] = peers.map(({ room }) => room.messages);
      for (const messages of others) expect(messages).toEqual(first);
      const texts = first?.map(({ data }) => data) ?? [];
      expect(texts.sort()).toEqual([...fates.keys()].sort());
      expect(new Set(fates.values())).toEqual(new Set(["stored"]));
      for (const { heard } of peers) expect(heard).toEqual(first?.map(({ seq }) => seq));
      await rooms.close();
    },
  );

  it("[V55] is the same for the same seed", async () => {
    const [one, again] = await Promise.all([simulate(5), simulate(5)]);
    const of = ({ peers }: typeof one) => peers.map(({ room }) => room.messages);
    expect(of(again)).toEqual(of(one));
    await Promise.all([one.rooms.close(), again.rooms.close()]);
  });
});
