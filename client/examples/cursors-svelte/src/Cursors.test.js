// @vitest-environment happy-dom
// `npm test`: the page is Ada's, and Bob points at it from a client of his own. There is no server to start, and nothing
// to wait for: time stands still until `rooms.clock` moves it.

import { screen } from "@testing-library/dom";
import { createTestRooms } from "edge-rooms/testing";
import { mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Cursors from "./Cursors.svelte";

let rooms, bob, page;
const getToken = vi.fn(
  async () => (await rooms.server.token({ user: "ada", name: "Ada", rooms: { "*": "write" } })).token,
);
const whereBobPoints = () => screen.queryByText("➤ Bob")?.style.left;

beforeEach(async () => {
  rooms = await createTestRooms();
  const client = rooms.client({ user: "ada", getToken });
  page = mount(Cursors, { target: document.body, props: { client } });
  await rooms.settle(); // all that can happen at this moment has happened
  bob = rooms.client({ user: "bob", name: "Bob" }).room("cursors");
  await rooms.settle();
});
afterEach(async () => {
  await unmount(page);
  await rooms.close();
});

test("shows who is here, and where they point", async () => {
  screen.getByText("Here: Ada, Bob");
  bob.signal("cursor", { x: 0.25, y: 0.5 });
  await rooms.settle();
  expect(whereBobPoints()).toBe("25%");
  bob.leave();
  await rooms.settle();
  expect(whereBobPoints()).toBeUndefined();
});

test("tells the others where Ada points, at most ten times a second", async () => {
  const heard = [];
  bob.onEvent("cursor", ({ data }) => heard.push(data));
  for (const clientX of [0, innerWidth / 2])
    window.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY: innerHeight / 4 }));
  await rooms.settle();
  expect(heard).toEqual([{ x: 0, y: 0.25 }]);
});

test("goes on after a lost connection", async () => {
  await rooms.dropConnections({ user: "ada" });
  bob.signal("cursor", { x: 0.5, y: 0.5 }); // nobody hears it, and signals are not stored
  await rooms.clock.advance(5_000); // by then her client is back
  expect(whereBobPoints()).toBeUndefined();
  bob.signal("cursor", { x: 0.75, y: 0.5 });
  await rooms.settle();
  expect(whereBobPoints()).toBe("75%");
});

test("goes on when a token has expired: the client asks for the next one", async () => {
  getToken.mockClear();
  await rooms.expireToken("ada");
  await rooms.clock.advance(5_000);
  expect(getToken).toHaveBeenCalled();
  screen.getByText("Here: Ada, Bob");
});
