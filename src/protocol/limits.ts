// Sizes and counts that both sides must agree on. What a deployer can set is in `Limits`, sent in `connected`.

import { type Fields, type Infer, merge } from "./schema.ts";

/** The largest frame either way, in UTF-8 bytes. A larger one of a client is refused; the server cuts what it sends. */
export const MAX_FRAME_BYTES = 1_048_576;

/** The smallest bound that a connection may ask for (`frame`) of the frames that it is sent, in UTF-8 bytes. */
export const MIN_FRAME_BYTES = 4_096;

/** What stands around the events of a page in its frame takes at most this much. */
const PAGE_OVERHEAD_BYTES = 1_024;

/** How many bytes of events a page may have that must fit a frame of `frameBytes`. */
export const pageBytesOf = (frameBytes: number): number => frameBytes - PAGE_OVERHEAD_BYTES;

export const MAX_PAGE_BYTES = /* @__PURE__ */ pageBytesOf(MAX_FRAME_BYTES);

/** One replay, of no more bytes than a frame. What is missed beyond it is paged with `history`. */
export const MAX_REPLAY_EVENTS = 1_000;

export const MAX_BATCH_COMMANDS = 100;
export const MAX_MENTIONS = 20;

/** Latest messages for a newcomer, and `history` without `after`. */
export const DEFAULT_HISTORY = 50;
export const MAX_HISTORY = 200;

/** `history` with `after`. */
export const MAX_EVENTS_PAGE = 1_000;

/** How many stored rows one page looks at at most, whatever the filter; fewer for those without a token. */
export const MAX_ROWS_LOOKED_AT = 2_000;

/** `data` of a `presence`, as JSON in UTF-8 bytes. */
export const MAX_PRESENCE_BYTES = 1_024;

/** Of one emoji, in UTF-16 units. */
export const MAX_EMOJI_LENGTH = 32;

/** On one message. */
export const MAX_DIFFERENT_EMOJIS = 20;
export const MAX_REACTIONS = 500;
/** Different ones of one user on one message. */
export const MAX_EMOJIS_A_USER = 3;

/** `data` of a message that streams, as JSON in UTF-8 bytes. */
export const MAX_STREAM_BYTES = 1_048_576;

/** To one message. */
export const MAX_STREAM_APPENDS = 1_000_000;

/** Open at once in one room. */
export const MAX_OPEN_STREAMS = 16;

/** Of these, of one user: so nobody takes the place of all others. */
export const MAX_OPEN_STREAMS_OF_A_USER = 4;

/** `have`, in UTF-16 units: two numbers of 16 digits for each open message. */
export const MAX_HAVE_LENGTH = MAX_OPEN_STREAMS * 34;

/** `unread` is counted to here. */
export const MAX_UNREAD = 1_000;

/** More members than this, and a room sends `occupancy` in place of member events. */
export const LISTED_MEMBERS = 200;

/** A client forgets that somebody types after this long without a follow-up. */
export const TYPING_MS = 3_000;

/** The latest moment that a `Date` holds, in milliseconds since 1970: the bound of every instant on the wire. */
export const MAX_INSTANT_MS = 8.64e15;

/** A command unanswered for this long means a dead socket. */
export const COMMAND_TIMEOUT_MS = 30_000;

/** A connection that lived this long starts its back-off from zero. */
export const STABLE_AFTER_MS = 10_000;

/** What a connection must know of the deployer's settings. */
export const LIMITS = {
  /** The largest `data`, as JSON in UTF-8 bytes. */
  messageBytes: "number",
  /** The largest frame that the server sends here, in UTF-8 bytes. A client's frames have `MAX_FRAME_BYTES`. */
  frameBytes: "number",
  /** Commands of one user in one room: so many each second on average, … */
  ratePerSecond: "number",
  /** … and so many at once. */
  rateBurst: "number",
  /** Between two `send`, `edit` or `react` of one user, in milliseconds; 0: no such limit. */
  slowModeMs: "number",
  /** With more members than this a room sends `occupancy` in place of member events. */
  listedMembers: "number",
  /** How often the client sends a heartbeat, in milliseconds. */
  pingMs: "number",
  /** How long it waits for the answer before it drops the socket, in milliseconds. */
  pongMs: "number",
} as const satisfies Fields;
export interface Limits extends Infer<typeof LIMITS> {}

/** On one session socket. */
export const MAX_SESSION_ROOMS = 50;

export const SESSION_LIMITS = /* @__PURE__ */ merge(LIMITS, {
  /** How many rooms may be joined at once. */
  rooms: "number",
});
export interface SessionLimits extends Infer<typeof SESSION_LIMITS> {}

/** Bounds of the random wait before a reconnect, in milliseconds. The server widens them with the size of the room. */
export const RECONNECT_LIMITS = {
  /** Of the first try: from 0 to this. It doubles with each try that fails. */
  minMs: "number",
  maxMs: "number",
} as const satisfies Fields;
export interface ReconnectLimits extends Infer<typeof RECONNECT_LIMITS> {}
