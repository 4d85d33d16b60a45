// A room that only counts its members, as they are too many for a list: what it asks its relays.

import { describe, expect, it } from "vitest";
import { LISTED_MEMBERS } from "../../src/protocol/index.ts";
import { disconnect } from "./support/disconnect.ts";
import { advanceClock, configureRoom, type Settings, sleep } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  join,
  openRoom,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

interface Crowd {
  readonly room: string;
  /** By the number of the user. */
  readonly sockets: readonly TestSocket[];
  user(number: number): string;
}

/** All sockets are at two relays, and the room holds none of them, as they are silent. */
async function crowd(settings: Settings = {}): Promise<Crowd> {
  const room = uniqueName("crowd");
  await configureRoom(room, { RELAY_ABOVE: 0, RELAY_CONNECTIONS: 150, ...settings });
  const user = (number: number) => `${room}_${number}`;
  const sockets: TestSocket[] = [];
  while (sockets.length <= LISTED_MEMBERS + 5) {
    const numbers = Array.from({ length: 25 }, (_, at) => sockets.length + at);
    sockets.push(...(await Promise.all(numbers.map((number) => join(room, user(number))))));
  }
  await roomHas(room, sockets.length);
  // Two flushes: the first one has the relays say that they have all, after the second they are tidied.
  for (const afterMs of [45_000, 60_000]) {
    advanceClock(afterMs);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "tidy", id: `tidy${afterMs}` });
    await Promise.all(sockets.map((socket) => socket.next("message")));
  }
  return { room, sockets, user };
}

const notifications = async (user: string) =>
  (
    await (
      await callAs(await tokenFor(user), "GET", "/v1/me/notifications")
    ).json<{
      notifications: { topic: string }[];
    }>()
  ).notifications.map(({ topic }) => topic);

describe("a room that counts its members at relays", () => {
  it("[L143] notifies who is mentioned and not there, and nobody who is", async () => {
    const { room, user } = await crowd();
    const absent = uniqueName("absent");
    const mentions = [user(3), user(180), absent];
    for (const id of mentions) await callAsServer("PUT", `/v1/users/${id}/rooms/${room}`);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, id: "m", mentions });
    await expect.poll(() => notifications(absent)).toEqual(["mention"]);
    expect([await notifications(user(3)), await notifications(user(180))]).toEqual([[], []]);
  });

  it("[L145] closes the connection that a client gave up, though its successor is at another relay", async () => {
    const { room, sockets, user } = await crowd();
    const [first = expect.fail()] = sockets;
    const { connection } = await first.next("connected");
    expect(String(connection)).toMatch(/\.1$/);
    const next = await join(room, user(0), { query: `?replaces=${connection}` });
    expect(String((await next.next("connected")).connection)).toMatch(/\.2$/);
    expect(await first.closed).toMatchObject({ code: 4409 });
    await roomHas(room, sockets.length);
  });

  it("[L145] and though its successor is at the room, whose place it has", async () => {
    const { room, sockets, user } = await crowd({ MAX_CONNECTIONS_PER_USER: 1 });
    const [first = expect.fail()] = sockets;
    const { connection } = await first.next("connected");
    const headers = { Authorization: `Bearer ${await tokenFor(user(0))}` };
    const poll = (query: string) =>
      call(`/v1/rooms/${room}/poll${query}`, { method: "POST", body: '{"wait":0}', headers });
    expect(await (await poll("")).text()).toContain("room_full");
    const opened = await (await poll(`?replaces=${connection}`)).text();
    expect(opened).toContain('"connected"');
    expect(await first.closed).toMatchObject({ code: 4409 });
  });

  it("[L7] closes a listener whose tokens are revoked, and one who is banned", async () => {
    const { room, sockets, user } = await crowd();
    expect(await disconnect(user(7))).toBe(1);
    expect(await sockets[7]?.closed).toMatchObject({ code: 4401 });
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: user(190), banSeconds: 60 });
    expect(await sockets[190]?.closed).toMatchObject({ code: 4403 });
    await roomHas(room, sockets.length - 2);
  });
});

describe("connections without a token at a relay", () => {
  it("[L144] count in the bound of their address at the room", async () => {
    const room = uniqueName("public_counted");
    await configureRoom(room, { RELAY_ABOVE: 0, MAX_CONNECTIONS_PER_ADDRESS: 2 });
    const address = "192.0.2.77";
    await join(room, null, { address });
    await join(room, null, { address });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, id: "m" });
    await sleep(roomObject(room));
    await configureRoom(room, { RELAY_ABOVE: 10, MAX_CONNECTIONS_PER_ADDRESS: 2 });
    expect(await (await openRoom(room, null, { address })).closed).toMatchObject({ code: 4503 });
    await join(room, null, { address: "192.0.2.78" });
    await roomHas(room, 3);
  });
});
