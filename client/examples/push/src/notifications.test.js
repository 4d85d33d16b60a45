// @vitest-environment happy-dom
// `npm test`: Ada's page beside a server that runs in this program. Pushes need a browser and a push service: a test of
// the page sees that it offers none here.

import { fireEvent, screen } from "@testing-library/dom";
import { inboxOf } from "edge-rooms";
import { createTestRooms } from "edge-rooms/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import html from "../index.html?raw";
import { showNotifications } from "./notifications.js";

let rooms;
const getToken = vi.fn(async () => (await rooms.server.token({ user: "ada", rooms: {} })).token);
const notify = (title) => rooms.server.notify({ user: "ada", title, message: "done" });

beforeEach(async () => {
  rooms = await createTestRooms();
  document.body.innerHTML = html.replace(/<script.*script>/, "");
  await showNotifications(rooms.client({ user: "ada", getToken }));
  await rooms.settle();
});
afterEach(() => rooms.close());

test("shows what the back end says, until it is read on any device", async () => {
  await notify("Build");
  await rooms.settle();
  screen.getByText("Build: done");
  expect(document.title).toBe("Build");
  screen.getByText("1");
  const phone = inboxOf(rooms.client({ user: "ada" }));
  phone.subscribe(() => {}); // it connects with its first listener
  await rooms.settle();
  expect(phone.unread).toBe(1);
  fireEvent.click(screen.getByRole("button", { name: "Read" }));
  await rooms.settle();
  screen.getByText("0");
  expect(phone.unread).toBe(0);
});

test("shows who mentioned her", async () => {
  const bob = rooms.client({ user: "bob", name: "Bob" }).room("lobby");
  await bob.send({ text: "Look at this" }, { mentions: ["ada"] });
  await rooms.settle();
  expect(document.title).toContain("Bob");
});

test("shows after a lost connection what came meanwhile, once", async () => {
  await rooms.dropConnections({ user: "ada" });
  await notify("Build");
  expect(screen.queryByText("Build: done")).toBeNull();
  await rooms.clock.advance(5_000); // by then her client is back
  screen.getByText("Build: done");
});

test("goes on when a token has expired: the client asks for the next one", async () => {
  getToken.mockClear();
  await rooms.expireToken("ada");
  await rooms.clock.advance(5_000);
  await notify("Build");
  await rooms.settle();
  screen.getByText("Build: done");
  expect(getToken).toHaveBeenCalled();
});

test("says that this browser takes no pushes", () => {
  screen.getByText("unsupported");
});
