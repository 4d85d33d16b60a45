import { describe, expect, it } from "vitest";
import { BLOBS, type DataPoint, DOUBLES } from "../../../src/metrics/columns.ts";
import { COUNTED_ONE_IN } from "../../../src/metrics/counting-pace.ts";
import { Metrics } from "../../../src/metrics/metrics.ts";
import type { JournalEntry } from "../../../src/object/journal.ts";
import { NO_TRAFFIC, type Traffic, TrafficMeter } from "../../../src/object/traffic.ts";
import type { ErrorCode } from "../../../src/protocol/index.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

/** The room, its metrics, and what was written. */
function measured(room = "lobby") {
  const test = new RoomForTest();
  const points: DataPoint[] = [];
  const writer = { writeDataPoint: (point: DataPoint) => points.push(point) };
  const metrics = new Metrics(writer, { source: "room", room }, { random: () => 0, report: undefined });
  const report = () => {
    for (const { traffic, journal, occupancy } of test.effects.splice(0))
      metrics.flushed(traffic, journal, occupancy.after, test.now);
  };
  return { test, points, metrics, report };
}

const read = ({ blobs, doubles }: DataPoint): Record<string, unknown> => ({
  ...Object.fromEntries(
    DOUBLES.map((name, at) => [`${name}#`, doubles[at]]).filter(([, value]) => value !== 0),
  ),
  ...Object.fromEntries(BLOBS.map((name, at) => [name, blobs[at]]).filter(([, value]) => value !== "")),
});
const sum = (points: readonly DataPoint[], name: (typeof DOUBLES)[number]) =>
  points.reduce((all, { doubles }) => all + (doubles[DOUBLES.indexOf(name)] ?? 0), 0);

describe("the metrics of a room", () => {
  it("[L147] count what opened and closed at relays as often as it did", () => {
    const { points, metrics } = measured();
    const counters: Record<string, number>[] = [];
    const counting = new Metrics(
      undefined,
      { source: "room" },
      {
        random: () => 0,
        report: (sums) => counters.push(sums),
      },
    );
    const entries = [
      { kind: "opened", times: 5 },
      { kind: "closed", closeCode: 4403, closing: { code: "banned" }, times: 2 },
      { kind: "closed", closeCode: 1006, times: 3 },
      { kind: "closed", closeCode: 1006, connection: "c_1" },
    ] as const;
    for (const one of [metrics, counting]) one.flushed(NO_TRAFFIC, entries, {}, 0);
    expect([sum(points, "opened"), sum(points, "closed")]).toEqual([5, 6]);
    const [sums = expect.fail()] = counters;
    const times = (name: string) => (sums[name] ?? 0) / COUNTED_ONE_IN;
    expect(Object.fromEntries(Object.keys(sums).map((name) => [name, times(name)]))).toEqual({
      connections_opened_total: 5,
      "connections_closed_total banned": 2,
      "connections_closed_total 1006": 4,
    });
  });

  it("[O27] are one point a flush, with what was published and sent", () => {
    const { test, points, report } = measured();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    report();
    points.length = 0;
    test.later(60_000);
    report();
    points.length = 0;
    const before = [ada, bo].map(({ socket }) => socket.frames.length);
    ada.say({ type: "send", id: "m", event: "task.created", data: "text" });
    ada.say({ type: "send", id: "n", event: "task:done", data: "text" });
    test.flushOnce();
    report();
    const frames = [ada, bo].flatMap(({ socket }, at) => socket.frames.slice(before[at]));
    const bytes = frames.reduce((all, frame) => all + frame.length, 0);
    expect(points.map(read)).toEqual([
      {
        ...{ source: "room", room: "lobby", event: "task", "connections#": 2, "members#": 2, "messages#": 2 },
        ...{ "frames#": frames.length, "bytes#": bytes, "flushes#": 1 },
        ...{ "flushFrames#": frames.length, "flushBytes#": bytes },
      },
    ]);
    expect(points[0]?.indexes).toEqual(["lobby"]);
  });

  it("[O27] have a further point for each other event, refusal and kind of close, and all sums are right", () => {
    const { test, points, report } = measured();
    const people = ["ada", "bo", "cy"].map((user) => test.join(user));
    const [ada, bo, cy] = people;
    ada?.say(
      { type: "send", id: "1", event: "a.x", data: 1 },
      { type: "send", id: "2", event: "b", data: 1 },
    );
    ada?.say({ type: "signal", event: "a.typing", data: 1 }, { type: "edit", id: "e", seq: 1, data: 2 });
    ada?.say({ type: "edit", id: "f", seq: 9, data: 2 }, "no JSON");
    test.flush();
    bo?.leave("left");
    cy?.leave("lost");
    test.later(5_000);
    report();
    const by = (label: string, name: (typeof DOUBLES)[number]) =>
      sum(
        points.filter(({ blobs }) => blobs.includes(label)),
        name,
      );
    expect([by("a", "messages"), by("b", "messages"), by("a", "signals"), by("a", "changes")]).toEqual([
      1, 1, 1, 1,
    ]);
    expect([by("not_found", "refused"), by("bad_request", "refused")]).toEqual([1, 1]);
    expect([by("1000", "closed"), by("1006", "closed")]).toEqual([1, 1]);
    expect([sum(points, "opened"), sum(points, "replays")]).toEqual([3, 3]);
    const frames = people.reduce((all, { socket }) => all + socket.frames.length, 0);
    expect(sum(points, "frames")).toBe(frames);
    for (const { indexes, blobs, doubles } of points) {
      expect([indexes.length, blobs.length <= 20, doubles.length <= 20]).toEqual([1, true, true]);
    }
  });

  it("[O27] are gathered under load: 30 reports at once, then one a second, and nothing is left out", () => {
    const { test, points, report } = measured();
    const ada = test.join("ada");
    for (let n = 0; n < 1_000; n++) {
      ada.send(`m${n}`);
      test.now += 10;
      report();
    }
    expect(points.length).toBeGreaterThanOrEqual(38);
    expect(points.length).toBeLessThanOrEqual(41);
    test.now += 1_000;
    ada.send("last");
    report();
    expect(sum(points, "messages")).toBe(1_001);
  });

  it("[O27] tell 100 events apart, and no more: the others are one", () => {
    const { test, points, report } = measured();
    const ada = test.join("ada");
    for (let n = 0; n < 150; n++) ada.say({ type: "send", id: `${n}`, event: `e${n}.x`, data: 1 });
    test.flushOnce();
    report();
    const at = BLOBS.indexOf("event");
    const events = new Set(points.map(({ blobs }) => blobs[at]).filter((event) => event !== ""));
    expect(events.size).toBe(101);
    expect(
      sum(
        points.filter(({ blobs }) => blobs[at] === "other"),
        "messages",
      ),
    ).toBe(50);
    expect(points.length).toBeLessThanOrEqual(250);
  });

  it("[O27] name 20 reasons a report, and count all refusals", () => {
    const points: DataPoint[] = [];
    const writer = { writeDataPoint: (point: DataPoint) => points.push(point) };
    const metrics = new Metrics(writer, { source: "edge" }, { random: () => 0, report: undefined });
    const refuse = (code: ErrorCode, message: string, at: number) =>
      metrics.noted({ kind: "refused", refusal: { code, message } }, at);
    for (let n = 0; n < 1_000; n++) refuse("bad_request", `fault ${n}`, 1_000 + n);
    refuse("forbidden", "no", 100_000);
    expect(sum(points, "refused")).toBe(1_001);
    expect(points.length).toBeLessThan(60);
    expect(points.map(read).some(({ reason }) => reason === "other")).toBe(true);
  });

  it("[O27] say of a room in which nothing happens that it is there, and nothing of an empty one", () => {
    const { test, points, report } = measured();
    const ada = test.join("ada");
    report();
    points.length = 0;
    for (let n = 0; n < 50; n++) {
      test.later(60_000);
      test.flushOnce();
      report();
    }
    expect(points.map(read)).toEqual(
      Array.from({ length: points.length }, () => ({
        source: "room",
        room: "lobby",
        "connections#": 1,
        "members#": 1,
      })),
    );
    expect(points.length).toBe(5);
    ada.leave("left");
    test.later(5_000);
    report();
    points.length = 0;
    test.now += 3_600_000;
    test.flushOnce();
    report();
    expect(points).toEqual([]);
  });
});

function randomFrom(seed: number): () => number {
  let state = Math.imul(seed * 1_000, 0x9e3779b1) >>> 0;
  return () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A flush with one message to three connections. */
function flushOf(event: string): Traffic {
  const meter = new TrafficMeter();
  meter.published("messages", event);
  meter.sent(3, 300);
  return meter.take();
}

describe("the counters of a room", () => {
  it.each([1, 2, 3])(
    "[O29] are right on average in a room that sleeps after each burst (seed %d)",
    (seed) => {
      const random = randomFrom(seed);
      const totals = new Map<string, number>();
      const entry: JournalEntry = { kind: "refused", refusal: { code: "forbidden", message: "no" } };
      let now = 0;
      for (let burst = 0; burst < 2_000; burst++) {
        const report = (sums: Readonly<Record<string, number>>) => {
          for (const [name, by] of Object.entries(sums)) totals.set(name, (totals.get(name) ?? 0) + by);
        };
        const metrics = new Metrics(undefined, { source: "room" }, { random, report });
        for (let n = 0; n < 50; n++) {
          now += 20;
          metrics.flushed(flushOf("task.created"), n === 49 ? [entry] : [], {}, now);
        }
        now += 60_000;
      }
      const ratio = (name: string, expected: number) => (totals.get(name) ?? 0) / expected;
      expect(Math.abs(ratio("messages_total task", 100_000) - 1)).toBeLessThan(0.1);
      expect(Math.abs(ratio("deliveries_total", 300_000) - 1)).toBeLessThan(0.1);
      // The last flush of a burst counts like the first one.
      expect(Math.abs(ratio("refused_total forbidden", 2_000) - 1)).toBeLessThan(0.5);
    },
  );

  it.each([0.2, 20, 200])(
    "[O29] are right on average at %d flushes a second, and reported about every 5 s",
    (rate) => {
      const random = randomFrom(rate);
      const totals = [0, 0];
      const report = (sums: Readonly<Record<string, number>>) => {
        totals[0] = (totals[0] ?? 0) + 1;
        totals[1] = (totals[1] ?? 0) + (sums["messages_total task"] ?? 0);
      };
      const metrics = new Metrics(undefined, { source: "room" }, { random, report });
      const seconds = Math.max(5_000, 20_000 / rate);
      for (let n = 0; n < seconds * rate; n++)
        metrics.flushed(flushOf("task.created"), [], {}, (n * 1_000) / rate);
      const [reports = 0, messages = 0] = totals;
      expect(Math.abs(messages / (seconds * rate) - 1)).toBeLessThan(0.1);
      expect(reports).toBeLessThan(Math.min((seconds * rate) / 16, seconds / 5) * 1.2);
    },
  );

  it("[O29] are none where nobody takes them, and tell 100 events apart", () => {
    const sums: Record<string, number>[] = [];
    const test = new RoomForTest();
    const ports = {
      random: () => 0,
      report: (more: Readonly<Record<string, number>>) => sums.push({ ...more }),
    };
    const metrics = new Metrics(undefined, { source: "room" }, ports);
    const ada = test.join("ada");
    test.effects.length = 0;
    for (let n = 0; n < 150; n++) ada.say({ type: "send", id: `${n}`, event: `e${n}.x`, data: 1 });
    const { traffic, journal } = test.flushOnce();
    metrics.flushed(traffic, journal, {}, test.now);
    new Metrics(undefined, { source: "room" }, { ...ports, report: undefined }).flushed(
      traffic,
      journal,
      {},
      test.now,
    );
    expect(sums).toHaveLength(1);
    expect(sums[0]?.["messages_total other"]).toBe(50 * 16);
    expect(Object.keys(sums[0] ?? {}).filter((name) => name.startsWith("messages_total "))).toHaveLength(101);
  });
});
