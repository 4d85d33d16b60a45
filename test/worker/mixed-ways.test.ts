// Clients over every way in one room, on networks that lose requests, lose and cut answers and send calls twice, with a
// room that dies, and tabs that take over from each other. In the end all hold the same log, and each message once. One
// answer streams meanwhile, and what is shown of it is always its beginning. What the network does has a seed; what the
// runtime does first has none.

import { expect, it } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import type { Ports } from "../../client/util/ports.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { until } from "../support/until.ts";
import { clientPorts } from "./support/client-ports.ts";
import { Guest, WAYS } from "./support/guest.ts";
import { crash } from "./support/objects.ts";
import { roomObject, uniqueName } from "./support/worker.ts";

const SEEDS = [1, 2, 3, 4];
const STEPS = 50;
/** The runtime of the tests ends no room that has a timer, as between two calls of somebody. */
const CRASHES_WITHIN_MS = 100;

/** So much faster than time, as a client counts it: its pace and its waits. */
const SPEED = 4;
const fastClock: Ports["clock"] = {
  now: () => Date.now(),
  elapsed: () => performance.now() * SPEED,
  after: (delayMs, fn) => clientPorts().clock.after(delayMs / SPEED, fn),
};

const lost = () => new TypeError("lost on the way");

/** Calls on a network that fails as often as `faults` says. */
function faultyFetch(random: () => number, faults: { rate: number }): Ports["fetch"] {
  const { fetch } = clientPorts();
  return async (url, init) => {
    const roll = random() / faults.rate;
    if (roll < 0.25) throw lost();
    // As a browser does whose connection was closed meanwhile.
    if (roll < 0.5)
      void fetch(url, init)
        .then((first) => first.text())
        .catch(() => {});
    const response = await fetch(url, init);
    if (roll >= 0.5 && roll < 0.75) {
      await response.body?.cancel();
      throw lost();
    }
    if (roll < 0.75 || roll >= 1) return response;
    const text = await response.text();
    return new Response(text.slice(0, Math.floor(text.length * random())), response);
  };
}

it.each(SEEDS)("[C161][C269][Y97] every way loses nothing and doubles nothing (seed %s)", async (seed) => {
  const random = seededRandom(seed);
  const faults = { rate: 0.15 };
  const name = uniqueName("mixed");
  const reconnect = { minMs: 5, maxMs: 100 };
  const fetch = faultyFetch(random, faults);
  const guests = WAYS.map(
    (way, at) => new Guest(way, name, `guest${at}`, { reconnect, fetch, clock: fastClock }),
  );
  await Promise.all(guests.map((guest) => guest.live()));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const ofTabs = guests.filter((_, at) => WAYS[at]?.hasTabs);
  const sent = new Map(guests.map((guest) => [guest, [] as string[]]));
  const pending: Promise<unknown>[] = [];
  const answer = await pick(guests).room.stream({ text: "" });
  const wrong: string[] = [];
  for (const { room } of guests)
    room.subscribe(() => {
      const { text = "" } = Object(room.messages.find(({ stream }) => stream !== undefined)?.data);
      if (!answer.text.startsWith(text)) wrong.push(text);
    });
  for (let step = 0; step < STEPS; step++) {
    const guest = pick(guests);
    const roll = random();
    answer.append(`${step} `);
    const own = guest.room.messages.filter(({ from }) => from?.id === guest.room.user?.id);
    if (roll < 0.55) {
      const text = `${step}`;
      sent.get(guest)?.push(text);
      pending.push(guest.room.send(text, { echo: random() < 0.5 }));
    } else if (roll < 0.65 && own.length > 0)
      // Its answer may be lost: what is held says whether it happened.
      pending.push(guest.room.react(pick(own)?.seq ?? 0, "👍").catch(() => {}));
    else if (roll < 0.68)
      await Promise.race([crash(roomObject(name)).catch(() => {}), scheduler.wait(CRASHES_WITHIN_MS)]);
    else if (roll < 0.74) guest.client.reconnect();
    else if (roll < 0.86) await pick(ofTabs).takeOver(new SeededRandom(random));
    else await guest.client.ping().catch(() => {});
  }
  faults.rate = Number.MIN_VALUE;
  await Promise.all([...pending, answer.finish()]);
  await until(() => {
    for (const { room } of guests) expect(room.messages).toEqual(guests[0]?.room.messages);
    expect(guests[0]?.room.messages.length).toBe([...sent.values()].flat().length + 1);
  });
  expect(wrong).toEqual([]);
  const streamed = guests[0]?.room.messages.filter(({ stream }) => stream !== undefined);
  expect(streamed).toMatchObject([{ stream: "complete", data: { text: answer.text } }]);
  for (const [guest, texts] of sent) {
    const own = guests[0]?.room.messages.filter(
      ({ from, stream }) => from?.id === guest.room.user?.id && stream === undefined,
    );
    expect(own?.map(({ data }) => data)).toEqual(texts);
  }
});
