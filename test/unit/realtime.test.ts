import { describe, expect, it } from "vitest";
import { FlushLoop } from "../../src/object/flush-loop.ts";
import { TokenBuckets } from "../../src/object/token-bucket.ts";

describe("the flush loop", () => {
  /** A flush that takes two at a time, leaves the rest, and throws at "bad". */
  function loopForTest({ lingerMs = 7 } = {}) {
    const done: string[] = [];
    const commits: (() => void)[] = [];
    const queue: string[] = [];
    const waits: number[] = [];
    const clock = { now: 0 };
    const failures: string[] = [];
    const start = (work: string) => {
      queue.push(work);
      loop.start();
    };
    const loop = new FlushLoop({
      flush: () => {
        const taken = queue.splice(0, 2).join("");
        if (taken.includes("bad")) throw new Error(taken);
        done.push(taken);
      },
      hasWork: () => queue.length > 0,
      lingerMs: () => lingerMs,
      now: () => clock.now,
      wait: (ms) => Promise.resolve(waits.push(ms)),
      sync: () => new Promise((resolve) => commits.push(resolve)),
      after: () => Promise.resolve(),
      failed: (error) => failures.push(String(error)),
    });
    const ask = (work: string) => {
      queue.push(work);
      return loop.request();
    };
    const frame = (work: string) => {
      queue.push(work);
      return loop.requestGated();
    };
    const committed = async (at: number) => {
      await expect.poll(() => commits.length).toBeGreaterThan(at);
      commits[at]?.();
    };
    /** Frames that come one by one, each as soon as the one before is done. Tells which of them gathered. */
    const oneByOne = async (count: number) => {
      const gathered: number[] = [];
      for (let n = 1; n <= count; n++) {
        const before = commits.length;
        const taken = frame("f");
        await expect.poll(() => queue.length).toBe(0);
        if (commits.length > before) gathered.push(n);
        commits[before]?.();
        await taken;
      }
      return gathered;
    };
    return { ask, start, frame, oneByOne, done, commits, committed, waits, clock, failures };
  }

  it("[S1] waits only shortly after another flush: a single message is sent at once", async () => {
    const { ask, waits, committed, clock } = loopForTest();
    for (const [at, gapMs] of [0, 24, 25].entries()) {
      clock.now += gapMs;
      const done = ask("a");
      await committed(at);
      await done;
    }
    expect(waits).toEqual([0, 7, 0]);
  });

  it("[F35] flushes frames that come one by one in their own turn, and gathers seldom", async () => {
    const { oneByOne, waits } = loopForTest({ lingerMs: 0 });
    expect(await oneByOne(66)).toEqual([1, 3, 6, 11, 20, 37, 54]);
    expect(waits).toHaveLength(7);
  });

  it("[F35] gathers every time again as soon as a flush gathers two", async () => {
    const { oneByOne, frame, done, committed, commits } = loopForTest({ lingerMs: 0 });
    await oneByOne(10);
    const first = frame("a");
    const second = frame("b");
    await committed(commits.length);
    await Promise.all([first, second]);
    expect(done.at(-1)).toBe("ab");
    // The first of them gathers, and one may follow that does not.
    expect(await oneByOne(4)).toEqual([1, 3]);
  });

  it("[F35] gathers while a flush is under way, and where a flush takes its time", async () => {
    const busy = loopForTest({ lingerMs: 0 });
    await busy.oneByOne(1);
    const asked = busy.ask("a");
    await expect.poll(() => busy.commits.length).toBe(2);
    const meanwhile = [busy.frame("b"), busy.frame("c")];
    await busy.committed(1);
    await asked;
    await busy.committed(2);
    await Promise.all(meanwhile);
    expect(busy.done.slice(-2)).toEqual(["a", "bc"]);
    const slow = loopForTest({ lingerMs: 7 });
    expect(await slow.oneByOne(5)).toEqual([1, 2, 3, 4, 5]);
  });

  it("[F35] a caller that needs to know that it is durable does not get the promise of a frame", async () => {
    const { oneByOne, frame, ask, commits, committed, done } = loopForTest({ lingerMs: 0 });
    await oneByOne(1);
    const both = [frame("a"), ask("b")];
    let settled = false;
    void Promise.all(both).then(() => {
      settled = true;
    });
    await expect.poll(() => commits.length).toBe(2);
    expect([done.at(-1), settled]).toEqual(["ab", false]);
    await committed(1);
    await Promise.all(both);
  });

  it("[F35] a frame whose flush fails hears of it, and the next one is flushed", async () => {
    const { oneByOne, frame, done } = loopForTest({ lingerMs: 0 });
    await oneByOne(5);
    await expect(frame("bad")).rejects.toThrow("bad");
    await frame("x");
    expect(done.at(-1)).toBe("x");
  });

  it("[S1] settles with the flush that took what waited, however much arrives later", async () => {
    const { ask, done, commits, committed } = loopForTest();
    const [first, same] = [ask("a"), ask("b")];
    await expect.poll(() => commits.length).toBe(1);
    const later = ask("c");
    let settled = "";
    void later.then(() => {
      settled = "later";
    });
    await committed(0);
    await Promise.all([first, same]);
    expect([done[0], settled]).toEqual(["ab", ""]);
    await committed(1);
    await later;
    expect(done).toEqual(["ab", "c"]);
  });

  it("[S1] runs one flush at a time, and another for what was left, without a further call", async () => {
    const { ask, done, commits, committed } = loopForTest();
    for (const work of ["a", "b", "c", "d", "e"]) void ask(work);
    await expect.poll(() => commits.length).toBe(1);
    expect(done).toEqual(["ab"]);
    await committed(0);
    await committed(1);
    await expect.poll(() => done).toEqual(["ab", "cd", "e"]);
  });

  it("[S14] reports a failed flush to its callers, and runs the next one", async () => {
    const { ask, done, committed } = loopForTest();
    const failing = ask("bad");
    void ask("x").catch(() => {});
    void ask("y").catch(() => {});
    await expect(failing).rejects.toThrow("badx");
    await committed(0);
    expect(done).toEqual(["y"]);
  });

  it("[S14] reports a failed flush once where no caller waits for it, also the one for what was left", async () => {
    const { start, ask, failures, committed } = loopForTest();
    for (const work of ["bad", "a", "bad", "b"]) start(work);
    await expect.poll(() => failures).toEqual(["Error: bada", "Error: badb"]);
    await expect(ask("bad")).rejects.toThrow("bad");
    const done = ask("c");
    await committed(0);
    await done;
    expect(failures).toHaveLength(2);
  });
});

describe("token buckets", () => {
  it("[M5] refill with time, and state how long that takes", () => {
    const buckets = new TokenBuckets({ perSecond: 0.5, burst: 2 });
    expect([buckets.take("a", 1, 0), buckets.take("a", 1, 0), buckets.take("a", 1, 0)]).toEqual([
      0, 0, 2_000,
    ]);
    expect(buckets.take("a", 1, 1_999)).toBe(1);
    expect(buckets.take("a", 1, 2_000)).toBe(0);
    expect(buckets.take("b", 1, 2_000)).toBe(0);
    // A clock that is set back takes nothing away.
    expect(buckets.take("b", 1, 1_000)).toBe(0);
  });

  it("[M5] are removed when they are full again", () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    for (let i = 0; i < 5_000; i++) expect(buckets.take(`user${i}`, 1, i * 10)).toBe(0);
    expect(buckets.size).toBeLessThan(2_500);
    expect(buckets.take("user4999", 1, 50_000)).toBeGreaterThan(0);
  });
});
