// `npm test`, in Node's own runner (Node 22.13 and newer): what the back end says, as two users hear it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { inboxOf } from "edge-rooms";
import { createTestRooms } from "edge-rooms/testing";
import { createBoard } from "./board.js";

let rooms, answer;

beforeEach(async () => {
  rooms = await createTestRooms({ settings: { SERVER_EVENTS: "task" } });
  answer = createBoard(rooms.server);
});
afterEach(() => rooms.close());

const add = (title, owner) => answer({ method: "POST", url: "/tasks" }, JSON.stringify({ title, owner }));
const move = (id, column) => answer({ method: "PATCH", url: `/tasks/${id}` }, JSON.stringify({ column }));

/** What a user hears in the room, from now on. */
async function listen(user) {
  const heard = [];
  const room = rooms.client({ user, permission: "read" }).room("board", { history: 0 });
  room.onEvent("task", ({ event, data }) => heard.push([event, data.column]));
  await rooms.settle();
  return heard;
}

test("tells everybody in the room what became of a task", async () => {
  const [ada, bob] = [await listen("ada"), await listen("bob")];
  const { id } = await add("Ship it", "ada");
  await move(id, "doing");
  await rooms.settle();
  assert.deepEqual(ada, [
    ["task.created", "todo"],
    ["task.moved", "doing"],
  ]);
  assert.deepEqual(bob, ada);
  assert.equal(await move("unknown", "done"), undefined);
});

test("notifies the owner of a task that is done, and nobody else", async () => {
  const heard = [];
  for (const user of ["ada", "bob"])
    inboxOf(rooms.client({ user })).on("notification", ({ title, message }) =>
      heard.push([user, title, message]),
    );
  await rooms.settle();
  const { id } = await add("Ship it", "ada");
  await move(id, "done");
  await rooms.settle();
  assert.deepEqual(heard, [["ada", "Task done", "Ship it"]]);
});

for (const [what, interrupt] of [
  ["whose connection was lost", () => rooms.dropConnections({ user: "bob" })],
  ["whose token had expired", () => rooms.expireToken("bob")],
])
  test(`a user ${what} hears it later, once`, async () => {
    const bob = await listen("bob");
    await interrupt();
    await add("Ship it", "ada");
    await rooms.clock.advance(5_000); // by then the client is back
    assert.deepEqual(bob, [["task.created", "todo"]]);
  });
