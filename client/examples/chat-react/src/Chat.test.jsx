// @vitest-environment happy-dom
// `npm test`: the page is Ada's, and Bob chats with her from a client of his own. There is no server to start, and
// nothing to wait for: time stands still until `rooms.clock` moves it. What moves the page stands in `act`, as always.

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { EdgeRooms } from "edge-rooms/react";
import { createTestRooms } from "edge-rooms/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Chat } from "./Chat.jsx";

let rooms, bob;
const getToken = vi.fn(
  async () => (await rooms.server.token({ user: "ada", name: "Ada", rooms: { lobby: "write" } })).token,
);

function say(text) {
  fireEvent.change(screen.getByLabelText("Message"), { target: { value: text } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
}

beforeEach(async () => {
  rooms = await createTestRooms();
  render(
    <EdgeRooms client={rooms.client({ user: "ada", getToken })}>
      <Chat />
    </EdgeRooms>,
  );
  await act(() => rooms.settle()); // all that can happen at this moment has happened
  bob = rooms.client({ user: "bob", name: "Bob" }).room("lobby");
  await act(() => rooms.settle());
});
afterEach(async () => {
  cleanup();
  await rooms.close();
});

test("shows who is here, who types, and what they say", async () => {
  screen.getByText("Here: Ada, Bob");
  bob.startTyping();
  await act(() => rooms.settle());
  screen.getByText("Bob is typing");
  await act(() => bob.send({ text: "Hello" }));
  screen.getByText("Bob: Hello");
});

test("what is said while the connection is lost arrives once it is back", async () => {
  await act(() => rooms.dropConnections({ user: "ada" }));
  say("Hi");
  screen.getByText("Ada: Hi …");
  await act(() => bob.send({ text: "Are you there?" }));
  await act(() => rooms.clock.advance(5_000)); // a second or so until her client tries again
  screen.getByText("Ada: Hi");
  expect(bob.messages.map(({ data }) => data.text)).toEqual(["Are you there?", "Hi"]);
});

test("goes on when a token has expired: the client asks for the next one", async () => {
  getToken.mockClear();
  await act(() => rooms.expireToken("ada"));
  await act(() => rooms.clock.advance(5_000));
  expect(getToken).toHaveBeenCalled();
  say("Still here");
  await act(() => rooms.settle());
  expect(bob.messages.map(({ data }) => data.text)).toEqual(["Still here"]);
});
