// What is kept in memory for all who ask the same, and how far it reaches.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import { SHARED_FOR_MS, SharedAnswers } from "../../src/http/shared-answers.ts";
import { accept, type Outcome, refuse, reject } from "../../src/protocol/index.ts";
import { SharedHead } from "../../src/room/shared-head.ts";

/** A clock whose waits end when it is moved on. */
function world() {
  let now = 0;
  let waits: { readonly at: number; readonly end: () => void }[] = [];
  let looks = 0;
  const wait = (ms: number) => {
    looks += 1;
    return new Promise<void>((end) => waits.push({ at: now + ms, end }));
  };
  const pass = async (ms: number) => {
    for (const until = now + ms; now < until; ) {
      now += 10;
      const due = waits.filter(({ at }) => at <= now);
      waits = waits.filter(({ at }) => at > now);
      for (const { end } of due) end();
      await new Promise((done) => setImmediate(done));
    }
  };
  const asked: PromiseWithResolvers<Outcome<string>>[] = [];
  const ask = () => {
    const next = Promise.withResolvers<Outcome<string>>();
    asked.push(next);
    return next.promise;
  };
  return { answers: new SharedAnswers({ now: () => now, wait }), pass, asked, ask, looks: () => looks };
}

const BUSY = reject(refuse("overloaded", "busy"));
const TOO_FAST = reject(refuse("rate_limited", "too fast"));

describe("answers that all share", () => {
  it("[L101] of many at once one asks, and the others get what it got", async () => {
    const { answers, pass, asked, ask } = world();
    const all = Array.from({ length: 100 }, () => answers.get("key", ask));
    await pass(50);
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(accept("answer"));
    await pass(10);
    expect(new Set(await Promise.all(all))).toEqual(new Set([accept("answer")]));
    await pass(980);
    expect(await answers.get("key", ask)).toEqual(accept("answer"));
    await pass(20);
    void answers.get("key", ask);
    expect(asked).toHaveLength(2);
  });

  it("[L101] keys are apart", async () => {
    const { answers, asked, ask } = world();
    void answers.get("a", ask);
    void answers.get("b", ask);
    expect(asked).toHaveLength(2);
  });

  it("[L101] a request that was given up holds up the others for five seconds at most", async () => {
    const { answers, pass, asked, ask, looks } = world();
    void answers.get("key", ask);
    const second = answers.get("key", ask);
    await pass(4_980);
    expect(asked).toHaveLength(1);
    await pass(220);
    expect(asked).toHaveLength(2);
    // Who waits for long looks less often.
    expect(looks()).toBeLessThan(60);
    asked[1]?.resolve(accept("late"));
    expect(await second).toEqual(accept("late"));
  });

  it("[L107] what was given up is forgotten, also if nobody asks the same again", async () => {
    const { answers, pass, ask } = world();
    for (let n = 0; n < 100; n++) void answers.get(`key ${n}`, ask);
    expect(answers.asking).toBe(100);
    await pass(5_000);
    void answers.get("another key", ask);
    expect(answers.asking).toBe(1);
  });

  it("[L101] that a room is overloaded is for all, for a second", async () => {
    const { answers, pass, asked, ask } = world();
    const all = [answers.get("key", ask), answers.get("key", ask)];
    asked[0]?.resolve(BUSY);
    await pass(10);
    expect(await Promise.all(all)).toEqual([BUSY, BUSY]);
    await pass(1_000);
    void answers.get("key", ask);
    expect(asked).toHaveLength(2);
  });

  it("[L101] a failure reaches who asked, and the others are told to come again", async () => {
    const { answers, pass, asked, ask } = world();
    const [first, second] = [answers.get("key", ask), answers.get("key", ask)];
    asked[0]?.reject(new Error("bug"));
    await expect(first).rejects.toThrow("bug");
    await pass(10);
    expect(await second).toMatchObject({ ok: false, refusal: { code: "overloaded", retryAfterMs: 1_000 } });
    expect(asked).toHaveLength(1);
  });

  it("[L106] that somebody is too fast concerns nobody else", async () => {
    const { answers, pass, asked, ask } = world();
    const [first, second] = [answers.get("key", ask), answers.get("key", ask)];
    asked[0]?.resolve(TOO_FAST);
    expect(await first).toEqual(TOO_FAST);
    await pass(10);
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(accept("answer"));
    expect(await second).toEqual(accept("answer"));
  });

  it("[L107] they take no more than some megabytes, the oldest go first", async () => {
    const { answers, asked, ask } = world();
    const large = accept("x".repeat(1_000_000));
    for (let n = 0; n < 6; n++) {
      const answer = answers.get(`key ${n}`, ask);
      asked.at(-1)?.resolve(large);
      await answer;
    }
    const isKept = async (n: number) => {
      const before = asked.length;
      const answer = answers.get(`key ${n}`, ask);
      asked.at(-1)?.resolve(large);
      await answer;
      return asked.length === before;
    };
    expect(await isKept(5)).toBe(true);
    expect(await isKept(2)).toBe(true);
    expect(await isKept(1)).toBe(false);
  });

  it("[L107] a clock that is set back keeps nothing for longer", async () => {
    let now = 1_000_000;
    const answers = new SharedAnswers({ now: () => now, wait: () => Promise.resolve() });
    await answers.get("key", async () => accept("old"));
    now = 0;
    expect(await answers.get("key", async () => accept("new"))).toEqual(accept("new"));
  });
});

describe("how far they reach", () => {
  it("[L103] it moves on at most once a second", () => {
    const shared = new SharedHead();
    const log = (head: number) => ({ epoch: "e", head, floor: 0 });
    expect(shared.upTo(log(5), 0)).toBe(5);
    expect(shared.upTo(log(6), 999)).toBe(5);
    expect(shared.upTo(log(9), 1_000)).toBe(9);
    expect(shared.upTo(log(10), 1_500)).toBe(9);
    // The clock was set back.
    expect(shared.upTo(log(11), 0)).toBe(11);
  });

  it("[L104] it moves on at once where the log is another one, or no longer has that place", () => {
    const shared = new SharedHead();
    expect(shared.upTo({ epoch: "a", head: 50, floor: 0 }, 0)).toBe(50);
    expect(shared.upTo({ epoch: "b", head: 0, floor: 0 }, 1)).toBe(0);
    expect(shared.upTo({ epoch: "b", head: 90, floor: 40 }, 2)).toBe(90);
    expect(shared.upTo({ epoch: "b", head: 95, floor: 45 }, 3)).toBe(90);
  });
});

describe("a crowd of watchers in a busy room", () => {
  const WATCHERS = 2_000;
  const ISOLATES = 10;
  const MESSAGE_EVERY_MS = 10;
  const FOR_MS = 20_000;

  /** How many calls a second reach the room from one isolate, once the crowd has been there for a while. */
  function callsASecond(upTo: (head: number, now: number) => number): number {
    const random = seededRandom(17);
    const isolates = Array.from(
      { length: ISOLATES },
      () => new Map<number, { cursor: number; at: number }>(),
    );
    const due = new Map<number, number[]>();
    const plan = (at: number, cursor: number) => due.set(at, [...(due.get(at) ?? []), cursor]);
    for (let n = 0; n < WATCHERS; n++) plan(Math.floor(random() * 1_250), 0);
    let calls = 0;
    for (let now = 0; now < FOR_MS; now++) {
      for (const cursor of due.get(now) ?? []) {
        const kept = isolates[Math.floor(random() * ISOLATES)];
        const known = kept?.get(cursor);
        const isKept = known !== undefined && now - known.at < SHARED_FOR_MS;
        const head = Math.floor(now / MESSAGE_EVERY_MS);
        const answer = isKept ? known : { cursor: Math.max(cursor, upTo(head, now)), at: now };
        if (!isKept && now > FOR_MS / 2) calls += 1;
        kept?.set(cursor, answer);
        plan(now + 1_000 + Math.floor(random() * 250), answer.cursor);
      }
    }
    return calls / (FOR_MS / 2_000) / ISOLATES;
  }

  it("[L103] shares two keys, where answers up to the present would leave nearly each its own", () => {
    const shared = new SharedHead();
    expect(callsASecond((head, now) => shared.upTo({ epoch: "e", head, floor: 0 }, now))).toBeLessThan(2.5);
    expect(callsASecond((head) => head)).toBeGreaterThan(25);
  });
});
