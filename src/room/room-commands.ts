// What each command of a connection does. One `case` a command; the answer goes out with the flush.

import type { Identity } from "../access/identity.ts";
import { errorAnswer, okAnswer, pageAnswer, pagedToTheEnd, pong, RETIRED } from "../object/answers.ts";
import { encodeData, presenceRefusal } from "../object/encode-data.ts";
import type { Journal } from "../object/journal.ts";
import {
  type AppendCommand,
  DEFAULT_HISTORY,
  type FinishCommand,
  type HistoryCommand,
  MAX_EVENTS_PAGE,
  type Outcome,
  type PresenceCommand,
  pageBytesOf,
  type ReadCommand,
  type Refusal,
  type RoomCommand,
  refuse,
  type SendCommand,
  type TopicsCommand,
} from "../protocol/index.ts";
import type { ChangeInput, Changes } from "./changes.ts";
import type { LastFrame } from "./delivery.ts";
import type { PageSize } from "./log/log-page.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { PageBudget } from "./page-budget.ts";
import { type PageMakers, pageThere } from "./page-there.ts";
import { pageRowsOf, priceOf } from "./people/allowances.ts";
import type { Receipts } from "./people/receipts.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { Producing } from "./producing.ts";
import type { Publisher } from "./publisher.ts";
import { type Asked, isAltered } from "./ruling.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";

/** `auth` is not among them: its token is checked before, by the shell. */
export type AppliedCommand = Exclude<RoomCommand, { type: "auth" }>;

/**
 * What became of a command: done; refused; or to be answered after everything else of this flush, so that the answer
 * holds from there on. What the same connection sent after a late command waits until that is answered.
 */
export type Applied =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | Late;

export type Late =
  | { readonly kind: "late"; readonly make: () => readonly string[] }
  /** A page takes memory, so a later flush may send it. */
  | { readonly kind: "page"; readonly make: (maxBytes: number) => PageFrames };

/** Frames, and how many rows of the log were looked at for them. */
export interface PageFrames {
  readonly frames: readonly LastFrame[];
  readonly rows: number;
}

/** What the commands need of a room. */
export interface CommandRules {
  readonly log: RoomLog;
  readonly publisher: Publisher;
  readonly changes: Changes;
  readonly streams: Streams;
  readonly producing: Producing;
  readonly receipts: Receipts;
  readonly roomPresence: RoomPresence;
  readonly pages: PageBudget;
  readonly journal: Journal;
  readonly relays?: PageMakers | undefined;
}

export const DONE: Applied = { kind: "done" };
export const refused = (refusal: Refusal): Applied => ({ kind: "refused", refusal });
const ONLY_READS = refuse("forbidden", "anonymous readers only read");
const OF_ANYBODY: ReadonlySet<RoomCommand["type"]> = new Set(["history", "topics", "ping"] as const);

/**
 * What a command costs, in tokens, before it is known what it looks at: at least 1; server code pays nothing. A page is
 * priced as if it were full, and the rest is given back when it was read.
 */
export function costOf(identity: Identity, command: AppliedCommand): number {
  switch (command.type) {
    case "send":
      return 1 + (command.mentions?.length ?? 0);
    case "history": {
      const { after, limit = after === undefined ? DEFAULT_HISTORY : MAX_EVENTS_PAGE } = command;
      return priceOf(identity, { rows: limit, bytes: 0 });
    }
    // Its bytes are what costs.
    case "append":
      return 0;
    default:
      return 1;
  }
}

export function applyCommand(
  rules: CommandRules,
  connection: RoomConnection,
  command: AppliedCommand,
  turn: Turn,
  asked?: Asked,
): Applied {
  const { actor } = connection.state;
  if (actor.identity.kind === "anonymous" && !OF_ANYBODY.has(command.type)) return refused(ONLY_READS);
  switch (command.type) {
    case "send":
      return send(rules, connection, command, turn, asked);
    case "edit": {
      const data = encodeData(command.data);
      if (!data.ok) return refused(data.refusal);
      const edit = { type: "edit", seq: command.seq, data: data.value, asked } as const;
      return change(rules, connection, command.id, edit, turn);
    }
    case "delete":
    case "react":
      return change(rules, connection, command.id, command, turn);
    case "append":
      return append(rules, connection, command, turn);
    case "finish":
      return finish(rules, connection, command, turn);
    case "stop": {
      const outcome = rules.producing.stop(actor, command.seq, turn);
      return answered(connection, command.id, outcome, turn);
    }
    case "takeover": {
      const outcome = rules.producing.takeOver(actor, command.seq, turn, connection);
      return answered(connection, command.id, outcome, turn);
    }
    case "signal": {
      const data = encodeData(command.data);
      if (!data.ok) return refused(data.refusal);
      const { event, to } = command;
      const outcome = rules.publisher.signal(actor, { event, to, data: data.value }, turn, connection);
      return outcome.ok ? DONE : refused(outcome.refusal);
    }
    case "read":
      return read(rules, connection, command, turn);
    case "presence":
      return setPresence(rules, connection, command, turn);
    case "topics":
      return { kind: "late", make: () => setTopics(rules, connection, command) };
    case "history":
      return readHistory(rules, connection, command);
    case "ping": {
      turn.delivery.answer(connection, pong(command.id, turn.now));
      return DONE;
    }
  }
}

function send(
  rules: CommandRules,
  connection: RoomConnection,
  command: SendCommand,
  turn: Turn,
  asked?: Asked,
): Applied {
  const { type: _, data: said, echo, ...draft } = command;
  const { id } = draft;
  const data = encodeData(said);
  if (!data.ok) return refused(data.refusal);
  // While a long replay is being paged the event comes in its page, and the answer replaces nothing here. Nor does it
  // where the sender's own copy is not what is stored.
  const inPlace = echo === false && connection.state.stage.at === "live" && !isAltered(asked);
  const outcome = rules.publisher.publish(
    connection.state.actor,
    { ...draft, data: data.value, asked },
    turn,
    connection,
    inPlace ? (result) => ({ on: connection, answer: okAnswer(id, result) }) : undefined,
  );
  if (!outcome.ok) return refused(outcome.refusal);
  if (command.stream) rules.producing.opened(outcome.value.seq, connection);
  const stoodInPlace = inPlace && outcome.value.duplicate === undefined;
  if (!stoodInPlace) turn.delivery.answer(connection, okAnswer(id, outcome.value));
  return DONE;
}

function change(
  rules: CommandRules,
  connection: RoomConnection,
  id: string,
  input: ChangeInput,
  turn: Turn,
): Applied {
  return answered(connection, id, rules.changes.apply(connection.state.actor, input, turn, connection), turn);
}

function append(
  { producing }: CommandRules,
  connection: RoomConnection,
  { id, ack = false, ...input }: AppendCommand,
  turn: Turn,
): Applied {
  const outcome = producing.append(connection.state.actor, input, turn, connection, id !== undefined);
  if (outcome === "dropped") return DONE;
  if (!outcome.ok) return refused(outcome.refusal);
  if (id !== undefined) turn.delivery.answer(connection, okAnswer(id, ack ? outcome.value : {}));
  return DONE;
}

function finish(
  { producing }: CommandRules,
  connection: RoomConnection,
  { id, data, ...input }: FinishCommand,
  turn: Turn,
): Applied {
  const encoded = data === undefined ? undefined : encodeData(data);
  if (encoded?.ok === false) return refused(encoded.refusal);
  const ending = { ...input, data: encoded?.value };
  return answered(connection, id, producing.finish(connection.state.actor, ending, turn, connection), turn);
}

function answered(
  connection: RoomConnection,
  id: string,
  outcome: Outcome<object | undefined>,
  { delivery }: Turn,
): Applied {
  if (!outcome.ok) return refused(outcome.refusal);
  delivery.answer(connection, okAnswer(id, outcome.value));
  return DONE;
}

function read(
  { receipts }: CommandRules,
  { user }: RoomConnection,
  { id, seq }: ReadCommand,
  { now }: Turn,
): Applied {
  if (user === null) return refused(ONLY_READS);
  receipts.read(user.id, seq, now);
  // Counted when it is answered: all events of this flush come before.
  return { kind: "late", make: () => [okAnswer(id, receipts.of(user.id))] };
}

function setPresence(
  { roomPresence }: CommandRules,
  connection: RoomConnection,
  { id, status, data }: PresenceCommand,
  { delivery }: Turn,
): Applied {
  const refusal = presenceRefusal({ data });
  if (refusal !== undefined) return refused(refusal);
  roomPresence.update(connection, {
    ...(status !== undefined && { status }),
    ...(data !== undefined && { data }),
  });
  delivery.answer(connection, okAnswer(id));
  return DONE;
}

/** Open messages follow as they are now: what was appended under other topics was not delivered. */
function setTopics(
  { log, streams }: CommandRules,
  connection: RoomConnection,
  { id, topics }: TopicsCommand,
): string[] {
  connection.update({ topics });
  const { stage } = connection.state;
  const isPaging = stage.at === "paging";
  const answer = okAnswer(id, { topics, seq: isPaging ? stage.after : log.head });
  return isPaging ? [answer] : [answer, ...streams.framesFor(connection)];
}

/** Read at the end of the flush, whose events precede it; a client ignores changes to messages that it does not hold. */
function readHistory(
  rules: CommandRules,
  connection: RoomConnection,
  { id, before, after, limit }: HistoryCommand,
): Applied {
  if (after === undefined) {
    const count = limit ?? DEFAULT_HISTORY;
    return {
      kind: "page",
      make: (maxBytes) => olderPage(rules, connection, id, before, { limit: count, maxBytes }),
    };
  }
  if (!rules.log.holdsAfter(after)) return refused(RETIRED);
  const count = limit ?? MAX_EVENTS_PAGE;
  return {
    kind: "page",
    make: (maxBytes) => nextPage(rules, connection, id, after, { limit: count, maxBytes }),
  };
}

function olderPage(
  { log, pages, streams, relays }: CommandRules,
  connection: RoomConnection,
  id: string,
  before: number | undefined,
  wanted: PageSize,
): PageFrames {
  const { topics } = connection.state;
  const size = fitting(wanted, connection);
  const upTo = before ?? log.head + 1;
  const page = pages.once(JSON.stringify(["before", upTo, topics, size]), () =>
    log.messagesBefore(upTo, topics, size),
  );
  const fields = { seq: page.seq };
  const there = pageThere(relays, connection, page, { id, field: "messages", more: page.more, fields });
  const answer = there ?? pageAnswer(id, "messages", page, fields);
  const open = streams.framesFor(connection, { isWanted: (seq) => seq >= page.seq && seq < upTo });
  return { frames: [answer, ...open], rows: page.looked };
}

/** This may be the next part of a long replay: after its last part the connection is live. */
function nextPage(
  { log, pages, journal, streams, relays }: CommandRules,
  connection: RoomConnection,
  id: string,
  after: number,
  wanted: PageSize,
): PageFrames {
  const { stage, topics } = connection.state;
  // What was stored since the command arrived may have retired it.
  if (!log.holdsAfter(after)) {
    journal.add({ kind: "refused", refusal: RETIRED, command: "history", ...connection.whom });
    return { frames: [errorAnswer(id, RETIRED)], rows: 0 };
  }
  const replay = stage.at === "paging" && stage.after === after ? stage : undefined;
  const size = fitting(wanted, connection);
  const page = pages.once(JSON.stringify(["after", after, topics, size, replay?.told]), () =>
    log.eventsAfter(after, topics, size, replay?.told),
  );
  if (replay !== undefined) {
    connection.update({ stage: page.more ? { ...replay, after: page.seq } : { at: "live" } });
  }
  const { floor } = log;
  const fields = { seq: page.seq, floor };
  const there = pageThere(relays, connection, page, { id, field: "events", more: page.more, fields });
  const frames: LastFrame[] = [there ?? pageAnswer(id, "events", page, fields)];
  if (replay !== undefined && !page.more)
    frames.push(...streams.liveFrames(connection, pagedToTheEnd(page.seq, floor)));
  return { frames, rows: page.looked };
}

const fitting = ({ limit, maxBytes }: PageSize, { frameBytes, identity }: RoomConnection): PageSize => ({
  limit,
  maxBytes: Math.min(maxBytes, pageBytesOf(frameBytes)),
  rows: pageRowsOf(identity),
});
