// Long polling: a connection as on a socket, whose frames travel in HTTP calls. PROTOCOL.md §10.

import type { Fields, Infer, InferTable } from "./schema.ts";

/** How long a call may wait for a frame, in seconds. */
export const MAX_POLL_WAIT_S = 30;

/** The connection ends if no poll waits for so long. */
export const BETWEEN_POLLS_MS = 5_000;

/** With which `/v1/connect?probe=true` is closed at once: a client that gets it knows that WebSockets get through. */
export const PROBE_CLOSE = 4200;

/** The only line of a poll. Without `connection` it opens one, with the query of a socket. */
export const POLL_HEAD = {
  connection: ["optional", ["text", 1, 64]],
  /** How many frames of this connection the client has. */
  received: ["optional", "int"],
  /** Seconds. Default: 0. */
  wait: ["optional", ["int", 0, MAX_POLL_WAIT_S]],
} as const satisfies Fields;

/** The first line of what a client sends; each further line is a frame. */
export const COMMANDS_HEAD = {
  connection: ["text", 1, 64],
  /** Counts the calls of this connection from 1: the same call twice has one effect. */
  number: ["int", 1],
  /** After the frames the client leaves, as a socket does that is closed with 1000. */
  leave: ["optional", ["is", true]],
} as const satisfies Fields;

/** The last line of an answer to a poll, by `type`. */
export const POLL_END_LINES = {
  /** The connection goes on. */
  polled: { type: ["is", "polled"], connection: "text" },
  /** It has ended, as a socket is closed. */
  closed: { type: ["is", "closed"], code: "int", reason: "text" },
} as const satisfies Readonly<Record<string, Fields>>;
export type PollEnd = InferTable<typeof POLL_END_LINES>;

export type PollHead = Infer<typeof POLL_HEAD>;
export type CommandsHead = Infer<typeof COMMANDS_HEAD>;
