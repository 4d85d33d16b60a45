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
  const seqs = log.touchedBy(user, until, after, BATCH);
  let messages = 0;
  let reactions = 0;
  for (const seq of seqs) {
    const target = log.find(seq);
    if (target === undefined) continue;
    if (target.author !== user || target.meta.at > until) reactions += withdraw(rules, target, user, turn);
    else if (target.deleted) log.rewrite(target, nameless(target.meta), target.data);
    else {
      erase(rules, target, turn);
      messages += 1;
    }
  }
  if (seqs.length === BATCH) return { messages, reactions, next: seqs.at(-1) ?? null };
  if ((receipts.readAt(user) ?? Number.POSITIVE_INFINITY) <= until) receipts.forget(user);
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
function withdraw({ log, streams }: ErasureRules, { seq: target }: Target, user: string, turn: Turn): number {
  const { now, delivery } = turn;
  let count = 0;
  for (;;) {
    // As the reaction before has left it.
    const stored = log.find(target);
    const found = Object.entries(stored?.meta.reactions ?? {}).find(([, users]) => users.includes(user));
    if (stored === undefined || found === undefined) return count;
    const [emoji] = found;
    const { meta, data } = streams.current(stored);
    const { seq } = log.change(stored, { meta: without(meta, emoji, user), data, by: null }, now);
    streams.wasWritten(target, turn);
    delivery.emit(
      { kind: "stored", event: stored.event },
      JSON.stringify({ type: "reaction", seq, at: now, target, emoji, user, op: "remove" }),
    );
    count += 1;
  }
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
