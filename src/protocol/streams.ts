// Answers that stream: a message that its producer opens, appends to and finishes. PROTOCOL.md §11.

import { MAX_STREAM_APPENDS } from "./limits.ts";
import type { Fields, Infer } from "./schema.ts";

/** How a streamed message stands. Only `open` can be appended to. */
export const STREAM_STATES = ["open", "complete", "cancelled", "failed", "interrupted"] as const;
export type StreamState = (typeof STREAM_STATES)[number];

/** How its producer may end one. `interrupted` is said by the room, where its producer fell silent. */
export const FINISHES = ["complete", "cancelled", "failed"] as const;
export type Finish = (typeof FINISHES)[number];

/** Where the text grows unless the opening names another field of `data`. */
export const DEFAULT_STREAM_FIELD = "text";

/** The field of `data` whose text grows, which is an object. */
const FIELD = ["text", 1, 64] as const;

/** What a `send` says that opens a stream. */
export const OPENING_CONTENT = {
  /** The message is written as it comes: `append` adds to it until `finish`. */
  stream: ["optional", ["is", true]],
  /** Only with `stream`: the field of `data` whose text grows. Default: `text`. */
  field: ["optional", FIELD],
} as const satisfies Fields;

/** What a streamed message says of itself. */
export const STREAM_CONTENT = {
  stream: ["optional", ["one of", STREAM_STATES]],
  /** While it is open: the field of `data` whose text grows. Left out: `text`. */
  field: ["optional", FIELD],
} as const satisfies Fields;

/** What is added while a message is open. */
export const OPEN_CONTENT = {
  /** While it is open: how many appends are in `data`. Left out: none. */
  n: ["optional", "int"],
  /** While it is open: which producer may append. Left out: the first. */
  producer: ["optional", ["int", 2]],
} as const satisfies Fields;

/** What one append adds. */
export const APPEND_CONTENT = {
  /** Joins the text of the field. */
  text: ["optional", "text"],
  /** Fields of `data` that are set beside the text; one that is `null` is removed. */
  patch: ["optional", ["record", "text", "any"]],
} as const satisfies Fields;
export interface AppendContent extends Infer<typeof APPEND_CONTENT> {}

/** Which append this is, and of whom. */
export const APPEND_PLACE = {
  /** Counts the appends of this message from 1. What came already is done once; the last one again is a keep-alive. */
  n: ["int", 0, MAX_STREAM_APPENDS],
  /** As `takeover` answered. Default: 1, the one that opened it. */
  producer: ["optional", ["int", 1]],
} as const satisfies Fields;

/** How a stream ends. */
export const FINISH_CONTENT = {
  status: ["one of", FINISHES],
  /** Replaces what was gathered. Default: it stays. */
  data: ["optional", "any"],
  /** As in an append. */
  producer: ["optional", ["int", 1]],
} as const satisfies Fields;

/** How far an open message is. */
export const APPEND_RESULT = {
  /** The last append that is in it. */
  n: "int",
  /** The last append that a crash does not take: a producer sends what comes after it again. */
  saved: "int",
  /** A producer that gathers appends for so many milliseconds spares frames, and brings them no later. */
  paceMs: ["optional", "int"],
  /** Who asked the producer to stop, if somebody did: a user id, or `null` for server code. */
  stop: ["optional", ["nullable", "userId"]],
} as const satisfies Fields;
export interface AppendResult extends Infer<typeof APPEND_RESULT> {}

export const TAKEOVER_RESULT = {
  /** The last append that is in the message. */
  n: "int",
  /** What the new producer says with each append. Those of all before it are refused. */
  producer: "int",
} as const satisfies Fields;
export interface TakeoverResult extends Infer<typeof TAKEOVER_RESULT> {}

// ---- events ----

/** Joins an open message. It has no place in the log: the cursor stays. */
export const APPEND = {
  type: ["is", "append"],
  /** Of the message. */
  seq: "eventSeq",
  /** The last append that is joined in this one. */
  n: "int",
  /** Joins the text of the field; it may be empty. */
  text: "text",
  /** Fields of `data` that are set; one that is `null` is removed. */
  patch: ["optional", ["record", "text", "any"]],
} as const satisfies Fields;
export interface Append extends Infer<typeof APPEND> {}

/** An open message as it is now. What comes next has greater `n`. */
export const STREAM = {
  type: ["is", "stream"],
  /** Of the message. */
  seq: "eventSeq",
  /** How many appends are in `data`. */
  n: "int",
  data: "any",
} as const satisfies Fields;
export interface Stream extends Infer<typeof STREAM> {}

/** Asks the producer to stop. It goes to nobody else. */
export const STOP = {
  type: ["is", "stop"],
  /** Of the message. */
  seq: "eventSeq",
  /** User id; `null`: server code. */
  by: ["nullable", "userId"],
} as const satisfies Fields;
export interface Stop extends Infer<typeof STOP> {}
