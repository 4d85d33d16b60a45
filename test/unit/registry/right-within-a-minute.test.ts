// Rooms that fill and empty, sleep, crash and fail, and what a shard of the registry says of them.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import type { RoomCounts } from "../../../src/registry/counts.ts";
import { RegistryShard } from "../../../src/registry/registry-shard.ts";
import { REPORT_EVERY_MS, Reporter } from "../../../src/registry/reporter.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const START = 1_790_000_000_000;
const SECOND_MS = 1_000;
const HOUR_S = 3_600;
const SLEEPS_AFTER_MS = 10 * SECOND_MS;
const WITHIN_MS = 60 * SECOND_MS;

const counts = (connections: number): RoomCounts => ({
  ...{ members: connections, connections, anonymous: 0, sessions: 0, head: 1, messages: 1 },
});

/** One room beside its shard. Its alarm and its sleep are those of the runtime. */
class RoomOfTest {
  readonly calls: number[] = [];
  readonly #database = new SqliteForTest();
  shard = new RegistryShard(this.#database, START);
  connections = 0;
  /** Since when it is occupied or empty. */
  since = START;
  now = START;
  #reporter: Reporter<RoomCounts> | undefined;
  #alarmAt: number | null = null;
  #eventAt = START;

  get rows(): number {
    return this.#database.changes;
  }

  change(connections: number): void {
    this.#awake();
    if (connections > 0 !== this.connections > 0) this.since = this.now;
    this.connections = connections;
    this.#settle();
  }

  /** All that it had in memory is gone, and its sockets: nothing wakes it. */
  crash(): void {
    this.#reporter = undefined;
    if (this.connections > 0) this.since = this.now;
    this.connections = 0;
  }

  restartShard(): void {
    this.shard = new RegistryShard(this.#database, this.now);
  }

  tick(): void {
    this.now += SECOND_MS;
    if (this.#reporter !== undefined && this.now - this.#eventAt >= SLEEPS_AFTER_MS)
      this.#reporter = undefined;
    if (this.#alarmAt === null || this.#alarmAt > this.now) return;
    this.#alarmAt = null;
    this.#awake().doubt();
    this.#settle();
  }

  /** As an operator reads it. */
  isListedAsOccupied(): boolean {
    for (const name of this.shard.rooms.toAsk(this.now, 1))
      this.shard.recordRoom(name, this.#awake().answered(counts(this.connections), this.now), this.now);
    return this.shard.sums(this.now).rooms.active > 0;
  }

  #awake(): Reporter<RoomCounts> {
    this.#eventAt = this.now;
    this.#reporter ??= new Reporter(counts(this.connections), this.now);
    return this.#reporter;
  }

  #settle(): void {
    const reporter = this.#awake();
    const report = reporter.take(counts(this.connections), this.now);
    if (report !== undefined) {
      this.calls.push(this.now);
      this.shard.recordRoom("a", report, this.now);
      reporter.arrived();
    }
    const at = reporter.alarmAt(counts(this.connections), this.now);
    if (at !== null && (this.#alarmAt === null || at < this.#alarmAt)) this.#alarmAt = at;
  }
}

describe("the registry", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "[O2][O4] is right within 60 s about a room that fills, empties, sleeps and crashes: seed %i",
    (seed) => {
      const random = seededRandom(seed);
      const room = new RoomOfTest();
      // Some rooms are busy, and some are left alone for minutes.
      const pace = seed % 2 === 0 ? 0.4 : 0.03;
      let flips = 0;
      for (let second = 0; second < 2 * HOUR_S; second++) {
        room.tick();
        if (random() < pace) {
          room.change(room.connections > 0 && random() < 0.7 ? 0 : 1 + Math.floor(random() * 3));
          flips += 1;
        }
        if (random() < 0.004) room.crash();
        if (random() < 0.01) room.restartShard();
        if (room.now - room.since < WITHIN_MS || random() < 0.5) continue;
        expect(room.isListedAsOccupied(), `at ${room.now}`).toBe(room.connections > 0);
      }
      expect(flips).toBeGreaterThan(100);
    },
  );

  it("[K20][K21] hears at most 120 times an hour of a room that is occupied and empty each second, with a row each", () => {
    const room = new RoomOfTest();
    const before = room.rows;
    for (let second = 0; second < HOUR_S; second++) {
      room.tick();
      room.change(second % 2 === 0 ? 1_000 : 0);
    }
    expect(room.calls.length).toBeLessThanOrEqual(HOUR_S / 30 + 1);
    expect(room.rows - before).toBeLessThanOrEqual(room.calls.length);
    const gaps = room.calls.slice(1).map((at, n) => at - (room.calls[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(REPORT_EVERY_MS);
  });

  it("[K21] hears once of a room that 1,000 enter and leave each second while somebody stays, and its row is written once", () => {
    const room = new RoomOfTest();
    const before = room.rows;
    for (let second = 0; second < HOUR_S; second++) {
      room.tick();
      room.change(1 + ((second * 7) % 1_000));
    }
    expect(room.calls).toHaveLength(1);
    expect(room.rows - before).toBe(1);
  });
});
