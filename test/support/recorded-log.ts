// Everything that ever happened in the log of a room, recorded apart from it. From this record a test derives what each
// client must receive. To record more about an event, add a field to `RecordedEvent`.

import type { Database } from "../../src/object/storage/sql.ts";
import { matchesTopics, type Topics } from "../../src/protocol/index.ts";
import type { StoredChange, StoredMessage } from "../../src/room/log/log-rows.ts";
import { LogStore } from "../../src/room/log/log-store.ts";

export interface RecordedEvent {
  readonly seq: number;
  /** The seq of the message that the event stored or changed. */
  readonly target: number;
  readonly event: string;
  /** The author of the event: a user id, or "" for server code. */
  readonly by: string;
  readonly at: number;
  /** The event as the connected clients received it. */
  readonly json: string;
  readonly when: EventContext;
}

export interface EventContext {
  readonly slowModeMs: number;
  readonly floor: number;
  /** How often the object had started. */
  readonly starts: number;
}

/** The state of a message between two changes. */
export interface Version {
  readonly seq: number;
  readonly body: string;
  readonly at: number;
  readonly by: string | null;
  readonly deleted: boolean;
}

/** An event that a replay must contain. */
export interface ReplayItem {
  readonly seq: number;
  readonly json: string;
}

/** The first and last seq of a log at one moment. */
export interface Extent {
  readonly head: number;
  readonly floor: number;
}

/** The log of one epoch, from its start or a purge to the next purge. */
export class LogEpoch {
  readonly epoch: string;
  readonly events: RecordedEvent[] = [];
  readonly messages: StoredMessage[] = [];
  readonly #versions = new Map<number, Version[]>();

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  get head(): number {
    return this.events.length;
  }

  at(seq: number): RecordedEvent | undefined {
    return this.events[seq - 1];
  }

  /** A message in the state that it had when the log was at `head`. */
  version(target: number, head: number): Version | undefined {
    return this.#versions.get(target)?.findLast(({ seq }) => seq <= head);
  }

  versions(target: number): readonly Version[] {
    return this.#versions.get(target) ?? [];
  }

  /** The messages that a log of this extent held, oldest first. */
  held({ head, floor }: Extent, topics: Topics): RecordedEvent[] {
    return this.events
      .slice(floor, head)
      .filter(({ seq, target, event }) => seq === target && matchesTopics(topics, event));
  }

  /** What happened after `after`, as a replay must contain it, without what an earlier page (`read`) contained. */
  replay(
    after: number,
    { head, floor }: Extent,
    topics: Topics,
    read?: { since: number; asOf: number },
  ): ReplayItem[] {
    const changed = new Map<number, RecordedEvent>();
    const due: ReplayItem[] = [];
    for (const recorded of this.events.slice(after, head)) {
      const { seq, target, event } = recorded;
      if (!matchesTopics(topics, event)) continue;
      if (seq === target) due.push({ seq, json: this.version(seq, head)?.body ?? "" });
      else if (target <= after && target > floor) changed.set(target, recorded);
    }
    for (const [target, { seq }] of changed) {
      const now = this.version(target, head);
      if (now === undefined || (read !== undefined && target > read.since && seq <= read.asOf)) continue;
      due.push({ seq, json: eventOfChange(now, target) });
    }
    return due.sort((a, b) => a.seq - b.seq);
  }

  /** Whether no event of these topics lies between the two. */
  isQuiet(after: number, before: number, topics: Topics): boolean {
    if (topics?.length === 0) return true;
    for (let seq = after + 1; seq < before; seq++) {
      if (matchesTopics(topics, this.at(seq)?.event ?? "")) return false;
    }
    return true;
  }

  add(recorded: RecordedEvent, version: Version): void {
    if (recorded.seq !== this.head + 1) throw new Error(`${recorded.seq} was stored after ${this.head}`);
    this.events.push(recorded);
    const versions = this.#versions.get(recorded.target);
    if (versions === undefined) this.#versions.set(recorded.target, [version]);
    else versions.push(version);
  }
}

export class RecordedLog {
  readonly epochs: LogEpoch[] = [];
  starts = 0;
  readonly #readContext: () => Omit<EventContext, "starts">;

  /** `readContext` is called for every event. */
  constructor(readContext: () => Omit<EventContext, "starts">) {
    this.#readContext = readContext;
  }

  get now(): LogEpoch {
    const logEpoch = this.epochs.at(-1);
    if (logEpoch === undefined) throw new Error("there is no log yet");
    return logEpoch;
  }

  logEpoch(epoch: unknown): LogEpoch | undefined {
    return this.epochs.find((logEpoch) => logEpoch.epoch === epoch);
  }

  begin(epoch: string): void {
    if (this.epochs.at(-1)?.epoch !== epoch) this.epochs.push(new LogEpoch(epoch));
  }

  stored(message: StoredMessage): void {
    const { seq, event, author: by, at, body } = message;
    this.now.messages.push(message);
    const recorded = { seq, target: seq, event, by, at, json: body, when: this.#when };
    this.now.add(recorded, { seq, body, at, by, deleted: false });
  }

  changed({ target, body, seq, at, by, deleted }: StoredChange): void {
    const before = this.now.version(target, seq);
    const event = this.now.at(target)?.event;
    if (before === undefined || event === undefined) throw new Error(`${target} is no message`);
    const now = { seq, body, at, by, deleted };
    const json = reactionIn(before.body, now, target) ?? eventOfChange(now, target);
    this.now.add({ seq, target, event, by: by ?? "", at, json, when: this.#when }, now);
  }

  get #when(): EventContext {
    return { ...this.#readContext(), starts: this.starts };
  }
}

const eventOfChange = ({ seq, at, by, body, deleted }: Version, target: number): string =>
  deleted
    ? JSON.stringify({ type: "messageDeleted", seq, at, target, by })
    : `{"type":"messageUpdated","seq":${seq},"at":${at},"message":${body},"by":${JSON.stringify(by)}}`;

/** The reaction that a change added or removed, if it did. */
function reactionIn(before: string, { seq, at, by, body }: Version, target: number): string | undefined {
  const [had, has] = [reactionsOf(before), reactionsOf(body)];
  const added = has.find((reaction) => !had.includes(reaction));
  const removed = had.find((reaction) => !has.includes(reaction));
  const emoji = (added ?? removed)?.split(" ")[0];
  if (emoji === undefined || JSON.parse(body).deletedAt !== undefined) return undefined;
  const op = added === undefined ? "remove" : "add";
  return JSON.stringify({ type: "reaction", seq, at, target, emoji, user: by, op });
}

function reactionsOf(body: string): string[] {
  if (!body.includes('"reactions":')) return [];
  const { reactions = {} }: { reactions?: Record<string, string[]> } = JSON.parse(body);
  return Object.entries(reactions).flatMap(([emoji, users]) => users.map((user) => `${emoji} ${user}`));
}

/** The store of a log, which records every write. */
export class RecordingLogStore extends LogStore {
  readonly #recordedLog: RecordedLog;

  constructor(database: Database, ring: number, recordedLog: RecordedLog) {
    super(database, ring);
    this.#recordedLog = recordedLog;
  }

  override open(epoch: string, now: number) {
    const state = super.open(epoch, now);
    this.#recordedLog.begin(state.epoch);
    this.#recordedLog.starts += 1;
    const { head } = this.#recordedLog.now;
    if (state.head !== head) throw new Error(`woke with head ${state.head} after ${head}`);
    return state;
  }

  override append(message: StoredMessage): void {
    super.append(message);
    this.#recordedLog.stored(message);
  }

  override change(change: StoredChange): void {
    super.change(change);
    this.#recordedLog.changed(change);
  }

  override purge(epoch: string): void {
    super.purge(epoch);
    this.#recordedLog.begin(epoch);
  }
}
