// Messages that expire and messages for later, from the client over the whole server to another client.

import { afterEach, expect, it } from "vitest";
import { scheduleApi } from "../../../client/index.ts";
import { createTestRooms, type TestRooms } from "../../../client/testing/index.ts";

const open: TestRooms[] = [];
afterEach(async () => {
  for (const rooms of open.splice(0)) await rooms.close();
});

async function world() {
  const rooms = await createTestRooms();
  open.push(rooms);
  const [ada, bob] = [rooms.client({ user: "ada" }), rooms.client({ user: "bob" })];
  const room = { ada: ada.room("lobby"), bob: bob.room("lobby") };
  await rooms.settle();
  return { rooms, ada, bob, room };
}

it("[Z281] the room deletes what has expired, and a reader without a network sees it no longer either", async () => {
  const { rooms, room } = await world();
  const sent = room.ada.send({ text: "the code" }, { expiresInSeconds: 60 });
  await rooms.settle();
  const { at } = await sent;
  expect(room.bob.messages).toMatchObject([{ data: { text: "the code" }, expiresAt: at + 60_000 }]);
  await rooms.network.goOffline("bob");
  await rooms.clock.advance(59_000);
  expect(room.bob.messages).toMatchObject([{ data: { text: "the code" } }]);
  await rooms.clock.advance(3_000);
  for (const { messages } of [room.ada, room.bob]) expect(messages).toMatchObject([{ data: null }]);
  const [shown] = room.bob.messages;
  await rooms.network.goOnline("bob");
  await rooms.clock.advance(10_000);
  expect(room.bob.state.status).toBe("connected");
  expect(room.bob.messages).toMatchObject([{ data: null, changed: 2 }]);
  expect(shown).not.toHaveProperty("changed");
});

it("[Z284] a scheduled message is private, changed, sent when it is due under its key, and gone from the list", async () => {
  const { rooms, ada, bob, room } = await world();
  const later = scheduleApi(ada, "lobby");
  const due = rooms.clock.now() + 3_600_000;
  const done = later.schedule({ text: "morning" }, { sendAt: due, key: "m-1", expiresInSeconds: 600 });
  await rooms.settle();
  expect(await done).toMatchObject({ id: "m-1", sendAt: due });
  const again = later.schedule({ text: "morning" }, { sendAt: due, key: "m-1" });
  const changed = again.then(() => later.reschedule("m-1", { data: { text: "good morning" } }));
  const lists = changed.then(() => Promise.all([later.scheduled(), scheduleApi(bob, "lobby").scheduled()]));
  await rooms.settle();
  expect(await again).toMatchObject({ id: "m-1", duplicate: true });
  expect(await lists).toMatchObject([[{ id: "m-1", data: { text: "good morning" }, sendAt: due }], []]);
  await rooms.clock.advance(3_599_000);
  expect(room.bob.messages).toEqual([]);
  await rooms.clock.advance(3_000);
  expect(room.bob.messages).toMatchObject([
    { id: "m-1", from: { id: "ada" }, data: { text: "good morning" } },
  ]);
  expect(room.bob.messages[0]?.expiresAt).toBeGreaterThan(due + 599_000);
  const left = later.scheduled();
  const late = later.unschedule("m-1").catch(({ code }: { readonly code: string }) => code);
  await rooms.settle();
  expect([await left, await late]).toEqual([[], "not_found"]);
});

it("[Z290] server code schedules, lists all and takes back", async () => {
  const { rooms, ada } = await world();
  const server = rooms.server.room("lobby");
  const own = scheduleApi(ada, "lobby").schedule({ text: "hers" }, { sendAt: rooms.clock.now() + 2_000_000 });
  const done = server.schedule({ data: { text: "soon" }, sendAt: rooms.clock.now() + 1_000_000, id: "s" });
  await rooms.settle();
  await Promise.all([own, done]);
  const all = await server.scheduled();
  expect(all.map(({ data }) => data)).toEqual([{ text: "soon" }, { text: "hers" }]);
  await server.unschedule("s");
  expect(await server.scheduled()).toHaveLength(1);
});
