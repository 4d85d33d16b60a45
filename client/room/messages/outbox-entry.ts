import {
  CHAT_EVENT,
  type Message,
  type MessageContent,
  type SendCommand,
  type SendResult,
  type User,
} from "../../../src/protocol/index.ts";
import type { RoomsError } from "../../util/errors.ts";

/** What a message may say beside `data`. */
type MessageExtras = Omit<MessageContent, "data">;

/** How `room.send` sends a message. */
export interface SendOptions extends MessageExtras {
  /**
   * The application event of the message.
   *
   * @default "chat"
   */
  readonly event?: string;
  /**
   * `false`: `message` is not emitted for it on this connection. It is in `messages` all the same.
   *
   * @default true
   */
  readonly echo?: boolean;
}

/** Where a message is stored: its place in the log, its time in milliseconds since 1970, and its id. */
export interface Stored {
  readonly seq: number;
  readonly at: number;
  readonly id: string;
}

export type OutboxStatus = "queued" | "sent" | "failed";

/** A message that is not known to be stored yet. */
export interface OutboxItem {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  /** `queued` waits for its turn, `sent` for its answer, `failed` for `room.retry(id)` or `room.discard(id)`. */
  readonly status: OutboxStatus;
  /** Why it failed. */
  readonly error?: RoomsError;
}

/** An own message that is not stored yet: it has no `seq`. */
export interface PendingMessage extends OutboxItem, MessageExtras {
  readonly type: "message";
  readonly pending: true;
  /** `null` until the first connection. */
  readonly from: User | null;
  /** When `send` was called, in milliseconds since 1970. */
  readonly at: number;
  readonly seq?: never;
  readonly byServer?: never;
  readonly editedAt?: never;
  readonly editedBy?: never;
  readonly deletedAt?: never;
  readonly reactions?: never;
  readonly changed?: never;
}

/** A message as `messages` holds it: stored, or `pending` and at the end. */
export type RoomMessage = (Message & { readonly pending?: never }) | PendingMessage;

/** One send, from the call until it is known to be stored. */
export interface OutboxEntry {
  /** A retry may get a new one. */
  id: string;
  readonly said: OutgoingMessage;
  readonly at: number;
  phase: OutboxPhase;
  /** What was known of the log when the first try went out whose fate is unknown. */
  firstCursor: string | undefined;
  resolve: (stored: Stored) => void;
  reject: (error: RoomsError) => void;
}

/** What the app sends, as JSON has it: without the fields that are not given. */
export interface OutgoingMessage extends SendOptions {
  readonly event: string;
  readonly data?: unknown;
}

export type OutboxPhase =
  | { readonly status: "queued" | "sent" }
  | { readonly status: "failed"; readonly error: RoomsError };

/** Each command costs one, and each mention one more. */
export const sendCost = ({ said: { mentions = [] } }: OutboxEntry): number => 1 + mentions.length;

export function sendCommand({ id, said, firstCursor }: OutboxEntry): SendCommand {
  const { event, data, echo, ...rest } = said;
  return {
    type: "send",
    id,
    ...(event !== CHAT_EVENT && { event }),
    data,
    ...rest,
    ...(echo === false && { echo }),
    ...(firstCursor !== undefined && { retryOf: firstCursor }),
  };
}

export const outboxItem = ({ id, said: { event, data }, phase }: OutboxEntry): OutboxItem =>
  Object.freeze({ id, event, data, ...phase });

export function pendingMessage({ id, said, at, phase }: OutboxEntry, from: User | null): PendingMessage {
  const { echo: _, data, ...rest } = said;
  return Object.freeze({ type: "message", pending: true, id, ...rest, data, from, at, ...phase });
}

/** The message that the server stored for an entry whose event it left out. */
export function storedMessage(
  { id, said }: OutboxEntry,
  { seq, at }: SendResult,
  user: User | null,
): Message {
  const { echo: _, data, ...rest } = said;
  const from = user && { id: user.id, ...(user.name !== undefined && { name: user.name }) };
  return { type: "message", seq, id, ...rest, data, from, at };
}
