// What the registry knows of rooms and users, and how it comes to know it.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { RoomsResult, StatsResult, UsersResult } from "../../src/protocol/index.ts";
import { advanceClock, crash, sleep } from "./support/objects.ts";
import {
  callAsServer,
  callWith,
  errorOf,
  join,
  openSession,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const MINUTE_MS = 60_000;

async function read<T>(path: string): Promise<T> {
  const response = await callAsServer("GET", path);
  expect(response.status).toBe(200);
  return response.json<T>();
}

const listed = async (room: string, active = "") =>
  (await read<RoomsResult>(`/v1/rooms?prefix=${room}${active}`)).rooms;
const listedUser = async (user: string, active = "") =>
  (await read<UsersResult>(`/v1/users?prefix=${user}${active}`)).users;
const stats = () => read<StatsResult>("/v1/stats");

const EMPTY = { members: 0, connections: 0, anonymous: 0, sessions: 0 };
/** Reports are not waited for: so the room's are, by a call to it and to its shard. */
const reported = (room: string, expected: object) =>
  expect.poll(async () => (await listed(room))[0]).toMatchObject(expected);

describe("a room", () => {
  it("[O1] is listed as soon as it is occupied, with what is in it", async () => {
    const room = uniqueName("occupied");
    const before = Date.now();
    const ada = await join(room, "ada");
    await reported(room, { room, members: 1, connections: 1, anonymous: 0, sessions: 0, head: 0 });
    expect((await listed(room, "&active=true"))[0]?.since).toBeGreaterThanOrEqual(before);
    ada.send({ type: "send", id: "1", data: 1 });
    await ada.settled();
    advanceClock(MINUTE_MS);
    await reported(room, { members: 1, head: 1, messages: 1 });
  });

  it("[O2] whose object crashed is not occupied a minute later, without a report", async () => {
    const room = uniqueName("crashed");
    const ada = await join(room, "ada");
    ada.send({ type: "send", id: "1", data: 1 });
    await ada.settled();
    await reported(room, { connections: 1 });
    await crash(roomObject(room));
    advanceClock(MINUTE_MS);
    expect(await listed(room, "&active=true")).toEqual([]);
    expect(await listed(room)).toMatchObject([{ ...EMPTY, messages: 1 }]);
  });
});
