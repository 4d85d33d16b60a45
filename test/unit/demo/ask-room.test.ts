// How the page of the user who asks writes the answer.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askRoom } from "../../../demo/ask/ask-room.js";

const STORY = "Tell me a story";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A room in which one answer is opened. */
function roomForTest() {
  const stopped = new AbortController();
  const session = new AbortController();
  const answer = {
    seq: 2,
    text: "",
    stopSignal: stopped.signal,
    stoppedBy: "bo",
    append: vi.fn((text: string) => {
      answer.text += text;
    }),
    finish: vi.fn((_status?: string, _data?: object) => Promise.resolve({ seq: 3 })),
  };
  const stream = vi.fn((_data: object, _options: object) => Promise.resolve(answer));
  const ada = { id: "ada", name: "Ada" };
  let isConnected = true;
  const room = {
    name: "lobby",
    user: ada,
    getSnapshot: () => ({
      user: isConnected ? ada : null,
      members: isConnected ? [ada, { id: "bo" }] : [],
      messages: [
        { seq: 1, event: "chat", from: { id: "bo" }, data: { text: "Lunch?" } },
        {
          seq: 2,
          event: "chat",
          from: ada,
          data: { text: "I am", metadata: { by: "toy" } },
          stream: "complete",
        },
        { seq: 7, event: "chat", from: ada, data: { text: "The question" } },
        { pending: true, event: "chat", data: { text: "Waits" } },
      ],
    }),
    stream,
  };
  const ask = (question: string, stored: Promise<{ seq: number }> = Promise.resolve({ seq: 7 })) =>
    askRoom({ room, sessionEnded: session.signal } as never, question, stored);
  const connect = (connected: boolean) => (isConnected = connected);
  return { answer, stream, stopped, session, ask, connect };
}

describe("asking the room", () => {
  it("[W91] opens a reply to the question once that is stored, writes all of the answer, and finishes it", async () => {
    const { answer, stream, ask } = roomForTest();
    let store = (_stored: { seq: number }) => {};
    const done = ask("What was said last?", new Promise((resolve) => (store = resolve)));
    await vi.runAllTimersAsync();
    expect(stream).not.toHaveBeenCalled();
    store({ seq: 7 });
    await vi.runAllTimersAsync();
    await done;
    expect(stream.mock.calls).toEqual([[{ text: "", metadata: { by: "toy" } }, { replyTo: 7 }]]);
    expect(answer.append.mock.calls.length).toBeGreaterThan(10);
    expect(answer.text).toMatch(/^bo said last: “Lunch\?”\. .*toy model/);
    expect(answer.finish.mock.calls).toEqual([[]]);
  });

  it("[W91] knows who asks and who is here, also where the question waited for a connection", async () => {
    const { answer, ask, connect } = roomForTest();
    connect(false);
    let store = (_stored: { seq: number }) => {};
    const done = ask("Who is here?", new Promise((resolve) => (store = resolve)));
    connect(true);
    store({ seq: 7 });
    await vi.runAllTimersAsync();
    await done;
    expect(answer.text).toMatch(/^Ada and bo are here now\./);
  });

  it("[W94] stops at once when somebody asks to, with what was written and who asked", async () => {
    const { answer, stopped, ask } = roomForTest();
    const done = ask(STORY);
    await vi.advanceTimersByTimeAsync(500);
    stopped.abort();
    const { text } = answer;
    const data = { text, metadata: { by: "toy", stoppedBy: "bo" } };
    expect(text).not.toBe("");
    expect(answer.finish.mock.calls).toEqual([["cancelled", data]]);
    await vi.runAllTimersAsync();
    await done;
    expect(answer.text).toBe(text);
    expect(answer.finish).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[W52] does nothing more when the user signs out", async () => {
    const { answer, session, ask } = roomForTest();
    const done = ask(STORY);
    await vi.advanceTimersByTimeAsync(500);
    session.abort();
    const { text } = answer;
    await vi.advanceTimersByTimeAsync(50);
    await done;
    expect(answer.text).toBe(text);
    expect(answer.finish).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[W94] says nothing more of an answer that was deleted while it was written", async () => {
    const { answer, stopped, ask } = roomForTest();
    answer.finish.mockRejectedValue(new Error("not found"));
    const done = ask(STORY);
    await vi.advanceTimersByTimeAsync(500);
    stopped.abort(new Error("not found"));
    await vi.runAllTimersAsync();
    await expect(done).resolves.toBeUndefined();
    expect(answer.finish).toHaveBeenCalledOnce();
  });

  it("[W93] says that it failed when it cannot be written on", async () => {
    const { answer, ask } = roomForTest();
    answer.append.mockImplementation(() => {
      throw new Error("too large");
    });
    const failed = expect(ask(STORY)).rejects.toThrow("too large");
    await vi.runAllTimersAsync();
    await failed;
    expect(answer.finish.mock.calls).toEqual([["failed"]]);
  });

  it("[W91] answers no question that was not stored", async () => {
    const { stream, ask } = roomForTest();
    await ask(STORY, Promise.reject(new Error("dropped")));
    expect(stream).not.toHaveBeenCalled();
  });
});
