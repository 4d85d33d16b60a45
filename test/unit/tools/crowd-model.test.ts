import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRelays } from "../../../src/config/relays-config.ts";
import { SettingsReader } from "../../../src/config/settings-reader.ts";
import { DIRECT_RELAYS, RELAYS_OF_HUB } from "../../../src/room/relays/relay-numbers.ts";
import { type Crowd, simulateCrowd } from "../../../src/tools/crowd-model.ts";
import { usdAnHour } from "../../../src/tools/crowd-price.ts";
import { BY_DEFAULT, crowdReport } from "../../../src/tools/crowd-report.ts";
import type { CrowdTimes } from "../../../src/tools/crowd-times.ts";

const TIMES: CrowdTimes = {
  frameUs: 10,
  seldomFrameUs: 20,
  copyUs: 1,
  flushUs: 500,
  messageUs: 50,
  callUs: 100,
  durableMs: 8,
  hopMs: 4,
  edgeMs: 16,
};
const figuresOf = (crowd: Partial<Crowd>) =>
  simulateCrowd({ ...BY_DEFAULT, readers: 1_000, messagesPerSecond: 1, ...crowd }, TIMES);

describe("the model of a crowd", () => {
  it("[L270] gives the same figures for the same crowd, and more of everything for a larger one", () => {
    const small = figuresOf({ readers: 20_000 });
    expect(figuresOf({ readers: 20_000 })).toEqual(small);
    const large = figuresOf({ readers: 100_000 });
    expect(large.relays).toBe(19);
    expect(large.callsPerSecond / small.callsPerSecond).toBeCloseTo(19 / 3, 5);
    expect(large.p50Ms).toBeGreaterThan(small.p50Ms);
    const p99At = (messagesPerSecond: number) => figuresOf({ readers: 100_000, messagesPerSecond }).p99Ms;
    expect(p99At(100)).toBeGreaterThan(p99At(10));
  });

  it("[L270] a message that comes alone takes its ways, the work and the writing", () => {
    const alone = { messagesPerSecond: 0.001 };
    // The room: a flush and 1,000 frames that come seldom, longer than the row takes.
    expect(figuresOf(alone).p50Ms).toBeCloseTo(16 + 0.5 + 20 + 16, 5);
    expect(figuresOf({ ...alone, readers: 100 }).p50Ms).toBeCloseTo(16 + 8 + 16, 5);
    // Its 5,000 frames and 2 calls; and the last relay's 4,000 frames.
    expect(figuresOf({ ...alone, readers: 13_000 }).p50Ms).toBeCloseTo(16 + 100.7 + 4 + 80.1 + 16, 5);
    // 60 relays: a hub calls 20 of them.
    const far = figuresOf({ ...alone, readers: 300_000, atRoom: 0 });
    expect([far.relays, far.withHub, far.hubs]).toEqual([60, 20, 1]);
    expect(far.p50Ms).toBeCloseTo(16 + 8 + 4 + 2.1 + 4 + 100.1 + 16, 5);
  });

  it("[L270] says which object falls behind, where the work of a second takes longer than a second", () => {
    const behind = (crowd: Partial<Crowd>) => figuresOf(crowd).behind;
    // A message more in a flush takes the room 50 µs, and 5 ms for 5,000 sockets.
    expect(behind({ readers: 5_000, messagesPerSecond: 180 })).toBe("nothing");
    expect(behind({ readers: 5_000, messagesPerSecond: 215 })).toBe("room");
    // A room without sockets flushes every 8 ms: a relay that sends each flush by itself has 50 ms of work with each.
    const relayed = { readers: 50_000, atRoom: 0, messagesPerSecond: 100 };
    expect(behind({ ...relayed, joinsFlushes: false })).toBe("relay");
    expect(behind(relayed)).toBe("nothing");
    // Seven rounds of calls for each flush.
    for (const [readers, late] of [
      [200_000, "relay"],
      [250_000, "hub"],
    ] as const) {
      const apart = { readers, messagesPerSecond: 10, joinsFlushes: false };
      expect(behind(apart)).toBe("nothing");
      expect(behind({ ...apart, callsAtOnce: 6 })).toBe(late);
    }
  });

  it("[L270] has as many sockets at the room and at a relay as the settings say", () => {
    const { above, each } = readRelays(new SettingsReader({}));
    expect([BY_DEFAULT.atRoom, BY_DEFAULT.atRelay]).toEqual([above, each]);
    expect([BY_DEFAULT.direct, BY_DEFAULT.relaysOfHub]).toEqual([DIRECT_RELAYS, RELAYS_OF_HUB]);
  });

  it("[L271] its price is that of calls, objects, frames, tokens and rows", () => {
    const crowd: Crowd = { ...BY_DEFAULT, readers: 20_000, messagesPerSecond: 10 };
    const figures = simulateCrowd(crowd, TIMES);
    const requests = figures.allCallsPerSecond * 3_600 + (36_000 + 20_000) * (1 + 1 / 20);
    const gbSeconds = 4 * 3_600 * 0.128;
    const usd = requests * 0.15e-6 + gbSeconds * 12.5e-6 + 36_000 * 1e-6;
    expect(figures.relays).toBe(3);
    expect(usdAnHour(crowd, figures)).toBeCloseTo(usd, 8);
  });

  it("[L271] `npm run cost -- --crowd` prints a line for each size and pace, and what is assumed", () => {
    const lines = crowdReport(TIMES).split("\n");
    const rows = lines.filter((one) => /^ +(10,000|100,000|1,000,000) /.test(one));
    expect(rows).toHaveLength(3 * 9);
    expect(rows.every((one) => /\$\d+\.\d\d$/.test(one))).toBe(true);
    expect(lines.join("\n")).toContain(
      "Measured: 10 µs a frame and socket (20 after a second of silence), 500 µs a flush, 100 µs",
    );
    expect(lines.join("\n")).toContain("4 ms between objects");
    expect(Math.max(...lines.map((one) => one.length))).toBeLessThanOrEqual(120);
  });

  it("[L271] docs/performance.md shows its first table", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/performance.md"), "utf8");
    const [, , ...table] = crowdReport().split("\n").slice(0, 13);
    expect(page).toContain(table.join("\n").trimEnd());
  });
});
