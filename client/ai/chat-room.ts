// A room as a chat of the AI SDK uses it, and its messages by the ids that they have in the chat.

import type { AnyRoom, Stored } from "../index.ts";

/** A room of `client.room`, with any events. */
export interface ChatRoom
  extends Pick<AnyRoom, "name" | "state" | "messages" | "latest" | "getSnapshot" | "subscribe" | "hold"> {
  send(data: unknown, options?: { readonly key?: string }): Promise<Stored>;
  edit(seq: number, data: unknown): Promise<unknown>;
  stop(seq: number): Promise<void>;
}

/** A message that `room.messages` holds. */
export type AnyRoomMessage = AnyRoom["messages"][number];
export type HeldMessage = Exclude<AnyRoomMessage, { readonly pending: true }>;

/** What a message of the room is in the chat; `null`: nothing. */
export type ChatRole = "user" | "assistant" | "system" | null;

export type RoleOf = (message: AnyRoomMessage) => ChatRole;

export interface RoleOptions {
  /**
   * What a message is in the chat. Default: what server code streams, or says in its own name, is of the assistant, and
   * everything else of a user: any member who may write may also stream. If a member writes the answers, name them:
   * chats believe the assistant, and call the tools that it wants (`onToolCall`).
   *
   * @example
   * await toUIMessages(room.messages, { roleOf: ({ from }) => (from?.id === "bot" ? "assistant" : "user") });
   */
  readonly roleOf?: RoleOf;
}

const isStored = (message: AnyRoomMessage): message is HeldMessage => message.pending !== true;

/** How it stands as an answer, if it is one. */
export const streamOf = (message: AnyRoomMessage) => (isStored(message) ? message.stream : undefined);

export const defaultRoleOf: RoleOf = (message) => {
  if (!isStored(message)) return "user";
  const { from, byServer, stream } = message;
  return from === null || (byServer && stream !== undefined) ? "assistant" : "user";
};

const ANSWER = "answer:";

/** Members choose the ids of their messages, and not the places of answers. */
const idOf = (message: AnyRoomMessage): string => {
  if (streamOf(message) !== undefined) return `${ANSWER}${message.seq}`;
  return message.id.startsWith(ANSWER) ? placedId(message) : message.id;
};

const placedId = ({ id, seq }: AnyRoomMessage): string => `${id}:${seq}`;

/** The id of a message in the chat. `taken`: of the messages before it; two authors may have chosen the same one. */
export function chatIdOf(message: AnyRoomMessage, taken?: { has(id: string): boolean }): string {
  const id = idOf(message);
  return taken?.has(id) ? placedId(message) : id;
}

/**
 * The message of the room that has this id in the chat, or `undefined` if the room does not hold it. It says who wrote
 * it (`from`), where it stands (`seq`) and when it was stored (`at`).
 *
 * @example
 * const name = roomMessageOf(room, message.id)?.from?.name ?? "assistant";
 */
export const roomMessageOf = (room: ChatRoom, id: string): AnyRoomMessage | undefined =>
  room.messages.find((message) => idOf(message) === id) ??
  room.messages.find((message) => placedId(message) === id);

/** The stored messages after `seq`, newest first. Most often they are a few. */
export function storedAfter(room: ChatRoom, seq: number): readonly HeldMessage[] {
  for (let count = 32; ; count *= 8) {
    const latest = room.latest(count);
    const stored = latest.filter(isStored);
    const [first] = stored;
    if (latest.length < count || (first !== undefined && first.seq <= seq))
      return stored.filter((message) => message.seq > seq).reverse();
  }
}

/** `undefined` if the room does not hold it. */
export const storedAt = (room: ChatRoom, seq: number): HeldMessage | undefined =>
  storedAfter(room, seq - 1).find((message) => message.seq === seq);
