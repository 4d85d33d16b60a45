// What a relay holds of a log, and what its room has in memory, against the rows: whatever is stored, changed, deleted,
// expires, is erased and removed, all three make the same pages. The name of a failing test contains its seed; SEEDS_FROM
// and SEEDS select others.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import { accept, MAX_PAGE_BYTES, type Topics } from "../../../src/protocol/index.ts";
import type { Page, PageSize, ReplaySnapshot } from "../../../src/room/log/log-page.ts";
import { LogStore } from "../../../src/room/log/log-store.ts";
import { RoomLog } from "../../../src/room/log/room-log.ts";
import { eraseBatch } from "../../../src/room/portable/user-erasure.ts";
import type { Position } from "../../../src/room/relays/relay-calls.ts";
import type { Person } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { TwoSides } from "./support/two-sides.ts";

const { SEEDS: COUNT = 30, SEEDS_FROM = 1 } = process.env;
const SEEDS = Array.from({ length: Number(COUNT) }, (_, index) => Number(SEEDS_FROM) + index);
const BOUNDS = [undefined, { messages: 12, bytes: 100_000 }, { messages: 100, bytes: 5_000 }];
const LIMITS = [5, 20, 100];
const EVENTS = ["chat", "task"];
const TEXTS = ["short", "é".repeat(40), "🎉".repeat(30), `"by":"x","data":{ ${"long ".repeat(60)}`];

const total = { made: 0, atRoom: 0, open: 0, notHeld: 0, sleeps: 0, erasures: 0, purges: 0, expired: 0 };

class Play {
  readonly #random: SeededRandom;
  readonly #sides: TwoSides;
  readonly #people: Person[] = [];
  #listener = 0;
  /** From where on the relay has missed nothing. */
  #began: Position | null = null;
  #ids = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seededRandom(seed));
    const recent = this.#random.pick(BOUNDS);
    this.#sides = new TwoSides({
      ...{ historyLimit: this.#random.pick(LIMITS), isRecorded: false, streamTimeoutMs: 20_000 },
      ...(this.#random.next() < 0.3 && { historySeconds: 300 }),
      relays: { above: 0, each: 100, isHeld: () => false, ...(recent !== undefined && { recent }) },
    });
  }

  async run(steps: number): Promise<void> {
    await this.#begin();
    for (let step = 0; step < steps; step++) {
      for (let n = this.#random.upTo(6); n > 0; n--) this.#act();
      if (this.#random.next() < 0.05) await this.#rarely();
      await this.#sides.carry();
      if (this.#sides.relay.connections.size === 0) await this.#begin();
      this.#began ??= this.#sides.relay.held.from;
      for (let n = 0; n < 4; n++) this.#compare();
    }
    expect(this.#sides.room.faults).toEqual([]);
  }

  async #begin(): Promise<void> {
    const { room } = this.#sides;
    for (const user of ["ada", "bo", "cy"])
      this.#people.push(room.join(user, { permission: "moderate", name: `${user}!` }));
    await this.#sides.join(`listener${++this.#listener}`);
    await this.#sides.carry();
    this.#began = this.#sides.relay.held.from;
  }

  #act(): void {
    const { random, seq } = { random: this.#random, seq: this.#anySeq() };
    const person = random.pick(this.#people);
    const id = `i${++this.#ids}`;
    const text = `${id} ${random.pick(TEXTS)}`;
    const roll = random.next();
    if (roll < 0.35) person.say({ type: "send", id, event: random.pick(EVENTS), data: text });
    else if (roll < 0.4) person.say({ type: "send", id, data: text, expiresInSeconds: 60 });
    else if (roll < 0.45) person.say({ type: "send", id, stream: true, data: { text } });
    else if (roll < 0.6) person.say({ type: "edit", id, seq, data: text });
    else if (roll < 0.68) person.say({ type: "delete", id, seq });
    else if (roll < 0.9)
      person.say({
        type: "react",
        id,
        seq,
        emoji: random.pick(["👍", "🎉"]),
        op: random.pick(["add", "remove"]),
      });
    else this.#onOpen(id);
    if (random.next() < 0.3) this.#sides.room.flush();
    if (random.next() < 0.1) this.#sides.room.later(random.upTo(30_000));
  }

  #onOpen(id: string): void {
    const { room } = this.#sides.room;
    const seq = room.streams.seqs[0];
    if (seq === undefined) return;
    const n = (room.streams.find(seq)?.n ?? 0) + 1;
    if (this.#random.next() < 0.5)
      for (const one of this.#people) one.say({ type: "append", seq, n, text: ` ${id}` });
    else for (const one of this.#people) one.say({ type: "finish", id, seq, status: "complete" });
  }

  #anySeq(): number {
    const { head, floor } = this.#sides.room.log;
    return floor + this.#random.upTo(Math.max(1, head - floor));
  }

  async #rarely(): Promise<void> {
    const { room } = this.#sides;
    const roll = this.#random.next();
    if (roll < 0.4) {
      total.erasures++;
      const order = { user: this.#random.pick(["ada", "bo"]), until: room.now };
      room.call(SERVER, (turn) => accept(eraseBatch(room.room, order, 0, turn)));
    } else if (roll < 0.7) {
      const historyLimit = this.#random.pick(LIMITS);
      room.call(SERVER, (turn) => room.room.moderation.configure(SERVER, { historyLimit }, turn));
    } else if (roll < 0.8) {
      total.purges++;
      this.#people.length = 0;
      room.call(SERVER, (turn) => room.room.moderation.purge(SERVER, turn));
    } else {
      total.sleeps++;
      await this.#sides.carry();
      this.#sides.sleepRelay([]);
      this.#began = null;
      await this.#sides.join(`listener${++this.#listener}`);
    }
  }

  #compare(): void {
    const { head, floor } = this.#sides.room.log;
    const topics: Topics = this.#random.pick([null, ["task"], ["chat", "none"]]);
    const size = { limit: this.#random.upTo(30), maxBytes: this.#random.pick([400, 4_000, MAX_PAGE_BYTES]) };
    const place = floor + this.#random.upTo(head - floor + 1) - 1;
    if (this.#random.next() < 0.5) this.#compareWith((log) => log.messagesBefore(place + 1, topics, size));
    else this.#compareEvents(place, topics, size);
  }

  #compareEvents(after: number, topics: Topics, size: PageSize): void {
    const { head } = this.#sides.room.log;
    const told: ReplaySnapshot = {
      since: Math.max(0, after - this.#random.upTo(9)),
      asOf: after + this.#random.upTo(9),
    };
    const isPaged = this.#random.next() < 0.4 && told.asOf <= head;
    this.#compareWith((log) => log.eventsAfter(after, topics, size, isPaged ? told : undefined));
  }

  #compareWith(read: (log: RoomLog) => Page): void {
    const { room, relay } = this.#sides;
    const rows = new LogStore(room.database, room.room.settings.historyLimit);
    const due = read(new RoomLog(rows, { newEpoch: "none", now: 0 }));
    const { recipe, ...page } = read(room.log);
    expect(page).toEqual(due);
    if (recipe === undefined) {
      total.atRoom++;
      if (due.events.some((event) => event.includes('"stream":"open"'))) total.open++;
      return;
    }
    expect(due.events.filter((event) => event.includes('"stream":"open"'))).toEqual([]);
    const from = relay.held.from;
    const made = relay.held.make(recipe);
    if (from?.epoch === room.log.epoch && (from.seq <= recipe.reach || from.seq <= recipe.floor)) {
      total.made++;
      expect(made).toEqual(due.events);
    } else {
      total.notHeld++;
      // What it has never had: it lets go of nothing before the room does.
      const { seq = 0, epoch } = this.#began ?? {};
      if (epoch === room.log.epoch) expect(recipe.reach).toBeLessThan(seq);
      expect(made).toBeUndefined();
    }
    if (due.events.some((event) => event.includes("messageDeleted") && event.includes('"by":null')))
      total.expired++;
  }
}

describe("what a relay holds of a log", () => {
  it.each(SEEDS)("[L121][L122][L123] makes the pages that the rows make (seed %i)", (seed) =>
    new Play(seed).run(60),
  );

  it("[L121] has met every kind of event", () => {
    expect(Object.entries(total).filter(([, times]) => times === 0)).toEqual([]);
  });
});
