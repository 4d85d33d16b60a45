// What is left of an event that still waits for the back end, when what it says is not to be read any more: a message that
// the log has retired can no longer be deleted there.

import { decodeMessage, encodeMessage, erased, type MessageMeta } from "./log/message-body.ts";
import type { EventRow, Happenings } from "./webhook-store.ts";

/** Stands before the message of an event. No encoded string contains it, as quotes in a string are escaped. */
const BEFORE_MESSAGE = ',"message":';
/** Of a message that expires; it may also stand in what a user wrote. */
const EXPIRES = '"expiresAt":';

interface Author {
  readonly user: string;
  /** What is from later is not erased, in milliseconds. */
  readonly until: number;
}

/** An event as it is told now: a message whose time has come is deleted, also where no log has it any more. */
export function withoutExpired(event: string, now: number): string {
  if (!event.includes(EXPIRES)) return event;
  return changed(event, (meta) => {
    const { expiresAt } = meta;
    return expiresAt !== undefined && expiresAt <= now ? erased(meta, expiresAt) : meta;
  });
}

/** A row of `webhook_events` without what the user said, and without their name and picture. */
export function withoutUser({ number, body }: EventRow, author: Author, now: number): string {
  if (number === 0) return changed(body, (meta) => messageWithout(meta, author, now));
  const { occupied, events }: Happenings = JSON.parse(body);
  const nameless = events.map((event) =>
    "user" in event && event.user.id === author.user && event.at <= author.until
      ? { ...event, user: { id: event.user.id } }
      : event,
  );
  return JSON.stringify({ occupied, events: nameless } satisfies Happenings);
}

function messageWithout(meta: MessageMeta, { user, until }: Author, now: number): MessageMeta {
  const { from, at, reactions } = meta;
  if (from?.id === user && at <= until) {
    const { from: _, ...left } = erased(meta, meta.deletedAt ?? now);
    return { ...left, from: { id: user } };
  }
  if (reactions === undefined) return meta;
  const left = Object.entries(reactions).flatMap(([emoji, users]) => {
    const others = users.filter((id) => id !== user);
    return others.length === 0 ? [] : [[emoji, others] as const];
  });
  const { reactions: _, ...whole } = meta;
  return left.length === 0 ? whole : { ...whole, reactions: Object.fromEntries(left) };
}

/** The event with its message as `change` leaves it. One that is deleted has no `data`. */
function changed(event: string, change: (meta: MessageMeta) => MessageMeta): string {
  const at = event.indexOf(BEFORE_MESSAGE) + BEFORE_MESSAGE.length;
  if (at < BEFORE_MESSAGE.length) return event;
  const { meta, data } = decodeMessage(event.slice(at, -1));
  const left = change(meta);
  if (left === meta) return event;
  return `${event.slice(0, at)}${encodeMessage(left, left.deletedAt === undefined ? data : "null")}}`;
}
