// @vitest-environment happy-dom
// `npm test`: two users chat in this program, and a connection drops.

import { act, fireEvent, render, screen } from "@testing-library/react";
import { EdgeRooms } from "edge-rooms/react";
import { createTestRooms } from "edge-rooms/testing";
import { expect, test } from "vitest";
import { Chat } from "./Chat.jsx";

test("two users chat, also after a lost connection", async () => {
  const rooms = await createTestRooms();
  render(
    <EdgeRooms client={rooms.client({ user: "ada", name: "Ada" })}>
      <Chat />
    </EdgeRooms>,
  );
  const bob = rooms.client({ user: "bob", name: "Bob" }).room("lobby");
  await act(() => rooms.settle());
  screen.getByText("Here: Ada, Bob");

  bob.startTyping();
  await act(() => rooms.settle());
  screen.getByText("Bob is typing");
  await act(() => bob.send({ text: "Hello" }));
  screen.getByText("Bob: Hello");

  await act(() => rooms.dropConnections({ user: "ada" }));
  fireEvent.change(screen.getByLabelText("Message"), { target: { value: "Hi" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  screen.getByText("Ada: Hi …");
  await act(() => rooms.clock.advance(5_000));
  screen.getByText("Ada: Hi");
  expect(bob.messages.map(({ data }) => data.text)).toEqual(["Hello", "Hi"]);
  await act(() => rooms.close());
});
