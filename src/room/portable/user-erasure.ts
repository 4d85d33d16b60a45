// Erases a user from a room, some messages a flush: everybody sees them go, as if a moderator deleted them.

import { encodeDeleted, erased, type MessageMeta } from "../log/message-body.ts";
import type { RoomLog, Target } from "../log/room-log.ts";
import type { Receipts } from "../people/receipts.ts";
import type { ErasureOrder } from "../room-calls.ts";
import type { Schedule } from "../schedule.ts";
import type { Streams } from "../streams.ts";
import type { Turn } from "../turn.ts";
import type { RoomWebhooks } from "../webhooks.ts";

/** How many messages one flush changes. */
const BATCH = 100;

export interface ErasureRules {
  readonly log: RoomLog;
  readonly streams: Pick<Streams, "closed" | "wasWritten" | "current">;
  readonly receipts: Receipts;
  readonly time: { readonly schedule: Pick<Schedule, "erase"> };
  /** Left out: the back end is told nothing. */
  readonly webhooks?: Pick<RoomWebhooks, "erase"> | undefined;
}

/** What one flush erased. */
export interface ErasedBatch {
  readonly messages: number;
  readonly reactions: number;
  /** The `seq` behind which to go on; `null`: nothing is left. */
  readonly next: number | null;
}

/** Erases the next part, behind `after`. */
export function eraseBatch(
  rules: ErasureRules,
  { user, until }: ErasureOrder,
  after: number,
  turn: Turn,
): ErasedBatch {
  const { log, receipts, time, webhooks } = rules;
  const places = log.touchedBy(user, until, after, BATCH);
  let messages = 0;
  let reactions = 0;
  try {
    for (const place of places) {
      const target = log.findAt(place);
      if (target === undefined) continue;
      if (target.author !== user || target.meta.at > until) reactions += withdraw(rules, target, user, turn);
      else if (target.deleted) log.rewrite(target, nameless(target.meta), target.data);
      else {
        erase(rules, target, turn);
        messages += 1;
      }
    }
  } finally {
    // The events do not say that the name goes too.
    if (places.length > 0) log.forgetRecent();
  }
  if (places.length === BATCH) return { messages, reactions, next: places.at(-1)?.seq ?? null };
  // Also if there is none: a connection that the room has yet to hear of may have one.
  if ((receipts.readAt(user) ?? Number.NEGATIVE_INFINITY) <= until) receipts.forget(user);
  time.schedule.erase(user, until);
  webhooks?.erase(user, until, turn.now);
  log.forgetCopies();
  return { messages, reactions, next: null };
}

function erase({ log, streams }: ErasureRules, target: Target, { now, delivery }: Turn): void {
  const meta = nameless(erased(target.meta, now));
  const { seq } = log.change(target, { meta, data: "null", by: null }, now);
  streams.closed(target.seq);
  const deleted = encodeDeleted({ seq, at: now, by: null }, target.seq);
  delivery.emit({ kind: "stored", event: target.event }, deleted);
}

/** Takes back what the user reacted with to a message of another one. Answers how many reactions that were. */
function withdraw({ log, streams }: ErasureRules, found: Target, user: string, turn: Turn): number {
  const { now, delivery } = turn;
  const { seq: target, event } = found;
  const reactions = Object.entries(found.meta.reactions ?? {}).filter(([, users]) => users.includes(user));
  if (reactions.length === 0) return 0;
  const current = streams.current(found);
  let { meta } = current;
  for (const [emoji] of reactions) {
    meta = without(meta, emoji, user);
    const { seq } = log.change(current, { meta, data: current.data, by: null }, now);
    streams.wasWritten(target, turn);
    delivery.emit(
      { kind: "stored", event },
      JSON.stringify({ type: "reaction", seq, at: now, target, emoji, user, op: "remove" }),
    );
  }
  return reactions.length;
}

function without({ reactions = {}, ...rest }: MessageMeta, emoji: string, user: string): MessageMeta {
  const left = Object.entries(reactions).flatMap(([one, users]): [string, readonly string[]][] => {
    const others = one === emoji ? users.filter((id) => id !== user) : users;
    return others.length === 0 ? [] : [[one, others]];
  });
  return left.length === 0 ? rest : { ...rest, reactions: Object.fromEntries(left) };
}

/** The id stays: with it a message is named for good. */
const nameless = ({ from, ...meta }: MessageMeta): MessageMeta => ({
  ...meta,
  from: from && { id: from.id },
});
