import type { UIMessage } from "ai";
import { isRecord } from "../../src/protocol/index.ts";
import { type AnyChunk, isChunk } from "./entry.ts";

/** What a message of a user says in the room: its text, and what it has besides. */
export interface UserMessageData {
  readonly text: string;
  /** The parts of the UI message, where one of them is no text. */
  readonly parts?: readonly unknown[];
  readonly metadata?: unknown;
}

/** The `data` of a UI message in a room. Other pages see its text. */
export function dataOf({ parts, metadata }: UIMessage): UserMessageData {
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return {
    text: texts.join("\n"),
    ...(texts.length < parts.length && { parts }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** What a message of a room shows in a chat: parts, each with a `type`. Empty where it has no text. */
export function contentOf(data: unknown): {
  readonly parts: readonly AnyChunk[];
  readonly metadata?: unknown;
} {
  if (!isRecord(data)) return { parts: [] };
  const { text, parts, metadata } = data;
  const more = metadata === undefined ? {} : { metadata };
  if (Array.isArray(parts) && parts.every(isChunk)) return { parts, ...more };
  return { parts: typeof text === "string" && text !== "" ? [{ type: "text", text }] : [], ...more };
}
