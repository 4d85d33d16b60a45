import { describe, expect, it } from "vitest";
import type { AuthCommand } from "../../src/protocol/index.ts";
import { FlushLoop } from "../../src/realtime/flush-loop.ts";
import { Intake } from "../../src/realtime/intake.ts";
import { TokenBuckets } from "../../src/realtime/token-bucket.ts";
import type { Parsed } from "../../src/validation/parse-frame.ts";

describe("the flush loop", () => {
  function loopForTest() {
    const done: string[] = [];
    const commits: (() => void)[] = [];
    let queue: string[] = [];
    const loop = new FlushLoop({
      flush: () => done.push(queue.splice(0).join("")),
      hasWork: () => queue.length > 0,
      lingerMs: () => 0,
      wait: () => Promise.resolve(),
      sync: () => new Promise((resolve) => commits.push(resolve)),
      after: () => Promise.resolve(),
    });
    const ask = (work: string) => {
      queue.push(work);
      return loop.request();
    };
    return { loop, ask, done, commits, fail: () => (queue = ["fails"]) };
  }

  it("[S1] settles with the flush that took what waited, however much goes on arriving", async () => {
    const { ask, done, commits } = loopForTest();
    const first = ask("a");
    const same = ask("b");
    await expect.poll(() => commits.length).toBe(1);
    const later = ask("c");
    let settled = "";
    void later.then(() => (settled += "later"));
    commits[0]?.();
    await Promise.all([first, same]);
    expect([done, settled]).toEqual([["ab"], ""]);
    await expect.poll(() => commits.length).toBe(2);
    expect(done).toEqual(["ab", "c"]);
    commits[1]?.();
    await later;
  });

  it("[S1] flushes one after the other, and again for what was left over", async () => {
    const { ask, done, commits } = loopForTest();
    void ask("a");
    await expect.poll(() => commits.length).toBe(1);
    void ask("b");
    await Promise.resolve();
    expect(done).toEqual(["a"]);
    commits[0]?.();
    await expect.poll(() => done).toEqual(["a", "b"]);
  });
});

describe("the intake", () => {
  type Say = { readonly type: "say"; readonly id: string };

  function intakeForTest() {
    const taken: string[] = [];
    const verifications: (() => void)[] = [];
    const intake = new Intake<object, Say, string>({
      parse: (frame): Parsed<Say | AuthCommand>[] =>
        String(frame)
          .split(" ")
          .map((id) => ({
            kind: "command",
            command: id.startsWith("auth") ? { type: "auth", id, token: id } : { type: "say", id },
          })),
      verify: (token) => new Promise((resolve) => verifications.push(() => resolve(token))),
      accept: (_, parsed) =>
        taken.push(parsed.kind === "command" ? parsed.command.id : `refused ${parsed.id}`),
      authenticated: (_, id) => taken.push(id),
    });
    const verified = async () => {
      verifications.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { intake, taken, verified };
  }

  it("[M8] keeps what comes after an auth behind it, also behind a second one", async () => {
    const { intake, taken, verified } = intakeForTest();
    const [ada, bo] = [{}, {}];
    void intake.receive(ada, "a auth1 b");
    void intake.receive(ada, "c auth2 d");
    void intake.receive(bo, "other");
    expect(taken).toEqual(["a", "other"]);
    await verified();
    void intake.receive(ada, "e");
    expect(taken).toEqual(["a", "other", "auth1", "b", "c"]);
    await verified();
    expect(taken).toEqual(["a", "other", "auth1", "b", "c", "auth2", "d", "e"]);
  });

  it("[M8] holds no more than a frame's worth, and answers the rest with its id", async () => {
    const { intake, taken } = intakeForTest();
    const ada = {};
    void intake.receive(ada, "auth1");
    void intake.receive(ada, "x".repeat(1_048_576));
    void intake.receive(ada, "y");
    expect(taken).toEqual(["refused y"]);
  });
});

describe("token buckets", () => {
  it("[M5] refill with time, and say how long that takes", () => {
    const buckets = new TokenBuckets({ perSecond: 0.5, burst: 2 });
    expect([buckets.take("a", 1, 0), buckets.take("a", 1, 0), buckets.take("a", 1, 0)]).toEqual([
      0, 0, 2_000,
    ]);
    expect(buckets.take("a", 1, 1_999)).toBe(1);
    expect(buckets.take("a", 1, 2_000)).toBe(0);
    expect(buckets.take("b", 1, 2_000)).toBe(0);
    // A clock that steps back takes nothing away.
    expect(buckets.take("b", 1, 1_000)).toBe(0);
  });

  it("[M5] forget those that are full again", () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    for (let i = 0; i < 5_000; i++) expect(buckets.take(`user${i}`, 1, i * 10)).toBe(0);
    expect(buckets.take("user4999", 1, 50_000)).toBeGreaterThan(0);
  });
});
