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

/**
 * What a message of a room that does not stream as an answer shows in a chat: parts, each with a `type`. Empty where it
 * has no text. Of a user only such parts as a user's message has: members write `data`, and what looks like the use of
 * a tool would be believed.
 */
export function contentOf(
  data: unknown,
  role: UIMessage["role"],
): {
  readonly parts: readonly AnyChunk[];
  readonly metadata?: unknown;
} {
  if (!isRecord(data)) return { parts: [] };
  const { text, parts, metadata } = data;
  const more = metadata === undefined ? {} : { metadata };
  const isPart = role === "assistant" ? isChunk : isUserPart;
  if (Array.isArray(parts) && parts.every(isPart)) return { parts, ...more };
  return { parts: typeof text === "string" && text !== "" ? [{ type: "text", text }] : [], ...more };
}

/** A part that fails where it is read would fail every answer of the room. */
function isUserPart(value: unknown): value is AnyChunk {
  if (!isChunk(value)) return false;
  const { type, text, url, mediaType } = value;
  if (type === "text") return typeof text === "string";
  if (type === "file") return typeof url === "string" && typeof mediaType === "string";
  return type.startsWith("data-") && value.data !== undefined;
}
