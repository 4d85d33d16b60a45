// The log and a plain array of the same events: whatever is stored, changed, purged, limited and reopened, both give
// the same answers. The name of a failing test contains its seed; SEEDS_FROM and SEEDS select others.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { MAX_PAGE_BYTES } from "../../../src/protocol/index.ts";
import { LogStore } from "../../../src/room/log/log-store.ts";
import { RoomLog } from "../../../src/room/log/room-log.ts";
import { ROOM_SCHEMA } from "../../../src/room/log/room-schema.ts";
import { RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const { SEEDS: COUNT = 40, SEEDS_FROM = 1 } = process.env;
const SEEDS = Array.from({ length: Number(COUNT) }, (_, index) => Number(SEEDS_FROM) + index);
const LIMITS = [1, 2, 3, 7, 8, 31, 100];
const USERS = ["ada", "bo", "cy"];
const STEPS = 120;

interface Held {
  readonly at: number;
  readonly seq: number;
  readonly author: string;
  readonly keyed: boolean;
  data: string;
  deleted: boolean;
  changed: number;
}

/** The simplest model of a log. */
class Model {
  held: Held[] = [];
  head = 0;
  floor = 0;
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(author: string, data: string, keyed: boolean, at: number): void {
    this.held.push({ at, seq: ++this.head, author, keyed, data, deleted: false, changed: 0 });
    this.retire();
  }

  retire(): void {
    if (this.held.length === 0) return;
    this.held = this.held.slice(-this.limit);
    this.floor = (this.held[0]?.seq ?? 1) - 1;
  }

  /** Removes the oldest that were stored at `upTo` or before, at most `max`. Answers how many. */
  age(upTo: number, max: number): number {
    const old = this.held.filter(({ at }) => at <= upTo).slice(0, max);
    this.held = this.held.slice(old.length);
    if (old.length > 0) this.floor = (this.held[0]?.seq ?? this.head + 1) - 1;
    return old.length;
  }

  unread(after: number, user: string): number {
    return this.held.filter(({ seq, author, deleted }) => seq > after && author !== user && !deleted).length;
  }

  replay(after: number): string[] {
    const entries = this.held.flatMap((message): [number, string][] => {
      const { seq, changed } = message;
      if (seq > after) return [[seq, shown(message)]];
      if (changed <= after) return [];
      return [
        [changed, message.deleted ? `deleted ${seq} at ${changed}` : `${shown(message)} at ${changed}`],
      ];
    });
    return entries.sort(([a], [b]) => a - b).map(([, text]) => text);
  }
}

const shown = ({ seq, data, deleted }: Held): string => `${seq} ${deleted ? null : data}`;

/** An encoded event in the form of the model. */
function inWords(json: string): string {
  const { type, seq, target, message, data } = JSON.parse(json);
  if (type === "messageDeleted") return `deleted ${target} at ${seq}`;
  if (type === "messageUpdated") return `${message.seq} ${message.data} at ${seq}`;
  return `${seq} ${data}`;
}

class Play {
  readonly #database = new SqliteForTest();
  readonly #random: SeededRandom;
  #epochs = 0;
  #model: Model;
  #log: RoomLog;
  #ids = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seededRandom(seed));
    this.#model = new Model(this.#random.pick(LIMITS));
    migrate(this.#database, ROOM_SCHEMA);
    LogStore.begin(this.#database, { epoch: "e0", ring: this.#model.limit, now: 0 });
    this.#log = this.#open();
  }

  step(): void {
    const roll = this.#random.next();
    if (roll < 0.4) this.#send();
    else if (roll < 0.45) this.#age();
    else if (roll < 0.8) this.#change();
    else if (roll < 0.9) this.#restart(this.#model.limit);
    else if (roll < 0.94) this.#restart(this.#random.pick(LIMITS));
    else if (roll < 0.98) this.#limit(this.#random.pick(LIMITS));
    else this.#purge();
    this.#compare();
  }

  #open(): RoomLog {
    const store = new LogStore(this.#database, this.#model.limit);
    return new RoomLog(store, { newEpoch: `e${++this.#epochs}`, now: 0 });
  }

  #send(): void {
    for (let n = this.#random.upTo(this.#random.next() < 0.1 ? 150 : 5); n > 0; n--) {
      const author = this.#random.pick(USERS);
      const keyed = this.#random.next() < 0.2;
      const data = `m${++this.#ids}`;
      const before = this.#database.changes;
      const draft = { id: data, event: "chat", data: `"${data}"`, keyed };
      const stored = this.#log.storeMessage(draft, { from: { id: author }, byServer: false }, this.#ids);
      this.#model.add(author, data, keyed, this.#ids);
      expect(stored).toMatchObject({ ok: true, value: { result: { seq: this.#model.head } } });
      expect(this.#database.changes - before).toBe(1);
    }
  }

  #change(): void {
    for (let n = this.#random.upTo(this.#random.next() < 0.1 ? 200 : 5); n > 0; n--) {
      const held = this.#random.any(this.#model.held);
      const found = held && this.#log.find(held.seq);
      if (held === undefined || found === undefined || found.deleted) continue;
      const isDeletion = this.#random.next() < 0.1;
      const data = `c${++this.#ids}`;
      const meta = isDeletion ? { ...found.meta, deletedAt: this.#ids } : found.meta;
      const before = this.#database.changes;
      const { seq } = this.#log.change(
        found,
        { meta, data: isDeletion ? "null" : `"${data}"`, by: null },
        this.#ids,
      );
      expect(this.#database.changes - before).toBe(1);
      Object.assign(held, { data, changed: ++this.#model.head, deleted: isDeletion });
      expect(seq).toBe(this.#model.head);
    }
  }

  #age(): void {
    const upTo = this.#random.next() < 0.2 ? this.#ids : (this.#random.any(this.#model.held)?.at ?? 0);
    const max = this.#random.next() < 0.5 ? 1_000 : this.#random.upTo(30);
    const { messages } = this.#log;
    const aged = this.#log.aged(upTo, max);
    expect(aged?.count ?? 0).toBe(this.#model.age(upTo, max));
    if (aged !== undefined) this.#log.remove(aged);
    const rows = [...this.#database.sql.exec<{ rows: number }>("SELECT COUNT(*) AS rows FROM log")];
    expect(rows).toEqual([{ rows: this.#model.held.length }]);
    expect([this.#log.oldestAt, this.#log.messages]).toEqual([this.#model.held[0]?.at, messages]);
  }

  #restart(limit: number): void {
    this.#database.closeStatements();
    this.#model.limit = limit;
    this.#model.retire();
    this.#log = this.#open();
  }

  #limit(limit: number): void {
    this.#model.limit = limit;
    this.#model.retire();
    this.#log.setRetention(limit);
  }

  #purge(): void {
    this.#log.purge(`e${++this.#epochs}`);
    this.#model = new Model(this.#model.limit);
  }

  #compare(): void {
    const { head, floor, held } = this.#model;
    expect(this.#log).toMatchObject({ head, floor });
    for (let n = 0; n < 4; n++) {
      const seq = this.#random.upTo(head + 3) - 1;
      const found = this.#log.find(seq);
      const due = held.find((one) => one.seq === seq);
      expect([seq, found?.seq, found?.author]).toEqual([seq, due?.seq, due?.author]);
      const user = this.#random.pick(USERS);
      expect([seq, this.#log.countUnread(seq, user)]).toEqual([seq, this.#model.unread(seq, user)]);
      this.#compareFrom(seq);
    }
    const latest = [...this.#log.latestAuthors()].map((row) => [row.seq, row.author, row.deleted !== null]);
    expect(latest).toEqual(held.map((one) => [one.seq, one.author, one.deleted]).toReversed());
    const one = this.#random.any(held);
    if (!one?.keyed) return;
    const again = { id: this.#log.find(one.seq)?.meta.id ?? "", event: "chat", data: "1", keyed: true };
    expect(this.#log.findRepeat(again, { from: { id: one.author }, byServer: false })).toMatchObject({
      value: { seq: one.seq },
    });
  }

  #compareFrom(seq: number): void {
    const { floor, head, held } = this.#model;
    const { recovery } = this.#log.recover(`${this.#log.epoch}.${seq}`);
    expect([seq, recovery]).toEqual([seq, seq >= floor && seq <= head ? "complete" : "lost"]);
    const limit = this.#random.upTo(40);
    const size = { limit, maxBytes: MAX_PAGE_BYTES };
    if (recovery === "complete") {
      const due = this.#model.replay(seq);
      const page = this.#log.eventsAfter(seq, null, size);
      expect([seq, page.events.map(inWords), page.more]).toEqual([
        seq,
        due.slice(0, limit),
        due.length > limit,
      ]);
      expect(due.length).toBeLessThanOrEqual(this.#model.limit);
      const upTo = this.#random.upTo(head + 1) - 1;
      const between = held.some((one) =>
        one.seq > seq ? one.seq <= upTo : one.changed > seq && one.changed <= upTo,
      );
      expect([seq, upTo, this.#log.hasEvents(seq, upTo, null)]).toEqual([seq, upTo, between]);
    }
    const older = this.#log.messagesBefore(seq + 1, null, size);
    const due = held.filter((one) => one.seq <= seq);
    expect([seq, older.events.map(inWords)]).toEqual([seq, due.slice(-limit).map(shown)]);
    expect(older.more).toBe(due.length > limit);
  }
}

describe("a log and a plain array", () => {
  it.each(SEEDS)(
    "[S15][S16][S13][S12][F7][Z31] give the same answers after any sequence (seed %i)",
    (seed) => {
      const play = new Play(seed);
      for (let step = 0; step < STEPS; step++) play.step();
    },
  );
});

describe("a room with many changes and few messages", () => {
  it("[S15] keeps its history, its cursors and its retries", () => {
    const test = new RoomForTest({ historyLimit: 200 });
    const ada = test.join("ada");
    for (let n = 0; n < 200; n++) ada.say({ type: "send", id: `m${n}`, data: n });
    test.flush();
    const retryOf = `${test.log.epoch}.${test.log.head}`;
    const bo = test.join("bo");
    for (let n = 0; n < 2_000; n++)
      bo.say({
        type: "react",
        id: `r${n}`,
        seq: 1 + (n % 5),
        emoji: "👍",
        op: n % 10 < 5 ? "add" : "remove",
      });
    test.flush();
    test.restart("crash");
    expect(test.log).toMatchObject({ head: 2_200, floor: 0 });
    const back = test.join("ada", { since: retryOf });
    expect(back.socket.events.find(({ type }) => type === "connected")).toMatchObject({
      recovery: "complete",
    });
    // The last change of each message, although nothing is left of the changes.
    expect(back.socket.ofType("messageUpdated").map(({ seq }) => seq)).toEqual([
      2_196, 2_197, 2_198, 2_199, 2_200,
    ]);
    expect(back.ask({ type: "send", id: "late", data: 1, retryOf })).toMatchObject({
      type: "ok",
      seq: 2_201,
    });
    expect(test.join("cy", { history: 200 }).seqs).toHaveLength(200);
  });
});
