import { CHAT_EVENT, type Message, type SendCommand, type User } from "../../../src/protocol/index.ts";
import type { RoomsError } from "../../util/errors.ts";

export interface SendOptions {
  /** Default `chat`. */
  readonly event?: string;
  /** `seq` of the message that this one answers. */
  readonly replyTo?: number;
  /** Ids of users, at most 20. */
  readonly mentions?: readonly string[];
  /** `false`: do not fire `message` for it on this connection; it is in `messages` all the same. */
  readonly echo?: boolean;
}

/** Where a message is stored. */
export interface Stored {
  readonly seq: number;
  readonly at: number;
  readonly id: string;
}

export type OutboxStatus = "queued" | "sent" | "failed";

/** What is not known to be stored yet. */
export interface OutboxItem {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  /** `queued`: waits for its turn; `sent`: for its answer; `failed`: for `retry` or `drop`. */
  readonly status: OutboxStatus;
  readonly error?: RoomsError;
}

/** An own message that is not stored yet: it has no `seq`. */
export interface PendingMessage {
  readonly type: "message";
  readonly pending: true;
  readonly id: string;
  readonly event: string;
  /** `null` until the first connection told who this is. */
  readonly from: User | null;
  /** When it was handed to `send`. */
  readonly at: number;
  readonly data: unknown;
  readonly replyTo?: number;
  readonly mentions?: readonly string[];
  readonly status: OutboxStatus;
  readonly error?: RoomsError;
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

/** One send from the call until it is known to be stored. */
export interface OutboxEntry {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  readonly options: SendOptions;
  readonly createdAt: number;
  readonly phase: OutboxPhase;
  readonly settle: PromiseWithResolvers<Stored>;
}

/** `firstCursor` is what was known of the log when the try whose fate is unknown went out. */
export type OutboxPhase =
  | { readonly status: "queued"; readonly firstCursor?: string }
  | { readonly status: "sent"; readonly firstCursor: string }
  | { readonly status: "failed"; readonly error: RoomsError; readonly firstCursor?: string };

export const eventOf = ({ event = CHAT_EVENT }: SendOptions): string => event;

/** Each command costs one, and each mention one more. */
export const costOf = ({ options }: OutboxEntry): number => 1 + (options.mentions?.length ?? 0);

export function sendCommand({ id, event, data, options, phase }: OutboxEntry): SendCommand {
  const { replyTo, mentions, echo } = options;
  return {
    type: "send",
    id,
    ...(event !== CHAT_EVENT && { event }),
    data,
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && { mentions }),
    ...(echo === false && { echo }),
    ...(phase.firstCursor !== undefined && { retryOf: phase.firstCursor }),
  };
}

export function outboxItem({ id, event, data, phase }: OutboxEntry): OutboxItem {
  const { status } = phase;
  return Object.freeze({ id, event, data, status, ...(status === "failed" && { error: phase.error }) });
}

export function pendingMessage(entry: OutboxEntry, from: User | null): PendingMessage {
  const { options, createdAt: at } = entry;
  const { replyTo, mentions } = options;
  return Object.freeze({
    type: "message",
    pending: true,
    ...outboxItem(entry),
    from,
    at,
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && { mentions }),
  });
}

/** What the server stored for an entry whose event it left out. */
export function storedMessage(
  entry: OutboxEntry,
  { seq, at }: Omit<Stored, "id">,
  from: User | null,
): Message {
  const { id, event, data, options } = entry;
  const { replyTo, mentions } = options;
  return {
    type: "message",
    seq,
    id,
    event,
    from: from === null ? null : { id: from.id, ...(from.name !== undefined && { name: from.name }) },
    at,
    data,
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && mentions.length > 0 && { mentions }),
  };
}
