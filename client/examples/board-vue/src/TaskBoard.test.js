// @vitest-environment happy-dom
// `npm test`: Ada and Bob look at the board, each on a page of their own. The test plays the back end: it stores tasks,
// and says in the room what became of them, as ../server-node does.

import { VueQueryPlugin } from "@tanstack/vue-query";
import { fireEvent, within } from "@testing-library/dom";
import { createTestRooms } from "edge-rooms/testing";
import { edgeRooms } from "edge-rooms/vue";
import { afterEach, beforeEach, test, vi } from "vitest";
import { createApp } from "vue";
import TaskBoard from "./TaskBoard.vue";

let rooms, tasks, pages;

/** The app's own calls. */
async function backEnd(path, { method, body }) {
  const id = path.slice("/tasks/".length);
  if (method === "POST")
    tasks.set(`${tasks.size}`, { id: `${tasks.size}`, column: "todo", ...JSON.parse(body) });
  if (method === "PATCH") Object.assign(tasks.get(id), JSON.parse(body));
  if (method !== "GET") await rooms.server.room("board").publish({ event: "task.changed", data: { id } });
  return Response.json([...tasks.values()]);
}

function open(user) {
  const target = document.body.appendChild(document.createElement("main"));
  const client = rooms.client({ user, permission: "read" });
  const page = createApp(TaskBoard).use(VueQueryPlugin).use(edgeRooms, client);
  page.mount(target);
  pages.push(page);
  return {
    add: (title) => submit(target, title),
    column: (name) => within(within(target).getByRole("region", { name })),
  };
}

async function submit(target, title) {
  await fireEvent.input(within(target).getByLabelText("New task"), { target: { value: title } });
  fireEvent.submit(target.querySelector("form"));
}

beforeEach(async () => {
  vi.stubGlobal("fetch", backEnd);
  [tasks, pages] = [new Map(), []];
  rooms = await createTestRooms({ settings: { SERVER_EVENTS: "task" } }); // only the back end says what changed
});
afterEach(async () => {
  for (const page of pages) page.unmount();
  document.body.replaceChildren();
  await rooms.close();
});

test("what one adds and moves, the other sees", async () => {
  const [ada, bob] = [open("ada"), open("bob")];
  await rooms.settle();
  await ada.add("Ship it");
  fireEvent.click(await bob.column("todo").findByRole("button", { name: "doing" }));
  await ada.column("doing").findByText("Ship it");
});

test.each([
  ["a lost connection", () => rooms.dropConnections({ user: "bob" })],
  ["an expired token", () => rooms.expireToken("bob")],
])("after %s the board catches up", async (_, interrupt) => {
  const [ada, bob] = [open("ada"), open("bob")];
  await rooms.settle();
  await interrupt();
  await ada.add("Ship it");
  await ada.column("todo").findByText("Ship it");
  await rooms.clock.advance(5_000); // by then Bob's client is back, and hears what it has missed
  await bob.column("todo").findByText("Ship it");
});
