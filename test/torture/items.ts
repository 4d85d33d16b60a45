// Messages, notifications and members, as a history has them.

import type { Inbox, RoomHandle } from "../../client/index.ts";
import type { Item, Presence } from "./history.ts";

/** What the padding of a large message leaves. */
export const textOf = (data: unknown): string | null =>
  typeof data === "string" ? (data.split(" ")[0] ?? "") : null;

export const itemsOf = (room: RoomHandle): readonly Item[] =>
  room.messages.flatMap((message) => (message.pending ? [] : [itemOf(message)]));

export const notificationsOf = (inbox: Inbox): readonly Item[] =>
  inbox.notifications.map((notification) => notificationOf(notification)).reverse();

export const membersOf = (room: RoomHandle): readonly Presence[] =>
  room.members.map(({ id, status }) => ({ user: id, status }));

export function itemOf(message: {
  readonly seq: number;
  readonly data: unknown;
  readonly reactions?: Readonly<Record<string, readonly string[]>>;
}): Item {
  const reactions = Object.entries(message.reactions ?? {}).flatMap(([emoji, users]) =>
    users.map((user) => `${emoji} ${user}`),
  );
  return { seq: message.seq, text: textOf(message.data), reactions: reactions.sort() };
}

export const notificationOf = ({
  seq,
  title,
  state,
}: {
  readonly seq: number;
  readonly title: string;
  readonly state: string;
}): Item => ({ seq, text: title, reactions: [], mark: state });
