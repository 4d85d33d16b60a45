// What one client must have received and hold, derived from what happened in the log and from how far its connection
// has got. The server fails if it sends anything else, in another order, twice or not at all; the client fails if it
// holds anything else. A frame that moves the cursor is a case in `#take`.

import {
  eventsIn,
  isRecord,
  type Message,
  matchesTopics,
  parseCursor,
  type Topics,
} from "../../src/protocol/index.ts";
import type { Extent, LogEpoch, RecordedLog, ReplayItem } from "./recorded-log.ts";

type Frame = Readonly<Record<string, unknown>> & { readonly type?: unknown };

/** A page reads at most this many messages. */
const ROWS_LOOKED_AT = 2_000;

/** A message as the client has received it, as JSON. */
export interface Held {
  readonly seq: number;
  readonly event: string;
  /** The `seq` of its last change. */
  readonly version: number;
  readonly body: string;
}

type Stage =
  | { readonly at: "replay"; readonly due: ReplayItem[]; readonly since: number }
  | { readonly at: "paging"; readonly read: { readonly since: number; readonly asOf: number } }
  | { readonly at: "live" };

export class ExpectedClient {
  /** The events that its listeners must receive, in order, from the start. */
  readonly events: string[] = [];
  /** The messages that it must hold, by `seq`. */
  readonly held = new Map<number, Held>();
  /** How often it must fire `lost`. */
  losses = 0;
  readonly seen = {
    partial: 0,
    complete: 0,
    duplicates: 0,
    gonePages: 0,
    renewals: 0,
    changes: 0,
    receipts: 0,
  };
  /** What does not fit; the test fails if there is any. */
  readonly faults: string[] = [];
  readonly #recordedLog: RecordedLog;
  readonly #history: number;
  #logEpoch: LogEpoch | undefined;
  #position: number | undefined;
  #stage: Stage = { at: "live" };
  #filter: Topics = null;
  #floor = 0;
  #head = 0;
  #unechoed = new Set<string>();
  #since: string | null = null;
  /** How far each user has read, as far as this connection has received it. */
  #read = new Map<string, number>();
  /** How often each has read no further than before. */
  readonly #fell = new Map<string, number>();
  #crashes = 0;
  #ownRead = 0;

  constructor(recordedLog: RecordedLog, history: number) {
    this.#recordedLog = recordedLog;
    this.#history = history;
  }

  /** The room's object has died. A connection at a relay goes on, and a position that was not written is told again. */
  roomCrashed(): void {
    this.#crashes += 1;
  }

  get cursor(): string | null {
    return this.#position === undefined ? null : `${this.#logEpoch?.epoch}.${this.#position}`;
  }

  /** The topics in force on its connection. */
  get filter(): Topics {
    return this.#filter;
  }

  get logEpoch(): LogEpoch | undefined {
    return this.#logEpoch;
  }

  get floor(): number {
    return this.#floor;
  }

  dials(since: string | null, filter: Topics): void {
    if (since !== this.cursor) this.faults.push(`asked for ${since}, stands at ${this.cursor}`);
    this.#since = since;
    this.#filter = filter;
  }

  /** Takes a text that the client sent. */
  sends(command: Frame): void {
    if (command.type === "send" && command.echo === false) this.#unechoed.add(String(command.id));
  }

  /** Takes a text that the client is about to receive; `extent` is the log when it was sent. */
  receives(text: string, extent: Extent): void {
    const frame: Frame = JSON.parse(text);
    const events = frame.type === "batch" ? eventsIn(frame).filter(isRecord) : [frame];
    for (const event of events) this.#take(event, extent);
  }

  #take(frame: Frame, extent: Extent): void {
    switch (frame.type) {
      case "connected":
        this.#begin(frame);
        return;
      case "caughtUp":
        this.#dropUpTo(frame.floor);
        this.#catchUp(Number(frame.seq), frame.more === true);
        return;
      case "message":
      case "messageUpdated":
      case "messageDeleted":
      case "reaction":
        this.#takeEvent(frame, Number(frame.seq));
        return;
      case "receipt":
        this.#takeReceipt(String(frame.user), Number(frame.seq));
        return;
      case "error":
        if (frame.code === "not_found" && String(frame.path) === "after") this.seen.gonePages += 1;
        return;
      case "ok":
        this.#takeAnswer(frame, Number(frame.seq), extent);
    }
  }

  #begin(frame: Frame): void {
    const { recovery, epoch } = frame;
    const extent = { head: Number(frame.head), floor: Number(frame.floor) };
    const { head, floor } = extent;
    const logEpoch = this.#recordedLog.logEpoch(epoch);
    const cursor = parseCursor(this.#since ?? "");
    const reached = cursor?.epoch === epoch && cursor !== undefined && cursor.seq >= floor;
    const right = cursor === undefined ? ["none"] : reached ? ["complete", "partial"] : ["lost"];
    if (!right.includes(String(recovery))) this.faults.push(`${recovery} with ${this.#since}, ${floor}`);
    if (logEpoch === undefined || head > logEpoch.head)
      this.faults.push(`head ${head} of ${epoch}, which has ${logEpoch?.head}`);
    if (logEpoch === this.#logEpoch && floor < this.#floor) this.faults.push(`the floor fell to ${floor}`);
    this.#floor = floor;
    this.#head = head;
    this.#read.clear();
    this.#ownRead = 0;
    if (recovery === "partial") this.seen.partial += 1;
    if (recovery === "complete") this.seen.complete += 1;
    if (right.includes("complete")) {
      this.#dropUpTo(floor);
      const since = cursor?.seq ?? 0;
      this.#stage = { at: "replay", since, due: logEpoch?.replay(since, extent, this.#filter) ?? [] };
      return;
    }
    if (this.#position !== undefined) this.losses += 1;
    this.held.clear();
    this.#logEpoch = logEpoch;
    this.#position = undefined;
    this.#stage = { at: "replay", since: head, due: this.#latest(extent) };
  }

  /** The messages that the log no longer holds. */
  #dropUpTo(floor: unknown): void {
    if (typeof floor !== "number") return;
    this.#floor = floor;
    for (const seq of [...this.held.keys()]) if (seq <= floor) this.held.delete(seq);
  }

  #latest(extent: Extent): ReplayItem[] {
    if (this.#history === 0) return [];
    const looked = this.#logEpoch?.held(extent, null).slice(-ROWS_LOOKED_AT) ?? [];
    return looked
      .filter(({ event }) => matchesTopics(this.#filter, event))
      .slice(-this.#history)
      .map(({ seq }) => ({ seq, json: this.#logEpoch?.version(seq, extent.head)?.body ?? "" }));
  }

  #catchUp(seq: number, more: boolean): void {
    if (this.#stage.at === "replay") {
      const [next] = this.#stage.due;
      if (next !== undefined && (next.seq <= seq || !more))
        this.faults.push(`it did not receive ${next.json}`);
      this.#stage = more
        ? { at: "paging", read: { since: this.#stage.since, asOf: this.#head } }
        : { at: "live" };
      this.#position = seq;
      return;
    }
    this.#skipTo(seq + 1);
    this.#stage = { at: "live" };
  }

  #takeEvent(frame: Frame, seq: number): void {
    const json = JSON.stringify(frame);
    if (this.#stage.at === "replay") {
      const due = this.#stage.due.shift();
      if (due?.json !== json) this.faults.push(`replayed ${json} in place of ${due?.json}`);
    } else {
      if (this.#stage.at === "paging") this.faults.push(`while paging it received ${json}`);
      this.#skipTo(seq);
      const live = this.#logEpoch?.at(seq);
      if (live?.json !== json) this.faults.push(`received ${json} in place of ${live?.json}`);
      if (live !== undefined && !matchesTopics(this.#filter, live.event))
        this.faults.push(`should not have received ${json}`);
    }
    this.#receiveEvent(json, seq);
  }

  /** Events that were not sent must match none of its topics. */
  #skipTo(seq: number): void {
    const position = this.#position ?? 0;
    if (seq <= position) this.faults.push(`${seq} came after ${position}`);
    if (!this.#logEpoch?.isQuiet(position, seq, this.#filter))
      this.faults.push(`an event between ${position} and ${seq} is missing`);
    this.#position = Math.max(position, seq - 1);
  }

  #takeReceipt(user: string, seq: number): void {
    this.seen.receipts += 1;
    const before = this.#read.get(user) ?? 0;
    if (seq <= before) {
      const times = (this.#fell.get(user) ?? 0) + 1;
      this.#fell.set(user, times);
      if (times > this.#crashes) this.faults.push(`${user} has read ${seq} after ${before}`);
    }
    this.#read.set(user, seq);
  }

  #takeRead(seq: number): void {
    if (seq < this.#ownRead) this.faults.push(`its position went back from ${this.#ownRead} to ${seq}`);
    this.#ownRead = seq;
  }

  #takeAnswer(frame: Frame, seq: number, extent: Extent): void {
    if (frame.duplicate === true) this.seen.duplicates += 1;
    if ("expiresAt" in frame) this.seen.renewals += 1;
    if ("unread" in frame) this.#takeRead(seq);
    else if (Array.isArray(frame.events)) this.#takePage(frame.events, seq, frame.more === true, extent);
    else if (Array.isArray(frame.messages)) {
      for (const message of frame.messages) this.#takeOlder(message, extent);
    } else if ("topics" in frame) {
      this.#skipTo(seq + 1);
      this.#filter = Array.isArray(frame.topics) ? frame.topics.map(String) : null;
    } else if (this.#unechoed.has(String(frame.id)) && frame.duplicate !== true && seq > 0) {
      this.#skipTo(seq);
      this.#position = seq;
      const own = this.#logEpoch?.at(seq);
      if (own !== undefined && matchesTopics(this.#filter, own.event)) this.#hold(own.json);
    }
  }

  #takePage(events: readonly Frame[], seq: number, more: boolean, extent: Extent): void {
    this.#dropUpTo(extent.floor);
    if (this.#stage.at !== "paging") {
      this.faults.push("a page came, and no replay was being paged");
      return;
    }
    const { read } = this.#stage;
    const due = this.#logEpoch?.replay(this.#position ?? 0, extent, this.#filter, read) ?? [];
    for (const event of events) {
      const json = JSON.stringify(event);
      const next = due.shift();
      if (next?.json !== json) this.faults.push(`a page contained ${json} in place of ${next?.json}`);
      this.#receiveEvent(json, Number(event.seq));
    }
    const [next] = due;
    if (next !== undefined && (next.seq <= seq || !more)) this.faults.push(`no page contained ${next.json}`);
    this.#position = seq;
  }

  #takeOlder(message: Frame, { head }: Extent): void {
    const json = JSON.stringify(message);
    const due = this.#logEpoch?.version(Number(message.seq), head)?.body;
    if (json !== due) this.faults.push(`an older page contained ${json} in place of ${due}`);
    this.#hold(json);
  }

  #receiveEvent(json: string, seq: number): void {
    this.events.push(json);
    this.#position = seq;
    if (json.startsWith('{"type":"message",')) this.#hold(json);
    else this.#alter(JSON.parse(json));
  }

  #hold(body: string): void {
    // These are the last fields before `data`; a message that was never changed is not parsed for them.
    const {
      seq,
      event,
      changed = seq,
    }: { seq: number; event: string; changed?: number } = body.includes('"changed":')
      ? JSON.parse(body)
      : {
          seq: Number(/^\{"type":"message","seq":(\d+),/.exec(body)?.[1]),
          event: /"event":"([^"]+)"/.exec(body)?.[1] ?? "",
        };
    if (seq <= this.#floor || changed <= (this.held.get(seq)?.version ?? 0)) return;
    this.held.set(seq, { seq, event, version: changed, body });
  }

  #alter(change: Change): void {
    this.seen.changes += 1;
    const target = change.type === "messageUpdated" ? change.message.seq : change.target;
    const held = this.held.get(target);
    if (held === undefined || held.version >= change.seq) return;
    const message: Message = JSON.parse(held.body);
    const now = change.type === "messageUpdated" ? change.message : altered(message, change);
    this.held.set(target, { ...held, version: now.changed ?? change.seq, body: JSON.stringify(now) });
  }
}

type Change =
  | { readonly type: "messageUpdated"; readonly seq: number; readonly message: Message }
  | { readonly type: "messageDeleted"; readonly seq: number; readonly target: number; readonly at: number }
  | {
      readonly type: "reaction";
      readonly seq: number;
      readonly target: number;
      readonly emoji: string;
      readonly user: string;
      readonly op: "add" | "remove";
    };

function altered(held: Message, change: Exclude<Change, { type: "messageUpdated" }>): Message {
  const { mentions: _, reactions = {}, ...rest } = held;
  if (change.type === "messageDeleted") {
    const { editedAt: _, editedBy: __, ...unedited } = rest;
    return { ...unedited, data: null, deletedAt: change.at, changed: change.seq };
  }
  const { emoji, user, op, seq } = change;
  const { [emoji]: users = [], ...others } = reactions;
  const left = users.filter((id) => id !== user);
  const now = op === "add" ? [...left, user] : left;
  const all = now.length > 0 ? { ...others, [emoji]: now } : others;
  const { reactions: __, ...bare } = held;
  return { ...bare, ...(Object.keys(all).length > 0 && { reactions: all }), changed: seq };
}
