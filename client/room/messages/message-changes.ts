// What a change does to a message, wherever it is folded in. `changed` is left to whoever knows the `seq` of it.

import type { Message, Reaction } from "../../../src/protocol/index.ts";

/** `by` is named only where somebody else said the message. */
export function editedMessage(
  { editedBy: _, ...held }: Message,
  { data, at, by }: { readonly data: unknown; readonly at: number; readonly by: string | undefined },
): Message {
  const isForeign = by !== undefined && (held.byServer === true || held.from?.id !== by);
  return { ...held, data, editedAt: at, ...(isForeign && { editedBy: by }) };
}

export function deletedMessage(
  { mentions: _, reactions: __, editedAt: ___, editedBy: ____, ...held }: Message,
  at: number,
): Message {
  return { ...held, data: null, deletedAt: at };
}

export function reactedMessage(
  { reactions = {}, ...held }: Message,
  { emoji, user, op }: Pick<Reaction, "emoji" | "user" | "op">,
): Message {
  const { [emoji]: _, ...others } = reactions;
  const users = usersOf(reactions, emoji);
  const without = users.filter((id) => id !== user);
  const added = users.includes(user) ? users : [...users, user];
  const now = op === "add" ? added : without;
  const next = now.length > 0 ? { ...reactions, [emoji]: now } : others;
  return { ...held, ...(Object.keys(next).length > 0 && { reactions: next }) };
}

export const hasReacted = ({ reactions = {} }: Message, emoji: string, user: string | undefined): boolean =>
  user !== undefined && usersOf(reactions, emoji).includes(user);

/** What every object inherits, such as `constructor`, is no list. */
const usersOf = (reactions: NonNullable<Message["reactions"]>, emoji: string): readonly string[] =>
  Object.hasOwn(reactions, emoji) ? (reactions[emoji] ?? []) : [];
