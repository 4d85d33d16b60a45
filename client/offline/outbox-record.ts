// What stands in a storage for each entry of an outbox, and under which keys.

import {
  formatCursor,
  type Infer,
  isRecord,
  LIFETIME_CONTENT,
  MESSAGE_CONTENT,
  parseCursor,
  type Schema,
} from "../../src/protocol/index.ts";
import type { MessageChange } from "../room/messages/changes.ts";
import { fits } from "../util/wire.ts";

/** What `send` says. */
const SAID = {
  ...MESSAGE_CONTENT,
  ...LIFETIME_CONTENT,
  ...{ event: "text", data: ["optional", "any"], echo: ["optional", "boolean"] },
} as const satisfies Schema;

const CHANGE = {
  ...{ type: "text", seq: "seq", data: ["optional", "any"] },
  ...{ emoji: ["optional", "text"], op: ["optional", "text"] },
} as const satisfies Schema;

const RECORD = {
  room: "text",
  /** Of the command: its idempotency key, for a message. */
  id: "text",
  /** When the app asked, in milliseconds since 1970. */
  at: "number",
  /** A new message. Otherwise there is a `change`. */
  said: ["optional", SAID],
  change: ["optional", CHANGE],
  /** The tab that may send it. */
  owner: "text",
  /** How often it was taken over: with the owner it says whether a tab still has what it knows. */
  claim: "int",
  /** What was known of the log before the first try. Without it, and if the storage says so, it was not sent. */
  cursor: ["optional", "text"],
  /** What was known of the log when the app asked without a connection. */
  known: ["optional", "text"],
  /** Nothing was known of the log, and it may have been sent. */
  isDoubtful: ["optional", "boolean"],
  /** Of a change: when its message had been edited, before the first try. */
  editedAt: ["optional", "number"],
  /** The log in which the `seq` of a change is meant. */
  epoch: ["optional", "text"],
  /** Why it failed. */
  error: ["optional", { code: "text", message: "text" }],
} as const satisfies Schema;

export interface OutboxRecord extends Infer<typeof RECORD> {}

/** `undefined`: of newer code, and left to it. */
export const recordIn = (value: unknown): OutboxRecord | undefined =>
  isRecord(value) && fits(RECORD, value) ? value : undefined;

/** As it is where nobody can say whether it was sent: it is sent as a repeat. */
export function doubted(record: OutboxRecord): OutboxRecord {
  const { cursor = record.known } = record;
  return cursor === undefined ? { ...record, isDoubtful: true } : { ...record, cursor };
}

/** Before the first try under a new id. */
export function anew({ cursor: _, isDoubtful: __, ...record }: OutboxRecord, id: string): OutboxRecord {
  return { ...record, id };
}

/** What a first try says that it knows of the log: of one that may be a repeat, nothing but how the log began. */
export function firstCursor({ isDoubtful }: OutboxRecord, cursor: string): string {
  const { epoch } = parseCursor(cursor) ?? {};
  return isDoubtful && epoch !== undefined ? formatCursor({ epoch, seq: 0 }) : cursor;
}

/** `undefined`: of newer code. */
export function changeOf({ change }: OutboxRecord): MessageChange | undefined {
  const { type, seq = 0, data, emoji = "", op } = change ?? {};
  if (type === "edit") return { type, seq, data };
  if (type === "delete") return { type, seq };
  return type === "react" ? { type, seq, emoji, op: op === "remove" ? op : "add" } : undefined;
}

/** The parts of a storage that belong to one user of one deployment. Neither has a say in what the other one sees. */
export interface UserKeys {
  /** Entries of the outbox; the rest of the key gives their order. */
  readonly entries: string;
  /** The right to take an entry over without a write, by the same rest. */
  readonly free: string;
  /** That an entry was not sent, by the same rest. */
  readonly sure: string;
  /** When the tabs that have entries were last known to run. */
  readonly tabs: string;
  /** How far the user has read, by room. */
  readonly reads: string;
  /** What was read, by room. */
  readonly rooms: string;
  /** When what was read was written, by the same rest: in milliseconds since 1970. */
  readonly times: string;
  /** When the next message of what was read expires, by the same rest: only where one does. */
  readonly expiries: string;
}

export function userKeys(base: string, user: string): UserKeys {
  const owner = `${encodeURIComponent(base)}/${encodeURIComponent(user)}`;
  return {
    entries: `entry/${owner}/`,
    free: `free/${owner}/`,
    sure: `sure/${owner}/`,
    tabs: `tab/${owner}/`,
    reads: `read/${owner}/`,
    rooms: `room/${owner}/`,
    times: `time/${owner}/`,
    expiries: `expiry/${owner}/`,
  };
}

/** Which storage it is: another one where the browser has evicted the first. It names nobody, and is never removed. */
export const BORN_KEY = "born";

/** Who was greeted last by a deployment. */
export const lastUserKey = (base: string): string => `user/${encodeURIComponent(base)}`;
