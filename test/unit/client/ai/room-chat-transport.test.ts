import type { UIMessage } from "ai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Question,
  RoomChatTransport,
  type RoomChatTransportOptions,
} from "../../../../client/ai/room-chat-transport.ts";
import { toUIMessages } from "../../../../client/ai/to-ui-messages.ts";
import { RoomsError } from "../../../../client/index.ts";
import { FakeChatRoom } from "../../../support/fake-chat-room.ts";
import { PlainChat, shownIn } from "../../../support/plain-chat.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** All that is under way without time. */
const settled = () => vi.advanceTimersByTimeAsync(0);

function chatIn(
  room: FakeChatRoom,
  options: Partial<RoomChatTransportOptions> = {},
  messages: UIMessage[] = [],
) {
  const transport = new RoomChatTransport({ room, ...options });
  const onFinish = vi.fn();
  return { transport, onFinish, chat: new PlainChat({ transport, messages, onFinish }) };
}

/** A chat that has asked, and whose answer has begun. */
async function asking(options?: Partial<RoomChatTransportOptions>) {
  const room = new FakeChatRoom();
  const ada = chatIn(room, options);
  const done = ada.chat.sendMessage({ text: "Why?" });
  await settled();
  const answer = room.open(1);
  room.write(answer, { text: "Be" });
  await settled();
  return { room, answer, done, ...ada };
}

describe("a chat over a room", () => {
  it("[Y111] asks in the room, and shows the answer as it is written", async () => {
    const ask = vi.fn<(question: Question) => void>();
    const { room, answer, done, chat, onFinish } = await asking({ ask });
    expect(room.sent).toEqual([{ text: "Why?" }]);
    expect(room.messages[0]?.id).toBe(chat.messages[0]?.id);
    expect(ask).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ seq: 1, trigger: "submit-message", messages: [chat.messages[0]] }),
    );
    expect([chat.status, ...shownIn(chat)]).toEqual(["streaming", "user: Why?", "assistant: Be"]);
    room.write(answer, { text: "cause." });
    room.write(answer, { status: "complete" });
    await done;
    expect([chat.status, ...shownIn(chat)]).toEqual(["ready", "user: Why?", "assistant: Because."]);
    expect(chat.messages).toEqual(await toUIMessages(room.messages));
    expect(onFinish).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ isAbort: false, isDisconnect: false, isError: false }),
    );
    expect([room.holds, room.listeners]).toEqual([0, 0]);
  });

  it("[Y111] takes only a reply to its question that it takes for an answer", async () => {
    const room = new FakeChatRoom();
    const { chat } = chatIn(room, { roleOf: ({ from }) => (from === null ? "assistant" : "user") });
    const done = chat.sendMessage({ text: "Why?" });
    await settled();
    room.write(room.open(7), { text: "another question" });
    room.say({ replyTo: 1, data: { text: "no stream" }, from: null });
    room.write(room.say({ replyTo: 1, data: { text: "" }, stream: "open" }).seq, { text: "of a member" });
    const answer = room.open(1);
    room.write(answer, { text: "Because." });
    room.write(answer, { status: "complete" });
    await done;
    expect(shownIn(chat)).toEqual(["user: Why?", "assistant: Because."]);
  });

  it("[Y112] sees nothing of a lost connection", async () => {
    const { room, answer, done, chat } = await asking();
    room.disconnect();
    await settled();
    expect([chat.status, chat.error]).toEqual(["streaming", undefined]);
    room.connect();
    room.write(answer, { text: "cause." });
    room.write(answer, { status: "complete" });
    await done;
    expect(shownIn(chat)).toEqual(["user: Why?", "assistant: Because."]);
  });

  it("[Y113] that comes later, or comes back, follows from the beginning, and doubles nothing", async () => {
    const { room, answer, done, chat } = await asking();
    const reloaded = chatIn(room, {}, await toUIMessages(room.messages));
    const empty = chatIn(room);
    const resumed = [reloaded.chat.resumeStream(), empty.chat.resumeStream(), chat.resumeStream()];
    await settled();
    expect(shownIn(reloaded.chat)).toEqual(["user: Why?", "assistant: Be"]);
    room.write(answer, { text: "cause." });
    room.write(answer, { status: "complete" });
    await Promise.all([done, ...resumed]);
    expect(shownIn(reloaded.chat)).toEqual(["user: Why?", "assistant: Because."]);
    expect(shownIn(chat)).toEqual(["user: Why?", "assistant: Because."]);
    expect(shownIn(empty.chat)).toEqual(["assistant: Because."]);
    expect([reloaded.chat.status, chat.status, room.holds, room.listeners]).toEqual(["ready", "ready", 0, 0]);
  });

  it("[Y113] follows nothing where nothing is written, once the room has connected", async () => {
    const room = new FakeChatRoom();
    room.write(room.open(1), { status: "complete" });
    room.disconnect();
    const { chat, transport } = chatIn(room);
    const resumed = chat.resumeStream();
    await settled();
    expect(chat.status).toBe("ready");
    room.connect();
    await resumed;
    expect([chat.status, chat.messages]).toEqual(["ready", []]);
    expect(await transport.reconnectToStream({ chatId: "1" })).toBeNull();
    room.end(new RoomsError("banned", "You were removed."));
    await expect(transport.reconnectToStream({ chatId: "1" })).rejects.toThrow("You were removed.");
    expect(room.holds).toBe(0);
  });

  it("[Y114] that goes stops nothing: the answer ends in the room, and the question is asked", async () => {
    const { room, answer, done, chat } = await asking();
    await chat.stop();
    await done;
    expect([chat.status, room.stops, room.holds, room.listeners]).toEqual(["ready", [], 0, 0]);
    room.write(answer, { text: "cause." });
    room.write(answer, { status: "complete" });
    expect((await toUIMessages(room.messages)).at(-1)?.parts).toEqual([
      { type: "text", text: "Because.", state: "done" },
    ]);
  });

  it("[Y114] that goes before its question is stored lets go at once, and it is asked all the same", async () => {
    const room = new FakeChatRoom();
    const ask = vi.fn();
    const { chat } = chatIn(room, { ask });
    let store = () => {};
    const send = room.send.bind(room);
    room.send = async (...said) => {
      await new Promise<void>((resolve) => {
        store = resolve;
      });
      return send(...said);
    };
    const done = chat.sendMessage({ text: "Why?" });
    await settled();
    await chat.stop();
    await done;
    expect([chat.status, ask.mock.calls.length, room.holds]).toEqual(["ready", 0, 1]);
    store();
    await settled();
    expect([ask.mock.calls.length, room.holds]).toEqual([1, 0]);
  });

  it("[Y115] stops the answer by its button, for all, and keeps the text", async () => {
    const { room, answer, done, chat, transport, onFinish } = await asking();
    const other = chatIn(room);
    const resumed = other.chat.resumeStream();
    await settled();
    await other.transport.stopAnswer();
    expect([room.stops, chat.status]).toEqual([[answer], "streaming"]);
    room.write(answer, { status: "cancelled" });
    await Promise.all([done, resumed]);
    for (const { status, messages } of [chat, other.chat])
      expect([status, messages.at(-1)?.parts]).toEqual([
        "ready",
        [{ type: "text", text: "Be", state: "done" }],
      ]);
    expect(onFinish).toHaveBeenCalledOnce();
    await transport.stopAnswer();
    expect(room.stops).toEqual([answer]);
  });

  it("[Y115] stops an answer that has not begun as soon as it does", async () => {
    const room = new FakeChatRoom();
    const { chat, transport } = chatIn(room);
    const done = chat.sendMessage({ text: "Why?" });
    await settled();
    await transport.stopAnswer();
    expect(room.stops).toEqual([]);
    const answer = room.open(1);
    await settled();
    expect(room.stops).toEqual([answer]);
    room.write(answer, { status: "cancelled" });
    await done;
    expect(chat.status).toBe("ready");
  });

  it.each([
    ["failed", "The answer failed."],
    ["interrupted", "The answer was interrupted: nothing more came of it for too long."],
  ])("[Y116] has failed where the answer %s, and keeps the text", async (end, message) => {
    const { room, answer, done, chat } = await asking();
    if (end === "failed") room.write(answer, { status: "failed" });
    else room.interrupt(answer);
    await done;
    expect([chat.status, chat.error?.message]).toEqual(["error", message]);
    expect(chat.messages.at(-1)?.parts).toEqual([{ type: "text", text: "Be", state: "done" }]);
    expect([room.holds, room.listeners]).toEqual([0, 0]);
  });

  it("[Y116] has failed where the room ended, or does not hold the answer any more", async () => {
    const kicked = await asking();
    kicked.room.end(new RoomsError("banned", "You were removed."));
    await kicked.done;
    expect(kicked.chat.error?.message).toBe("You were removed.");
    const lost = await asking();
    lost.room.disconnect();
    lost.room.forget();
    await settled();
    expect(lost.chat.status).toBe("streaming");
    lost.room.connect();
    await lost.done;
    expect(lost.chat.error).toBeInstanceOf(TypeError);
    expect(lost.onFinish).toHaveBeenCalledWith(expect.objectContaining({ isDisconnect: true }));
  });

  it("[Y117] has failed where nothing can be sent, nobody can be asked, or nobody answers", async () => {
    const room = new FakeChatRoom();
    room.refusal = new RoomsError("forbidden", "You may only read here.");
    const reader = chatIn(room);
    await reader.chat.sendMessage({ text: "Why?" });
    expect(reader.chat.error?.message).toBe("You may only read here.");
    room.refusal = undefined;
    const refused = chatIn(room, { ask: async () => new Response(null, { status: 500, statusText: "Oh" }) });
    await refused.chat.sendMessage({ text: "Why?" });
    expect(refused.chat.error?.message).toBe("The question was refused: 500 Oh");
    const unheard = chatIn(room, { answerWithinMs: 1_000 });
    const done = unheard.chat.sendMessage({ text: "Why?" });
    await settled();
    room.disconnect();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(unheard.chat.status).toBe("submitted");
    room.connect();
    await vi.advanceTimersByTimeAsync(1_000);
    await done;
    expect(unheard.chat.error?.message).toBe("No answer began.");
    expect([room.holds, room.listeners]).toEqual([0, 0]);
  });

  it("[Y117] hears what `ask` says only before the answer began", async () => {
    let fail = (_: Error) => {};
    const ask = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const { room, answer, done, chat } = await asking({ ask });
    fail(new Error("The call took too long."));
    room.write(answer, { status: "complete" });
    await done;
    expect(chat.status).toBe("ready");
  });

  it("[Y118] has a question answered again, in a new message of the room", async () => {
    const ask = vi.fn<(question: Question) => void>();
    const { room, answer, done, chat } = await asking({ ask });
    room.write(answer, { status: "complete" });
    await done;
    const again = chat.regenerate();
    await settled();
    expect(ask).toHaveBeenLastCalledWith(
      expect.objectContaining({ seq: 1, trigger: "regenerate-message", replaces: answer }),
    );
    const second = room.open(1);
    room.write(second, { text: "So." });
    room.write(second, { status: "complete" });
    await again;
    expect(shownIn(chat)).toEqual(["user: Why?", "assistant: So."]);
    expect(room.sent.length).toBe(1);
  });

  it("[Y118] sends a question once, also after a failure, and changes one that the user has changed", async () => {
    const room = new FakeChatRoom();
    const ask = vi.fn<(question: Question) => unknown>().mockRejectedValueOnce(new Error("offline"));
    const { chat } = chatIn(room, { ask });
    await chat.sendMessage({ text: "Why?" });
    expect(chat.status).toBe("error");
    const again = chat.regenerate();
    await settled();
    room.write(room.open(1), { status: "complete" });
    await again;
    expect([room.sent.length, chat.status]).toEqual([1, "ready"]);
    const changed = chat.sendMessage({ text: "Why not?", messageId: chat.messages[0]?.id ?? "" });
    await settled();
    const answer = room.open(1);
    room.write(answer, { text: "So." });
    room.write(answer, { status: "complete" });
    await changed;
    expect([room.sent.length, room.messages[0]?.data]).toEqual([1, { text: "Why not?" }]);
    expect(shownIn(chat)).toEqual(["user: Why not?", "assistant: So."]);
  });

  it("[Y118] goes on in its message where the page has the result of a tool", async () => {
    const room = new FakeChatRoom();
    const call = { type: "tool-input-available", toolCallId: "t", toolName: "where", input: {} };
    const { chat } = chatIn(room);
    const done = chat.sendMessage({ text: "Where am I?" });
    await settled();
    const first = room.open(1);
    room.write(first, { patch: { "part:0": { at: 0, chunk: call } } });
    room.write(first, { status: "complete" });
    await done;
    await chat.addToolOutput({ tool: "where", toolCallId: "t", output: "Bern" });
    const more = chat.sendMessage();
    await settled();
    const second = room.open(1);
    room.write(second, { text: "In Bern." });
    room.write(second, { status: "complete" });
    await more;
    expect(shownIn(chat)).toEqual(["user: Where am I?", "assistant: tool-where In Bern."]);
  });

  it("[Y118] shows the answer that a question has already, and lets go of it", async () => {
    const room = new FakeChatRoom();
    room.say({ id: "q1", data: { text: "Why?" } });
    const answer = room.open(1);
    room.write(answer, { text: "Because." });
    room.write(answer, { status: "complete" });
    const { chat, transport } = chatIn(room);
    await chat.sendMessage({ id: "q1", parts: [{ type: "text", text: "Why?" }] });
    expect([chat.status, ...shownIn(chat)]).toEqual(["ready", "user: Why?", "assistant: Because."]);
    // The stop button is for what is open.
    const other = room.open(1);
    await transport.stopAnswer();
    expect([room.stops, room.holds]).toEqual([[other], 0]);
  });

  it("[Y118] calls tools of the page only for what its own user asked", async () => {
    const room = new FakeChatRoom();
    const calls: string[] = [];
    const transport = new RoomChatTransport({ room });
    const chat = new PlainChat({
      transport,
      onToolCall: ({ toolCall }) => void calls.push(toolCall.toolCallId),
    });
    for (const id of ["eve", "ada"]) {
      const { seq } = room.say({ data: { text: "Pay." }, from: { id } });
      const chunk = { type: "tool-input-available", toolCallId: id, toolName: "pay", input: {} };
      const answer = room.open(seq);
      const resumed = chat.resumeStream();
      await settled();
      room.write(answer, { patch: { "part:0": { at: 0, chunk } } });
      room.write(answer, { status: "complete" });
      await resumed;
    }
    expect(shownIn(chat)).toEqual(["assistant: tool-pay", "assistant: tool-pay"]);
    expect(calls).toEqual(["ada"]);
  });

  it("[Y119] lets go of what has not begun, too", async () => {
    const room = new FakeChatRoom();
    room.disconnect();
    const { chat, transport } = chatIn(room);
    const resumed = chat.resumeStream();
    await settled();
    transport.close();
    await resumed;
    room.connect();
    room.send = () => new Promise(() => {});
    const done = chat.sendMessage({ text: "Why?" });
    await settled();
    transport.close();
    await done;
    expect([chat.status, room.listeners]).toEqual(["ready", 0]);
  });

  it("[Y119] lets go of all when it is closed", async () => {
    const { room, done, chat, transport } = await asking();
    transport.close();
    await done;
    expect([chat.status, room.stops, room.holds, room.listeners]).toEqual(["ready", [], 0, 0]);
    await chat.dispose();
  });
});
