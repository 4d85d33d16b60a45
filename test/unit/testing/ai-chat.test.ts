// Chats of the AI SDK over rooms of `edge-rooms/testing`: the real server and client, on one clock.

import type { UIMessage } from "ai";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { AnyChunk } from "../../../client/ai/entry.ts";
import { RoomChatTransport, toStreamLines, toUIMessages } from "../../../client/ai/index.ts";
import type { Client, RoomHandle } from "../../../client/index.ts";
import { createTestRooms, type TestRooms } from "../../../client/testing/index.ts";
import { PlainChat, shownIn } from "../../support/plain-chat.ts";

const REASONING: readonly AnyChunk[] = [
  { type: "start", messageId: "of-the-model" },
  { type: "start-step" },
  { type: "reasoning-start", id: "r" },
  { type: "reasoning-delta", id: "r", delta: "Light scatters." },
  { type: "reasoning-end", id: "r" },
  { type: "text-start", id: "t" },
];
const text = (delta: string): AnyChunk => ({ type: "text-delta", id: "t", delta });
const END: readonly AnyChunk[] = [
  { type: "text-end", id: "t" },
  { type: "finish-step" },
  { type: "finish", messageMetadata: { tokens: 5 } },
];

/** What a chat shows once the answer is whole. */
const SHOWN = ["user: Why?", "assistant: step-start reasoning Because of the air."];

/** A model whose chunks a test gives, and server code that writes them into the room, line by line. */
async function answering({ server }: TestRooms, replyTo: number) {
  const model = new TransformStream<AnyChunk, AnyChunk>();
  const writer = model.writable.getWriter();
  const room = server.room("lobby");
  const { seq } = await room.publish({ data: { text: "" }, replyTo, stream: true, from: { id: "bot" } });
  const stops: unknown[] = [];
  let n = 0;
  const write = async () => {
    for await (const { text, patch, status } of toStreamLines(model.readable, { gatherMs: 0 })) {
      if (status !== undefined) await room.finish(seq, { status });
      else {
        n += 1;
        const line = { ...(text !== undefined && { text }), ...(patch !== undefined && { patch }) };
        stops.push((await room.append(seq, { n, ...line })).stop);
      }
    }
  };
  void write();
  return {
    stops,
    async says(...chunks: readonly AnyChunk[]) {
      for (const chunk of chunks) await writer.write(chunk);
      if (chunks.some(({ type }) => type === "finish" || type === "abort")) await writer.close();
    },
  };
}

/** As docs/ai.md does it: what others say, and their answers. */
function openChat(room: RoomHandle) {
  const transport = new RoomChatTransport({ room });
  const followed = vi.spyOn(transport, "reconnectToStream");
  const chat = new PlainChat({
    transport,
    onFinish: ({ isAbort, isError, isDisconnect }) =>
      void show({ follows: isDisconnect || !(isAbort || isError) }),
  });
  async function show({ follows = true } = {}) {
    const messages = await toUIMessages(room.messages);
    if (chat.status === "submitted" || chat.status === "streaming") return;
    chat.messages = messages;
    const isOpen = room.messages.some((message) => !message.pending && message.stream === "open");
    if (follows && isOpen) await chat.resumeStream();
  }
  for (const type of ["message", "messageDeleted", "caughtUp"] as const) room.on(type, () => void show());
  return { room, transport, chat, followed };
}

function chatOf(client: Client, messages: UIMessage[] = []) {
  const room = client.room("lobby");
  const transport = new RoomChatTransport({ room });
  return { room, transport, chat: new PlainChat({ transport, messages }) };
}

async function world() {
  const rooms = await createTestRooms();
  onTestFinished(() => rooms.close());
  const clientOf = (user: string) => rooms.client({ user });
  const ada = chatOf(clientOf("ada"));
  const bob = chatOf(clientOf("bob"));
  await rooms.settle();
  const done = ada.chat.sendMessage({ text: "Why?" });
  await rooms.settle();
  const agent = await answering(rooms, 1);
  /** What is said, as readers have it. */
  const says = async (...chunks: readonly AnyChunk[]) => {
    await agent.says(...chunks);
    await rooms.clock.advance(100);
  };
  return { rooms, ada, bob, done, says, clientOf, stops: agent.stops };
}

describe("a chat of the AI SDK over a real room", () => {
  it("[Y111][Y112][Y113] shows an answer whole: to who asked, to others, after breaks and reloads", async () => {
    const { rooms, ada, bob, done, says, clientOf } = await world();
    await says(...REASONING, text("Because "));
    expect([ada.chat.status, ...shownIn(ada.chat)]).toEqual([
      "streaming",
      "user: Why?",
      "assistant: step-start reasoning Because ",
    ]);
    bob.chat.messages = await toUIMessages(bob.room.messages);
    const resumed = [bob.chat.resumeStream()];
    await rooms.dropConnections();
    await says(text("of "));
    const later = chatOf(clientOf("ada"), await toUIMessages(ada.room.messages));
    resumed.push(later.chat.resumeStream());
    await rooms.clock.advance(10_000);
    await says(text("the air."), ...END);
    await Promise.all([done, ...resumed]);
    for (const { chat, room } of [ada, bob, later]) {
      expect([chat.status, ...shownIn(chat)]).toEqual(["ready", ...SHOWN]);
      expect(chat.messages).toEqual(await toUIMessages(room.messages));
      expect(room.messages.at(-1)?.data).toMatchObject({ text: "Because of the air." });
    }
  });

  it("[Y111][Y113] shows all members the same, as docs/ai.md does it", async () => {
    const rooms = await createTestRooms();
    onTestFinished(() => rooms.close());
    const [ada, bob] = ["ada", "bob"].map((user) => openChat(rooms.client({ user }).room("lobby")));
    if (!ada || !bob) throw new Error("There are two.");
    await rooms.settle();
    const done = ada.chat.sendMessage({ text: "Why?" });
    await rooms.settle();
    const agent = await answering(rooms, 1);
    await agent.says(...REASONING, text("Because "));
    await rooms.clock.advance(100);
    for (const { chat } of [ada, bob])
      expect([chat.status, ...shownIn(chat)]).toEqual([
        "streaming",
        "user: Why?",
        "assistant: step-start reasoning Because ",
      ]);
    await bob.room.send({ text: "Aha." });
    await agent.says(text("of the air."), ...END);
    await rooms.clock.advance(100);
    await done;
    await rooms.clock.advance(100);
    for (const { chat } of [ada, bob])
      expect([chat.status, ...shownIn(chat)]).toEqual(["ready", ...SHOWN, "user: Aha."]);
  });

  it.each(["is banned", "leaves the room"])(
    "[Y116][Y119] follows nothing any more when its user %s",
    async (how) => {
      const { rooms, says, clientOf } = await world();
      const bob = openChat(clientOf("bob").room("lobby"));
      await rooms.settle();
      await says(...REASONING, text("Because "));
      expect([bob.chat.status, bob.followed.mock.calls.length]).toEqual(["streaming", 1]);
      if (how === "is banned") await rooms.kick("lobby", "bob", { banSeconds: 60 });
      else {
        bob.transport.close();
        bob.room.leave();
      }
      await rooms.settle();
      expect(bob.followed.mock.calls.length).toBe(1);
      expect([bob.chat.status, bob.room.state.status]).toEqual([
        how === "is banned" ? "error" : "ready",
        "disconnected",
      ]);
      if (how === "is banned")
        await expect(bob.transport.reconnectToStream({ chatId: "1" })).rejects.toMatchObject({
          code: "banned",
        });
    },
  );

  it("[Y114] goes on in the room when its reader leaves", async () => {
    const { ada, bob, done, says } = await world();
    await says(...REASONING, text("Because "));
    await ada.chat.stop();
    await done;
    ada.transport.close();
    ada.room.leave();
    await says(text("of the air."), ...END);
    expect(shownIn({ messages: await toUIMessages(bob.room.messages) })).toEqual(SHOWN);
  });

  it("[Y115] is stopped by another user, and keeps its text", async () => {
    const { ada, bob, done, says, stops } = await world();
    await says(...REASONING, text("Because "));
    expect(stops.at(-1)).toBeUndefined();
    await bob.transport.stopAnswer();
    await says({ type: "abort" });
    expect(stops.at(-1)).toBe("bob");
    await done;
    expect([ada.chat.status, ada.chat.error]).toEqual(["ready", undefined]);
    expect(shownIn(ada.chat).at(-1)).toBe("assistant: step-start reasoning Because ");
  });

  it("[Y116] has failed where its writer fell silent", async () => {
    const { rooms, ada, done, says } = await world();
    await says(...REASONING, text("Because "));
    await rooms.clock.advance(200_000);
    await done;
    expect([ada.chat.status, ada.chat.error?.message]).toEqual([
      "error",
      "The answer was interrupted: nothing more came of it for too long.",
    ]);
    expect(shownIn(ada.chat).at(-1)).toBe("assistant: step-start reasoning Because ");
  });

  it("[Y118] stores a question once, whatever the network loses", async () => {
    const { rooms, ada, bob, done, says } = await world();
    await says(...REASONING, ...END);
    await done;
    rooms.network.lose({ next: 1, direction: "toClient" });
    const again = ada.chat.sendMessage({ text: "Really?" });
    await rooms.clock.advance(60_000);
    const asked = bob.room.messages.filter(({ data }) => JSON.stringify(data).includes("Really?"));
    expect(asked.map(({ id }) => id)).toEqual([ada.chat.messages.at(-1)?.id]);
    await ada.chat.stop();
    await again;
  });
});
