// What the server SDK takes out of the whole server, and puts into another one.

import { afterEach, expect, it } from "vitest";
import { createTestRooms, type TestRooms } from "../../../client/testing/index.ts";

const open: TestRooms[] = [];
afterEach(async () => {
  for (const rooms of open.splice(0)) await rooms.close();
});

async function deployment(): Promise<TestRooms> {
  const rooms = await createTestRooms();
  open.push(rooms);
  return rooms;
}

it("[Z292] a room moves to another deployment, with its messages as they were", async () => {
  const [from, to] = [await deployment(), await deployment()];
  const room = from.server.room("lobby");
  await room.publish({ data: { text: "one" }, id: "a", from: { id: "ada" } });
  const { seq } = await room.publish({ data: { text: "two" } });
  await room.edit(seq, { text: "two, edited" });
  const result = await to.server.room("lobby").import(room.export());
  expect(result).toMatchObject({ messages: 2, head: 3 });
  expect((await to.server.room("lobby").messages()).messages).toEqual((await room.messages()).messages);
});
