// The fields of log lines. A new one is an entry here, whichever event has it.

/** What each field holds, in whichever event it stands. */
export interface LogFieldValues {
  /** Name of the room. */
  room: string;
  /** Number of the relay of a room. */
  relay: string;
  /** User id; `null`: server code. */
  user: string | null;
  /** Name of the API key that server code used, never the key itself; of another Worker, the name in its binding. */
  key: string;
  /** Stack of an `Error`, else its text. */
  error: unknown;
  /** Path of the request, without its query. In `refused` cut to 200 printable characters. */
  path: string;
  /** What is wrong with each setting, without its value. */
  problems: readonly string[];
  reason: string;
  /** Error code of the protocol. */
  code: string;
  /** Name of the claim that the reason is about. */
  claim: string;
  /** `iss`, `kid` and `alg` of a token, cut to 200 printable characters. */
  issuer: string;
  kid: string;
  alg: string;
  /** What was refused: a call over HTTP, the opening of a connection, or a command on one. */
  kind: "call" | "connection" | "command";
  method: string;
  /** Type of the command. */
  command: string;
  /** Name of the event that the command sent or changed. */
  topic: string;
  /** The field that does not fit, such as `data.title`. */
  at: string;
  /** Close code of the WebSocket protocol. */
  closeCode: number;
  /** The part of connections whose lines are written, from 0 to 1. Left out: all. */
  sample: number;
  /** How many lines of the same reason were left out since the last one. */
  leftOut: number;
  /** Id of a connection. */
  connection: string;
  /** How many sockets, or joined sessions, were closed. */
  sockets: number;
  sessions: number;
  /** How many rooms. */
  rooms: number;
  /** How many messages and reactions. */
  messages: number;
  reactions: number;
  hint: string;
  /** Act of moderation. */
  act: string;
  /** User id of the moderator, or `server code`. */
  by: string;
  /** `seq` of the message or notification. */
  seq: number;
  flag: string;
  banSeconds: number;
  /** Milliseconds since 1970. */
  until: number;
  /** Room settings that were changed. */
  settings: object;
  /** Host of a push service; the rest of its address is a secret. */
  host: string;
  retryAfterMs: number;
  why: string;
  /** How many events. */
  events: number;
  count: number;
  /** How many attempts have failed in a row. */
  tries: number;
  /** HTTP status. */
  status: number;
}
