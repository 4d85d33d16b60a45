// Rooms whose sockets are at relays, with the objects of both.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { relayName } from "../../src/room/relays/relay-calls.ts";
import { configureRoom, crash, type Settings, sleep } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAsServer,
  cursorOf,
  fill,
  join,
  openRoom,
  roomHas,
  roomObject,
  uniqueName,
} from "./support/worker.ts";

const relayOf = (room: string, number = 1) => env.RELAYS.getByName(relayName(room, number));

const socketsAt = (room: string, relay: number) =>
  runInDurableObject<DurableObject, number>(relayOf(room, relay), (_, ctx) => ctx.getWebSockets().length);

async function relayed(prefix: string, settings: Settings = {}): Promise<string> {
  const room = uniqueName(prefix);
  await configureRoom(room, { RELAY_ABOVE: 0, ...settings });
  return room;
}

const messages = (socket: TestSocket) => socket.ofType("message").map(({ data }) => data);

describe("a room with relays", () => {
  it("[L1] holds RELAY_ABOVE sockets itself, then RELAY_CONNECTIONS at each relay", async () => {
    const room = await relayed("above", { RELAY_ABOVE: 2, RELAY_CONNECTIONS: 2 });
    const own = [await join(room, "ada"), await join(room, "bo")];
    const others: TestSocket[] = [];
    for (const user of ["cy", "di", "ed"]) others.push(await join(room, user));
    await roomHas(room, 5);
    expect(await runInDurableObject(roomObject(room), (_, ctx) => ctx.getWebSockets().length)).toBe(2);
    expect([await socketsAt(room, 1), await socketsAt(room, 2)]).toEqual([2, 1]);
    await fill(others[0] ?? expect.fail(), 3);
    await Promise.all([...own, ...others].map((socket) => socket.settled()));
    for (const socket of [...own, ...others]) expect(messages(socket)).toEqual([1, 2, 3]);
  });

  it("[L1] returns: below half of RELAY_ABOVE new sockets are its own again", async () => {
    const room = await relayed("return", { RELAY_ABOVE: 2 });
    const [ada, bo, cy] = [await join(room, "ada"), await join(room, "bo"), await join(room, "cy")];
    ada.close(1000);
    bo.close(1000);
    await roomHas(room, 1);
    await join(room, "di");
    expect(await runInDurableObject(roomObject(room), (_, ctx) => ctx.getWebSockets().length)).toBe(1);
    await fill(cy, 1);
    expect(messages(cy)).toEqual([1]);
  });

  it("[L2] sends a socket at a relay the same frames as one of its own", async () => {
    const room = await relayed("same", { RELAY_ABOVE: 1 });
    const own = await join(room, "ada", { query: "?presence=off" });
    const distant = await join(room, "bo", { query: "?presence=off" });
    const before = [own.texts.length, distant.texts.length];
    const writer = await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 'é \u2028 "', id: "m" });
    expect(writer.status).toBe(201);
    await callAsServer("POST", `/v1/rooms/${room}/signals`, { event: "typing", data: { on: true } });
    await own.next("signal");
    await distant.next("signal");
    expect(distant.texts.slice(before[1])).toEqual(own.texts.slice(before[0]));
  });

  it("[L4] closes nobody when the room or a relay sleeps, and nothing is missed", async () => {
    const room = await relayed("sleeps");
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    await fill(ada, 1);
    await sleep(roomObject(room));
    await fill(bo, 1, () => "the room slept");
    await evictDurableObject(relayOf(room), { webSockets: "hibernate" });
    await fill(ada, 1, () => "the relay slept");
    await sleep(roomObject(room));
    await evictDurableObject(relayOf(room), { webSockets: "hibernate" });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "both slept", id: "m" });
    await Promise.all([ada.settled(), bo.settled()]);
    const all = [1, "the room slept", "the relay slept", "both slept"];
    expect([messages(ada), messages(bo)]).toEqual([all, all]);
  });

  it("[L5] closes the sockets of a relay that missed something, which come back with their cursors", async () => {
    const room = await relayed("behind");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    await crash(roomObject(room));
    await configureRoom(room, { RELAY_ABOVE: "off" });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "missed", id: "m" });
    await crash(roomObject(room));
    await configureRoom(room, { RELAY_ABOVE: 0 });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "next", id: "n" });
    expect(await ada.closed).toMatchObject({ code: 4500 });
    const back = await join(room, "ada", { query: `?since=${cursor}` });
    expect(messages(back)).toEqual(["missed", "next"]);
  });

  it("[L61] sends an open message whole, once, to its readers at relays after the room has slept", async () => {
    const room = await relayed("open");
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    const { seq } = await ada.ask({ type: "send", id: "s", data: { text: "" }, stream: true });
    const append = (n: number, text: string) => ({ type: "append", seq, n, text, id: `a${n}` });
    await ada.ask(append(1, "one "));
    await bo.next("append");
    await sleep(roomObject(room));
    await ada.ask(append(2, "two "));
    expect(await bo.next("stream", ({ n }) => n === 2)).toMatchObject({ seq, data: { text: "one two " } });
    await ada.ask(append(3, "three"));
    expect(await bo.next("append", ({ n }) => n === 3)).toMatchObject({ seq, text: "three" });
  });

  it("[L6] lists those at relays among its members, and says at once who leaves", async () => {
    const room = await relayed("members", { RELAY_ABOVE: 1 });
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    expect(await ada.next("memberJoined")).toMatchObject({ member: { id: "bo" } });
    const { members } = await bo.next("connected");
    expect(members).toMatchObject([{ id: "ada" }, { id: "bo" }]);
    bo.close(1000);
    expect(await ada.next("memberLeft")).toMatchObject({ user: "bo" });
    await roomHas(room, 1);
  });

  it("[L7] closes at relays whom a moderator removes, and everybody with the log", async () => {
    const room = await relayed("ends");
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "bo", banSeconds: 60 });
    expect(await bo.closed).toMatchObject({ code: 4403 });
    expect((await (await openRoom(room, "bo")).closed).code).toBe(4403);
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    expect(await ada.closed).toMatchObject({ code: 4410 });
    await roomHas(room, 0);
    const anew = await join(room, "ada");
    await fill(anew, 1);
    expect(messages(anew)).toEqual([1]);
  });
});
