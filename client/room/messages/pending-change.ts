// One edit, deletion or reaction from the call until the stored state shows what became of it.

import type { ChangeResult, Message, RoomCommand, SequencedEvent } from "../../../src/protocol/index.ts";
import { deletedMessage, editedMessage, hasReacted, reactedMessage } from "./message-changes.ts";

/** What is to be done to the message `seq`. */
export type Change =
  | { readonly type: "edit"; readonly seq: number; readonly data: unknown }
  | { readonly type: "delete"; readonly seq: number }
  | { readonly type: "react"; readonly seq: number; readonly emoji: string; readonly op: "add" | "remove" };

export interface PendingChange {
  readonly id: string;
  readonly change: Change;
  /** When it was asked for. */
  readonly at: number;
  readonly settle: PromiseWithResolvers<ChangeResult>;
}

export function changeCommand({ id, change }: PendingChange): RoomCommand & { readonly id: string } {
  return { ...change, id };
}

/** Of two with the same slot the later one counts. */
export const slotOf = ({ change }: PendingChange): string =>
  `${change.seq} ${change.type === "react" ? `react ${change.emoji}` : "text"}`;

/** These messages with these changes folded in; the same array where they change nothing. */
export function withChanges(
  messages: readonly Message[],
  changes: readonly PendingChange[],
  self: string | undefined,
): readonly Message[] {
  if (changes.length === 0) return messages;
  const bySeq = Map.groupBy(changes, ({ change }) => change.seq);
  const changed = messages.map((message) =>
    (bySeq.get(message.seq) ?? []).reduce((held, change) => withChange(held, change, self), message),
  );
  return changed.some((message, index) => message !== messages[index]) ? changed : messages;
}

/** What is deleted stays as it is. */
function withChange(held: Message, { change, at }: PendingChange, self: string | undefined): Message {
  if (held.deletedAt !== undefined) return held;
  switch (change.type) {
    case "edit":
      return editedMessage(held, { data: change.data, at, by: self });
    case "delete":
      return deletedMessage(held, at);
    case "react":
      if (self === undefined || isInEffect(change, held, self)) return held;
      return reactedMessage(held, { ...change, user: self });
    default:
      return change satisfies never;
  }
}

/** Whether the message is as the change would make it. */
export function isInEffect(change: Change, held: Message, self: string | undefined): boolean {
  switch (change.type) {
    case "edit":
      return held.deletedAt === undefined && sameJson(held.data, change.data);
    case "delete":
      return held.deletedAt !== undefined;
    case "react":
      return hasReacted(held, change.emoji, self) === (change.op === "add");
    default:
      return change satisfies never;
  }
}

/** Whether the event is what this change of this user brings about. */
export function bringsAbout(change: Change, event: SequencedEvent, self: string | undefined): boolean {
  switch (event.type) {
    case "message":
      return false;
    case "messageUpdated": {
      const { message, by } = event;
      const same = change.type === "edit" && change.seq === message.seq && by === self;
      return same && sameJson(message.data, change.data);
    }
    case "messageDeleted":
      return change.type === "delete" && change.seq === event.target && event.by === self;
    case "reaction": {
      const { target, emoji, op, user } = event;
      const same = change.type === "react" && change.seq === target && user === self;
      return same && change.emoji === emoji && change.op === op;
    }
    default:
      return event satisfies never;
  }
}

/** Servers keep the order of fields. Where one does not, the answer tells what the event did not. */
const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
