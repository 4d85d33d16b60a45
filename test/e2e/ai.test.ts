// docs/ai.md, whole: a chat of the AI SDK asks in a room, server code answers with `streamText`, on a real server.

import { convertToModelMessages, type LanguageModel, streamText, toUIMessageStream } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Question, RoomChatTransport, toStreamLines, toUIMessages } from "../../client/ai/index.ts";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { PlainChat, shownIn } from "../support/plain-chat.ts";
import { endlessModel, toyModel } from "../support/toy-model.ts";
import { Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const guests = new Guests();
let local: LocalServer;
let server: ServerApi;

beforeAll(async () => {
  local = await startTestServer();
  server = createServerApi({ url: local.url, apiKey: local.apiKey });
});
afterAll(async () => {
  guests.close();
  await local?.stop();
});

/** The route of the documented server, without its HTTP. */
async function answer(name: string, model: LanguageModel, { seq }: Question) {
  const room = server.room(name);
  const { messages } = await room.messages({ before: seq + 1, limit: 40 });
  const prompt = await convertToModelMessages(await toUIMessages(messages));
  const lines = (stop: AbortSignal) => {
    const { stream } = streamText({ model, messages: prompt, abortSignal: stop });
    return toStreamLines(toUIMessageStream({ stream }));
  };
  return room.stream(lines, { replyTo: seq, from: { id: "assistant", name: "Assistant" } });
}

/** A user whose questions this model answers. */
function chatIn(name: string, model: LanguageModel) {
  const { room } = guests.enter(local.url, name, uniqueName("ada"));
  const ended: unknown[] = [];
  const ask = async (question: Question) => {
    ended.push((await answer(name, model, question)).stream);
  };
  const transport = new RoomChatTransport({ room, ask });
  return { room, transport, ended, chat: new PlainChat({ transport }) };
}

describe("a model that answers in a room", () => {
  it("[Y105][Y111] is asked with what the room has said, and shown as it writes", async () => {
    const name = uniqueName("ai");
    const model = toyModel("Because ", "of ", "the air.");
    const ada = chatIn(name, model);
    await ada.chat.sendMessage({ text: "Why is the sky blue?" });
    expect([ada.chat.status, ...shownIn(ada.chat)]).toEqual([
      "ready",
      "user: Why is the sky blue?",
      "assistant: step-start Because of the air.",
    ]);
    await ada.chat.sendMessage({ text: "Really?" });
    expect(model.doStreamCalls[1]?.prompt.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(ada.ended[0]).toBe("complete");
    const { messages } = await server.room(name).messages();
    expect(messages.map(({ byServer, stream }) => [byServer === true, stream])).toEqual([
      [false, undefined],
      [true, "complete"],
      [false, undefined],
      [true, "complete"],
    ]);
    expect(await toUIMessages(messages)).toEqual(ada.chat.messages);
  });

  it("[Y114][Y115] goes on when who asked leaves, and stops for anybody's stop button", async () => {
    const name = uniqueName("ai");
    const model = endlessModel("Because ", "of ");
    const [ada, bob] = [chatIn(name, model), chatIn(name, model)];
    const asked = ada.chat.sendMessage({ text: "Why is the sky blue?" });
    await waitFor("an answer", () => shownIn(ada.chat).at(-1)?.endsWith("Because of "));
    await ada.chat.stop();
    await asked;
    ada.room.leave();
    const followed = bob.chat.resumeStream();
    await waitFor("the answer", () => shownIn(bob.chat).at(-1)?.endsWith("Because of "));
    expect([bob.chat.status, ada.ended]).toEqual(["streaming", []]);
    await bob.transport.stopAnswer();
    await followed;
    await waitFor("the end", () => ada.ended.length > 0);
    expect([bob.chat.status, ada.ended]).toEqual(["ready", ["cancelled"]]);
    expect(model.doStreamCalls[0]?.abortSignal?.aborted).toBe(true);
    expect(shownIn(bob.chat)).toEqual(["assistant: step-start Because of "]);
  });
});
