// A reader that knows only the protocol folds what it receives, while the log is written, changed and reduced and its
// replay is paged. At every `caughtUp` without `more` it must hold what the log holds. The name of a failing test
// contains its seed; SEEDS_FROM and SEEDS select others.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import type { Message } from "../../../src/protocol/index.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import type { Sent } from "../../support/socket-for-test.ts";

const { SEEDS: COUNT = 20, SEEDS_FROM = 1 } = process.env;
const SEEDS = Array.from({ length: Number(COUNT) }, (_, index) => Number(SEEDS_FROM) + index);

const seen = { pages: 0, dropped: 0, lost: 0, gone: 0, ends: 0 };

/** The compared fields of a message: a deletion does not report an earlier edit. */
const shown = ({ seq, data, deletedAt, reactions }: Message) => ({
  ...{ seq, data, isDeleted: deletedAt !== undefined },
  reactions: reactions ?? {},
});

class Reader {
  readonly #test: RoomForTest;
  readonly #held = new Map<number, Message>();
  readonly #name: string;
  #person: Person | undefined;
  #cursor: string;
  #pageFrom: number | undefined;
  #pages = 0;
  #isLive = false;
  /** Everything after this seq was received. */
  #knowsFrom = 0;

  constructor(test: RoomForTest, name: string) {
    this.#test = test;
    this.#name = name;
    this.#cursor = `${test.log.epoch}.0`;
  }

  connect(frameBytes: number | undefined): void {
    this.#person?.leave("lost");
    this.#isLive = false;
    this.#pageFrom = undefined;
    const bounds = frameBytes === undefined ? {} : { frameBytes };
    this.#person = this.#test.connect(this.#name, { since: this.#cursor, history: 5, ...bounds });
  }

  /** Requests the next page, if there is one. */
  ask(limit: number): void {
    if (this.#pageFrom === undefined) return;
    this.#person?.say({ type: "history", id: `p${++this.#pages}`, after: this.#pageFrom, limit });
    this.#pageFrom = undefined;
  }

  take(): void {
    for (const event of this.#person?.socket.take() ?? []) this.#take(event);
  }

  #take(event: Sent): void {
    switch (event.type) {
      case "connected":
        if (event.recovery === "lost") {
          seen.lost += 1;
          this.#held.clear();
          this.#knowsFrom = Number.POSITIVE_INFINITY;
        }
        this.#dropUpTo(Number(event.floor));
        return;
      case "ok":
        this.#takePage(event);
        return;
      case "error":
        seen.gone += 1;
        // Retention has passed the page: the reader returns with its cursor.
        this.connect(undefined);
        this.#test.flush();
        this.take();
        return;
      case "caughtUp":
        if (event.floor !== undefined) this.#dropUpTo(Number(event.floor));
        this.#moveTo(Number(event.seq));
        if (event.more === true) this.#pageFrom = Number(event.seq);
        else this.#compare();
        return;
      default:
        this.#fold(event);
    }
  }

  #takePage({ floor, events, seq, more }: Sent): void {
    if (!Array.isArray(events)) return;
    seen.pages += 1;
    this.#dropUpTo(Number(floor));
    for (const event of events) this.#fold(event);
    this.#moveTo(Number(seq));
    if (more === true) this.#pageFrom = Number(seq);
  }

  #fold(event: Sent): void {
    if (typeof event.seq === "number") this.#moveTo(event.seq);
    if (isMessage(event)) this.#hold(event);
    else if (event.type === "messageUpdated") this.#replace(event.message);
    else if (event.type === "messageDeleted") {
      const held = this.#held.get(Number(event.target));
      if (held === undefined) return;
      const { reactions: _, mentions: __, ...rest } = held;
      this.#hold({ ...rest, data: null, deletedAt: Number(event.at) });
    } else if (event.type === "reaction") this.#react(event);
  }

  #replace(message: unknown): void {
    if (isMessage(message) && this.#held.has(message.seq)) this.#hold(message);
  }

  #react({ target, emoji, user, op }: Sent): void {
    const held = this.#held.get(Number(target));
    if (held === undefined) return;
    const { [String(emoji)]: users = [], ...others } = held.reactions ?? {};
    const left = users.filter((id) => id !== user);
    const now = op === "add" ? [...left, String(user)] : left;
    this.#hold({ ...held, reactions: now.length > 0 ? { ...others, [String(emoji)]: now } : others });
  }

  #hold(message: Message): void {
    this.#held.set(message.seq, message);
  }

  #moveTo(seq: number): void {
    this.#cursor = `${this.#test.log.epoch}.${seq}`;
  }

  #dropUpTo(floor: number): void {
    for (const seq of [...this.#held.keys()]) {
      if (seq > floor) continue;
      seen.dropped += 1;
      this.#held.delete(seq);
    }
  }

  /** Frames come with the flush that made them, so the log is in the state of this `caughtUp`. */
  #compare(): void {
    if (this.#isLive) return;
    this.#isLive = true;
    seen.ends += 1;
    const { recordedLog, log } = this.#test;
    const { head, floor } = log;
    const due = recordedLog.now
      .held({ head, floor }, null)
      .filter(({ seq }) => seq > this.#knowsFrom || this.#held.has(seq))
      .map(({ seq }): Message => JSON.parse(recordedLog.now.version(seq, head)?.body ?? "null"));
    const held = [...this.#held.values()].sort((a, b) => a.seq - b.seq);
    expect(held.map(shown)).toEqual(due.map(shown));
  }
}

const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && "type" in value && value.type === "message";

let names = 0;

/** Writes, changes and removes messages. */
function disturb(test: RoomForTest, writer: Person, random: SeededRandom): void {
  for (let count = random.upTo(random.next() < 0.1 ? 80 : 12); count > 0; count--) {
    const { head, floor } = test.log;
    const seq = floor + random.upTo(Math.max(1, head - floor));
    const roll = random.next();
    const name = `d${++names}`;
    if (roll < 0.4)
      writer.say({ type: "send", id: name, data: `${name} ${"x".repeat(random.upTo(30_000))}` });
    else if (roll < 0.6) writer.say({ type: "edit", id: name, seq, data: `edited ${name}` });
    else if (roll < 0.75) writer.say({ type: "delete", id: name, seq });
    else
      writer.say({
        type: "react",
        id: name,
        seq,
        emoji: random.pick(["👍", "🎉"]),
        op: random.pick(["add", "remove"]),
      });
  }
}

describe("a reader whose replay is paged", () => {
  it.each(SEEDS)("[F10][F4][E6] holds what the log holds, at every caughtUp (seed %i)", (seed) => {
    const random = new SeededRandom(seededRandom(seed));
    const test = new RoomForTest({ historyLimit: 50 + random.upTo(60) });
    const writer = test.join("writer", { permission: "moderate", history: 0, presence: false });
    for (let n = 0; n < 60; n++)
      writer.say({ type: "send", id: `m${n}`, data: `${n} ${"x".repeat(25_000)}` });
    test.flush();
    const readers = Array.from({ length: random.upTo(3) }, (_, at) => new Reader(test, `reader${at}`));
    for (let step = 0; step < 80; step++) {
      const reader = random.pick(readers);
      if (step < readers.length || random.next() < 0.05)
        (readers[step] ?? reader).connect(random.pick([undefined, 4_096, 100_000]));
      if (random.next() < 0.5) disturb(test, writer, random);
      for (const each of readers) if (random.next() < 0.6) each.ask(random.upTo(12));
      if (random.next() < 0.3) disturb(test, writer, random);
      test.flush();
      for (const each of readers) each.take();
      writer.socket.take();
    }
    expect(test.faults).toEqual([]);
  });

  it("[F10] has met every kind of event", () => {
    expect(Object.entries(seen).filter(([, times]) => times === 0)).toEqual([]);
  });
});
