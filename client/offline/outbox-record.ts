// What stands in a storage for each entry of an outbox, and under which keys.

import { type Infer, isRecord, MESSAGE_CONTENT, type Schema } from "../../src/protocol/index.ts";
import type { MessageChange } from "../room/messages/changes.ts";
import { fits } from "../util/wire.ts";

/** What `send` says. */
const SAID = {
  ...MESSAGE_CONTENT,
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
  /**
   * What was known of the log before the first try. Without it, the entry certainly was not sent: so this is durable
   * before anything goes out.
   */
  cursor: ["optional", "text"],
  /** Of a change that may have been sent: when its message had been edited. */
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
  /** When the tabs that have entries were last known to run. */
  readonly tabs: string;
  /** How far the user has read, by room. */
  readonly reads: string;
  /** What was read, by room. */
  readonly rooms: string;
  /** Which storage it is: another one where the browser has evicted the first. */
  readonly born: string;
}

export function userKeys(base: string, user: string): UserKeys {
  const owner = `${encodeURIComponent(base)}/${encodeURIComponent(user)}`;
  return {
    entries: `entry/${owner}/`,
    tabs: `tab/${owner}/`,
    reads: `read/${owner}/`,
    rooms: `room/${owner}/`,
    born: `born/${owner}`,
  };
}

/** Who was greeted last by a deployment. */
export const lastUserKey = (base: string): string => `user/${encodeURIComponent(base)}`;
