// A chat of the AI SDK over a room, in components of React.

import { Chat, useChat } from "@ai-sdk/react";
import type { UIMessage } from "ai";
import { act, type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { expect, it, onTestFinished } from "vitest";
import { RoomChatTransport } from "../../client/ai/room-chat-transport.ts";
import { FakeChatRoom } from "../support/fake-chat-room.ts";
import { shownIn } from "../support/plain-chat.ts";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const Shown = ({
  status,
  messages,
}: {
  readonly status: string;
  readonly messages: readonly UIMessage[];
}) => <>{[status, ...shownIn({ messages })].join("; ")}</>;

const OfItsOwn = ({ transport }: { readonly transport: RoomChatTransport }) => (
  <Shown {...useChat({ transport, resume: true })} />
);

const OfThePage = ({ chat }: { readonly chat: Chat<UIMessage> }) => <Shown {...useChat({ chat })} />;

/** Renders in StrictMode; the second function lets happen what is under way. */
function mounted() {
  const place = document.createElement("div");
  const root = createRoot(place);
  const render = (node: ReactNode) => act(async () => root.render(<StrictMode>{node}</StrictMode>));
  // The AI SDK and streams take several turns.
  const settle = (doing: () => void = () => {}) =>
    act(async () => {
      doing();
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    });
  onTestFinished(() => act(async () => root.unmount()));
  return { render, settle, shown: () => place.textContent };
}

it("[Y113][Y114] a component with a chat of its own follows the open answer, and stops nothing as it goes", async () => {
  const room = new FakeChatRoom();
  const transport = new RoomChatTransport({ room });
  const { render, settle, shown } = mounted();
  room.say({ data: { text: "Why?" } });
  const answer = room.open(1);
  room.write(answer, { text: "Be" });
  await render(<OfItsOwn transport={transport} />);
  await settle();
  expect(shown()).toBe("streaming; assistant: Be");
  await render(null);
  await settle();
  expect([room.stops, room.holds, room.listeners]).toEqual([[], 0, 0]);
  await render(<OfItsOwn transport={transport} />);
  await settle(() => {
    room.write(answer, { text: "cause." });
    room.write(answer, { status: "complete" });
  });
  expect(shown()).toBe("ready; assistant: Because.");
});

it("[Y114][Y115] a chat of the page goes on while no component shows it, and has a stop button", async () => {
  const room = new FakeChatRoom();
  const transport = new RoomChatTransport({ room });
  const chat = new Chat({ transport });
  const { render, settle, shown } = mounted();
  await render(<OfThePage chat={chat} />);
  await settle(() => void chat.sendMessage({ text: "Why?" }));
  expect(shown()).toBe("submitted; user: Why?");
  const answer = room.open(1);
  await settle(() => room.write(answer, { text: "Be" }));
  expect(shown()).toBe("streaming; user: Why?; assistant: Be");
  await render(null);
  await settle(() => room.write(answer, { text: "cause" }));
  await render(<OfThePage chat={chat} />);
  expect(shown()).toBe("streaming; user: Why?; assistant: Because");
  await settle(() => void transport.stopAnswer());
  expect(room.stops).toEqual([answer]);
  await settle(() => room.write(answer, { status: "cancelled" }));
  expect(shown()).toBe("ready; user: Why?; assistant: Because");
});
