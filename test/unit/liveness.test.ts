import { describe, expect, it } from "vitest";
import type { Identity } from "../../src/access/identity.ts";
import { departureOf } from "../../src/object/close-codes.ts";
import { isThere, Sweeper } from "../../src/object/liveness.ts";

const PING_MS = 25_000;
const NOW = 1_790_000_000_000;

class Somebody {
  heartbeatAt: number | null | "elsewhere" = null;
  pingedAt: number | null = null;
  heardAt: number | null = null;
  identity: Identity = { kind: "anonymous", address: "192.0.2.1" };
  asked = 0;
  readonly socket = {
    heartbeatAt: () => {
      this.asked++;
      return this.heartbeatAt;
    },
  };
}

const beating = (at: number) => Object.assign(new Somebody(), { heartbeatAt: at });
const pinging = (at: number) => Object.assign(new Somebody(), { pingedAt: at });
const expiring = (expiresAt: number): Somebody => {
  const identity = { kind: "user", user: { id: "ada" }, expiresAt, issuedAt: 0 } as const;
  return Object.assign(new Somebody(), { identity });
};

const codes = (sweeper: Sweeper, all: readonly Somebody[], now: number) =>
  sweeper.sweep(all, now).map(({ connection, closing }) => [all.indexOf(connection), closing.code]);

describe("a sweep", () => {
  it("[G2][G6] finds connections that stopped their heartbeat for three intervals, whatever answered it, and none that never began", () => {
    const all = [new Somebody(), beating(NOW), pinging(NOW), beating(NOW + 1), expiring(NOW + 75_001)];
    const sweeper = new Sweeper(PING_MS);
    expect(codes(sweeper, all, NOW + 75_000)).toEqual([]);
    expect(codes(sweeper, all, NOW + 75_001)).toEqual([
      [1, "timeout"],
      [2, "timeout"],
      [4, "token_expired"],
    ]);
    const elsewhere = Object.assign(pinging(NOW), { heartbeatAt: "elsewhere" });
    expect(codes(sweeper, [elsewhere], NOW + 10_000_000)).toEqual([]);
  });

  it("[G13] takes any frame for a heartbeat, but of one that never began", () => {
    const heard = (at: number, somebody: Somebody) => Object.assign(somebody, { heardAt: at });
    const all = [heard(NOW, beating(NOW - 80_000)), heard(NOW, new Somebody()), beating(NOW - 80_000)];
    expect(codes(new Sweeper(PING_MS), all, NOW)).toEqual([[2, "timeout"]]);
    expect(codes(new Sweeper(PING_MS), all, NOW + 75_001)).toEqual([
      [0, "timeout"],
      [2, "timeout"],
    ]);
  });

  it("[G8] is due as soon as one can have expired, and at most once in a tenth of an interval", () => {
    const sweeper = new Sweeper(PING_MS);
    expect(sweeper.isDue(NOW)).toBe(true);
    const all = [beating(NOW - 60_000), beating(NOW - 10_000), expiring(NOW + 40_000), new Somebody()];
    sweeper.sweep(all, NOW);
    expect([sweeper.isDue(NOW + 15_000), sweeper.isDue(NOW + 15_001)]).toEqual([false, true]);
    expect(codes(sweeper, all, NOW + 15_001)).toEqual([[0, "timeout"]]);
    sweeper.sweep(all.slice(1), NOW + 15_001);
    expect([sweeper.isDue(NOW + 39_999), sweeper.isDue(NOW + 40_000)]).toEqual([false, true]);
    sweeper.sweep([beating(NOW - 34_999)], NOW + 40_000);
    expect([sweeper.isDue(NOW + 42_499), sweeper.isDue(NOW + 42_500)]).toEqual([false, true]);
    // One that opens right after a sweep expires that soon.
    sweeper.sweep([], NOW + 50_000);
    expect([sweeper.isDue(NOW + 124_999), sweeper.isDue(NOW + 125_000)]).toEqual([false, true]);
  });

  it("[G8] of connections that ping is due at most once in two intervals", () => {
    const sweeper = new Sweeper(PING_MS);
    const all = Array.from({ length: 10 }, (_, at) => beating(NOW + at * 2_500));
    let sweeps = 0;
    for (let now = NOW + PING_MS; now < NOW + 1_000_000; now += 100) {
      for (const one of all) if (now - Number(one.heartbeatAt) >= PING_MS) one.heartbeatAt = now;
      if (!sweeper.isDue(now)) continue;
      sweeps++;
      expect(codes(sweeper, all, now)).toEqual([]);
    }
    expect(sweeps).toBeLessThanOrEqual(1_000_000 / (2 * PING_MS));
    expect(sweeps).toBeGreaterThan(10);
  });

  it("[G8] is due again if the clock was set back", () => {
    const sweeper = new Sweeper(PING_MS);
    sweeper.sweep([], NOW);
    expect([sweeper.isDue(NOW), sweeper.isDue(NOW - 1)]).toEqual([false, true]);
  });
});

describe("a member's presence", () => {
  it("[U32] is in doubt after two intervals without a heartbeat, but not if there never was one", () => {
    const there = (one: Somebody, now: number) => isThere(one, PING_MS, now);
    expect([there(beating(NOW), NOW + 50_000), there(beating(NOW), NOW + 50_001)]).toEqual([true, false]);
    expect([there(pinging(NOW), NOW + 50_000), there(pinging(NOW), NOW + 50_001)]).toEqual([true, false]);
    expect(there(new Somebody(), NOW)).toBe(true);
    expect(there(Object.assign(new Somebody(), { heartbeatAt: "elsewhere" }), NOW)).toBe("elsewhere");
  });
});

describe("the end of a connection", () => {
  it("[P10][P11] is a leave with 1000, without a code and after a timeout; otherwise it is a loss", () => {
    expect([1000, 1005, 4408].map(departureOf)).toEqual(["left", "left", "left"]);
    expect([1001, 1006, 1012, 4000, 4401, 4500].map(departureOf)).toEqual(Array(6).fill("lost"));
  });
});
