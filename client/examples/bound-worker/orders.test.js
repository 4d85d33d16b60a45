// `npm test`, in Node's own runner (Node 22.13 and newer). The server of the test kit has the methods of the binding.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { inboxOf } from "edge-rooms";
import { createTestRooms } from "edge-rooms/testing";
import orders from "./orders.js";

let rooms;

beforeEach(async () => {
  rooms = await createTestRooms();
});
afterEach(() => rooms.close());

async function place(order) {
  const request = new Request("https://orders.test/orders", { method: "POST", body: JSON.stringify(order) });
  const response = await orders.fetch(request, { ROOMS: rooms.server });
  return { status: response.status, ...(await response.json()) };
}

test("tells the room and the customer of an order", async () => {
  const ada = rooms.client({ user: "ada" });
  const heard = [];
  ada.room("orders").onEvent("order", ({ event, data }) => heard.push([event, data.item]));
  inboxOf(ada).on("notification", ({ title, message }) => heard.push([title, message]));
  await rooms.settle();
  const { status, seq } = await place({ item: "Tea", customer: "ada" });
  await rooms.settle();
  assert.deepEqual([status, seq], [201, 1]);
  assert.deepEqual(heard, [
    ["order.placed", "Tea"],
    ["Order placed", "Tea"],
  ]);
});

test("says what is wrong with an order", async () => {
  assert.partialDeepStrictEqual(await place({ item: "Tea", customer: "" }), {
    status: 400,
    code: "bad_request",
  });
});
