import { readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import { declared } from "../events/declared.ts";
import { type AnyRoomMessage, chatIdOf, defaultRoleOf, type RoleOptions, streamOf } from "./chat-room.ts";
import { ChunkReader } from "./chunk-reader.ts";
import type { AnyChunk } from "./entry.ts";
import { contentOf } from "./user-message.ts";

/** As a `UIMessage`, with parts of any type. */
interface AnyMessage {
  readonly id: string;
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly AnyChunk[];
  readonly metadata?: unknown;
}

/** What was made of a message. A room makes a new object of each that changes. */
const made = new WeakMap<AnyRoomMessage, { readonly id: string; readonly message: Promise<AnyMessage> }>();

/**
 * The messages of a room as messages of a chat of the AI SDK: to begin a `Chat` or `useChat` with, or to add those of
 * others. Leaves out deleted messages, and those that have nothing to show. An answer that is still written is as it is
 * now; `resumeStream()` of the chat follows it, and does not show it twice. A message that did not change is the same
 * object again. The AI SDK makes the parts, as of its own stream, hence the promise. Users' messages have parts of text,
 * files and data alone: give them to `validateUIMessages` where you do more with them than to show text.
 *
 * @example
 * const chat = new Chat({ messages: await toUIMessages(room.messages), transport: new RoomChatTransport({ room }) });
 */
export async function toUIMessages<UI_MESSAGE extends UIMessage = UIMessage>(
  messages: readonly AnyRoomMessage[],
  { roleOf = defaultRoleOf }: RoleOptions = {},
): Promise<UI_MESSAGE[]> {
  const ids = new Set<string>();
  const shown: Promise<AnyMessage>[] = [];
  for (const message of messages) {
    const role = message.deletedAt === undefined ? roleOf(message) : null;
    if (role === null) continue;
    const id = chatIdOf(message, ids);
    ids.add(id);
    shown.push(messageOf(message, id, role));
  }
  const all = await Promise.all(shown);
  return all
    .filter(({ parts, role }) => parts.length > 0 || role === "assistant")
    .map((message) => declared<AnyMessage, UI_MESSAGE>(message));
}

function messageOf(message: AnyRoomMessage, id: string, role: AnyMessage["role"]): Promise<AnyMessage> {
  if (role !== "assistant" || streamOf(message) === undefined)
    return Promise.resolve({ id, role, ...contentOf(message.data, role) });
  const known = made.get(message);
  if (known?.id === id) return known.message;
  const answer = answerOf(message, id);
  made.set(message, { id, message: answer });
  return answer;
}

async function answerOf(message: AnyRoomMessage, id: string): Promise<AnyMessage> {
  const chunks = [...new ChunkReader(id).read(message)];
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  let answer: AnyMessage = { id, role: "assistant", parts: [] };
  // An answer that failed keeps what it has. What is no chunk of this AI SDK ends it there.
  for await (const state of readUIMessageStream({ stream, onError: () => {} })) answer = state;
  return answer;
}
