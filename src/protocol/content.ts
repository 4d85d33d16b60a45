// What a command, the event that it becomes and the HTTP body that does the same have in common.

import { MAX_MENTIONS } from "./limits.ts";
import type { Fields, Infer } from "./schema.ts";

/** What a user says in a message. */
export const MESSAGE_CONTENT = {
  /** Any JSON, of at most `limits.messageBytes` bytes of UTF-8. `null` in a deleted message. */
  data: "any",
  /** `seq` of the message that this one answers. */
  replyTo: ["optional", "eventSeq"],
  /** Ids of users who are to be notified, at most 20. */
  mentions: ["optional", ["list", "userId", 0, MAX_MENTIONS, "user ids"]],
} as const satisfies Fields;

export interface MessageContent extends Infer<typeof MESSAGE_CONTENT> {}

/** One emoji of one user on one message. */
export const REACTION_CONTENT = {
  /** One RGI sequence of Unicode, at most 32 UTF-16 units. */
  emoji: "emoji",
  op: ["one of", ["add", "remove"]],
} as const satisfies Fields;

/** The user in whose name something is said. */
export const SENDER = {
  id: "userId",
  /** 1 to 128 characters, as the token or the server code had it. */
  name: ["optional", ["text", 1, 128]],
} as const satisfies Fields;
export interface Sender extends Infer<typeof SENDER> {}

/** Of one message, in seconds: a year. */
const MAX_LIFETIME_S = 31_536_000;

/** What a `send` says about how long its message stays. */
export const LIFETIME_CONTENT = {
  /** The room deletes the message so many seconds after it was stored. Default: it stays until retention ends it. */
  expiresInSeconds: ["optional", ["int", 1, MAX_LIFETIME_S]],
} as const satisfies Fields;
export interface LifetimeContent extends Infer<typeof LIFETIME_CONTENT> {}

/** What a message says that was not written by its author. */
export const STORED_CONTENT = {
  /** When the room will delete it, in milliseconds since 1970. */
  expiresAt: ["optional", "instant"],
  /** The back end that is asked before a message is stored let it pass, and marked it with this word. All readers see it. */
  flag: ["optional", ["text", 1, 64]],
} as const satisfies Fields;
