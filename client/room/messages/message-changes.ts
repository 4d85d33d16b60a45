// Edits, deletions and reactions: what each does to a message, whether an event of the log brings it or the client
// shows it before it is stored.

import type { Message, SequencedEvent } from "../../../src/protocol/index.ts";

/** What is done to the message `seq`. The order of the fields counts: {@link sameJson} compares changes. */
export type MessageChange =
  | { readonly type: "edit"; readonly seq: number; readonly data: unknown }
  | { readonly type: "delete"; readonly seq: number }
  | { readonly type: "react"; readonly seq: number; readonly emoji: string; readonly op: "add" | "remove" };

/** What an event does, and the id of the user who did it; `null` for server code. */
export function changeIn(event: Exclude<SequencedEvent, Message>): {
  readonly change: MessageChange;
  readonly by: string | null;
} {
  switch (event.type) {
    case "messageUpdated":
      return {
        change: { type: "edit", seq: event.message.seq, data: event.message.data },
        by: event.by,
      };
    case "messageDeleted":
      return { change: { type: "delete", seq: event.target }, by: event.by };
    default:
      return {
        change: { type: "react", seq: event.target, emoji: event.emoji, op: event.op },
        by: event.user,
      };
  }
}

/** The message as the change makes it. `changed` stays: only the caller knows the `seq` of the change. */
export function withChange(
  held: Message,
  change: MessageChange,
  at: number,
  by: string | null | undefined,
): Message {
  if (change.type === "edit") {
    const { editedBy: _, ...rest } = held;
    // The editor is named only where somebody else said the message.
    const isForeign = by != null && (held.byServer === true || held.from?.id !== by);
    return { ...rest, data: change.data, editedAt: at, ...(isForeign && { editedBy: by }) };
  }
  const { reactions = {}, ...plain } = held;
  if (change.type === "delete") {
    const { mentions: _, editedAt: __, editedBy: ___, ...rest } = plain;
    return { ...rest, data: null, deletedAt: at };
  }
  const { emoji, op } = change;
  const users = usersOf(held, emoji);
  const { [emoji]: _, ...others } = reactions;
  const left = users.filter((id) => id !== by);
  const now = op === "remove" || by == null ? left : left.length < users.length ? users : [...users, by];
  const next = now.length > 0 ? { ...reactions, [emoji]: now } : others;
  return { ...plain, ...(Object.keys(next).length > 0 && { reactions: next }) };
}

/** Whether the message is as the change would make it. */
export function isInEffect(change: MessageChange, held: Message, self: string | undefined): boolean {
  const isDeleted = held.deletedAt !== undefined;
  if (change.type === "delete") return isDeleted;
  if (change.type === "edit") return !isDeleted && sameJson(held.data, change.data);
  return usersOf(held, change.emoji).some((id) => id === self) === (change.op === "add");
}

/** Servers keep the order of fields. Where one does not, a change is only recognized later, by its answer. */
export const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Who reacted with this emoji. A name that every object inherits, such as `constructor`, is not a list. */
const usersOf = ({ reactions = {} }: Message, emoji: string): readonly string[] =>
  Object.hasOwn(reactions, emoji) ? (reactions[emoji] ?? []) : [];
