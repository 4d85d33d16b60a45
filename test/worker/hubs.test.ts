// A room whose relays have a hub, with the objects of all three.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { RelayObject } from "../../src/relay/runtime/relay-object.ts";
import type { HubCall } from "../../src/room/relays/hub-calls.ts";
import { relayName } from "../../src/room/relays/relay-calls.ts";
import { RELAY_COUNTERS, ROOM_COUNTERS } from "../../src/tools/measured-counters.ts";
import { measure } from "./support/meter.ts";
import { configureRoom, crash, sleep } from "./support/objects.ts";
import { callAsServer, fill, join, roomHas, roomObject, uniqueName } from "./support/worker.ts";

const HUB = 1_000;
const RELAYS = [1_001, 1_002];

const objectOf = (room: string, number: number) => env.RELAYS.getByName(relayName(room, number));

/** A room that has relays already, with a hub. */
async function withHub(prefix: string, numbers = RELAYS): Promise<string> {
  const room = uniqueName(prefix);
  await configureRoom(room, { RELAY_ABOVE: 0 });
  const first = await join(room, "first");
  first.close(1000);
  await roomHas(room, 0);
  await runInDurableObject(roomObject(room), (_, { storage }) => {
    const relays = numbers.map((number) => ({ number, region: "" }));
    storage.sql.exec("UPDATE room SET relays = ?", JSON.stringify({ relays, untold: [] }));
  });
  await crash(roomObject(room));
  await configureRoom(room, { RELAY_ABOVE: 0 });
  return room;
}

/** Users who are at both relays. */
async function usersOf(room: string) {
  const users = await Promise.all(["ada", "bo", "cy", "di", "ed", "fi"].map((user) => join(room, user)));
  for (const relay of RELAYS) {
    const sockets = await runInDurableObject<DurableObject, number>(
      objectOf(room, relay),
      (_, ctx) => ctx.getWebSockets().length,
    );
    expect(sockets).toBeGreaterThan(0);
  }
  return users;
}

describe("a room whose relays have a hub", () => {
  it("[L36] delivers everything once and in order, also if any of them sleeps or the hub dies", async () => {
    const room = await withHub("hub");
    const users = await usersOf(room);
    await roomHas(room, users.length);
    const [ada, bo] = users;
    if (ada === undefined || bo === undefined) throw new Error("nobody is there");
    await fill(ada, 2);
    await evictDurableObject(objectOf(room, HUB));
    await fill(bo, 1, () => "the hub slept");
    await sleep(roomObject(room));
    await configureRoom(room, { RELAY_ABOVE: 0 });
    for (const relay of RELAYS) await evictDurableObject(objectOf(room, relay), { webSockets: "hibernate" });
    await fill(ada, 1, () => "the others slept");
    await crash(objectOf(room, HUB));
    await fill(bo, 1, () => "the hub died");
    await Promise.all(users.map((user) => user.settled()));
    const all = [1, 2, "the hub slept", "the others slept", "the hub died"];
    for (const user of users) expect(user.ofType("message").map(({ data }) => data)).toEqual(all);
  });

  it("[L37] is called with an event that both relays get once, and calls each", async () => {
    const room = await withHub("hub_once");
    const users = await usersOf(room);
    const down = vi.spyOn(RelayObject.prototype, "passDown");
    onTestFinished(() => down.mockRestore());
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "for all", id: "m" });
    for (const user of users) expect(await user.next("message")).toMatchObject({ data: "for all" });
    const calls = down.mock.calls
      .map(([call]): HubCall => call)
      .filter((call) => JSON.stringify(call).includes("for all"));
    expect(calls).toHaveLength(1);
    const entries = calls[0]?.dispatches.map(({ dispatch: { steps } }) =>
      steps.flatMap((step) => (step.do === "deliver" ? [step.entries] : [])),
    );
    expect(entries).toHaveLength(2);
    // What the platform made of the call: one object.
    expect(entries?.[0]?.[0]).toBe(entries?.[1]?.[0]);
  });

  it("[L40] costs a call to each hub and relay for an event, and no row there", async () => {
    const room = await withHub("hub_cost", [1_001]);
    const ada = await join(room, "ada");
    const meters = await Promise.all([HUB, 1_001].map((number) => measure(objectOf(room, number))));
    const usage = () => Promise.all(meters.map((meter) => meter.take()));
    await usage();
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "for all", id: "m" });
    await ada.next("message");
    for (const used of await usage()) expect(used).toMatchObject(RELAY_COUNTERS.call);
    // Up through the hub, and down again.
    ada.send({ type: "send", id: "up", data: "up" });
    await ada.next("ok");
    const [hub, relay] = await usage();
    expect(hub).toMatchObject({ requests: 2 * RELAY_COUNTERS.call.requests, rowsWritten: 0 });
    expect(relay).toMatchObject({ requests: RELAY_COUNTERS.call.requests, messages: 1, rowsWritten: 0 });
  });

  it("[L40] a relay that begins is a row of its room", async () => {
    const room = uniqueName("relay_cost");
    const settings = { RELAY_ABOVE: 0, RELAY_CONNECTIONS: 1 };
    await configureRoom(room, settings);
    for (const user of ["ada", "bo"]) await join(room, user);
    const meter = await measure(roomObject(room), settings);
    await join(room, "cy");
    expect((await meter.take()).rowsWritten).toBe(
      ROOM_COUNTERS.firstVisit.rowsWritten + RELAY_COUNTERS.begin.rowsWritten,
    );
  });
});
