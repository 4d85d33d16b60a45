import { describe, expect, it } from "vitest";
import { JwksCache } from "../../../src/auth/jwks-cache.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

type Keys = ReadonlySet<string>;

/** A key set over an issuer and a clock that only the test moves. Each key is a string, its own name. */
function keySetForTest(published: readonly string[] = ["one"]) {
  let now = 1_800_000_000_000;
  let issuer: "answers" | "fails" | "hangs" = "answers";
  let keys: Keys = new Set(published);
  let fetches = 0;
  const hanging: PromiseWithResolvers<Keys>[] = [];
  const goingOn: Promise<void>[] = [];
  const failures: unknown[] = [];
  const keySet = new JwksCache<Keys>({
    fetchKeys: async () => {
      fetches += 1;
      if (issuer === "fails") throw new Error("down");
      if (issuer === "answers") return keys;
      const answer = Promise.withResolvers<Keys>();
      hanging.push(answer);
      return answer.promise;
    },
    now: () => now,
    wait: async (ms) => {
      now += ms;
    },
    goOn: (fetching) => goingOn.push(fetching),
    failed: (error) => failures.push(error),
  });
  const find = (name: string, signedAt?: number) =>
    keySet.find({ name, signedAt }, async (held) => (held.has(name) ? name : undefined));
  return {
    find: async (kid: string, signedAt?: number) => {
      const found = await find(kid, signedAt);
      return found.kind === "found" ? found.key : found.kind;
    },
    /** The refusal with the time to wait. */
    retryAfterMs: async (kid: string) => {
      const found = await find(kid);
      return "retryAfterMs" in found ? found.retryAfterMs : undefined;
    },
    pass: (ms: number) => {
      now += ms;
    },
    publish: (...names: string[]) => {
      keys = new Set(names);
    },
    issuerNow: (state: typeof issuer) => {
      issuer = state;
    },
    /** Answers the requests that hung, the oldest first. */
    answerLate: (...names: string[]) => hanging.shift()?.resolve(new Set(names)),
    settled: () => Promise.all(goingOn),
    fetches: () => fetches,
    now: () => now,
    failures,
  };
}

/** Waits until what was started cannot get further by itself. */
const underWay = () => new Promise((resolve) => setImmediate(resolve));

describe("the keys of an issuer", () => {
  it("[A18] are fetched once, and are then used from the cache", async () => {
    const { find, pass, fetches } = keySetForTest();
    expect(await find("one")).toBe("one");
    pass(10 * MINUTE);
    expect(await find("one")).toBe("one");
    expect(fetches()).toBe(1);
  });

  it("[A18] are found if new, with the first token that a new one signed", async () => {
    const { find, pass, publish, fetches } = keySetForTest();
    await find("one");
    pass(30 * SECOND);
    publish("one", "two");
    expect([await find("two"), await find("one"), fetches()]).toEqual(["two", "one", 2]);
  });

  it("[A18] are fetched once in 30 s for an unknown key", async () => {
    const { find, pass, fetches } = keySetForTest();
    await find("one");
    pass(30 * SECOND);
    for (let round = 1; round <= 3; round++) {
      const storm = await Promise.all(Array.from({ length: 50 }, (_, n) => find(`forged-${n}`)));
      expect(new Set(storm)).toEqual(new Set(["unknown"]));
      expect(fetches()).toBe(1 + round);
      pass(29 * SECOND);
      expect(await find("forged-1")).toBe("unknown");
      expect(fetches()).toBe(1 + round);
      pass(1 * SECOND);
    }
  });

  it("[A22] include one that may be newer than the last fetch: a token waits for the next fetch, which decides", async () => {
    const { find, retryAfterMs, pass, publish, fetches } = keySetForTest();
    await find("one");
    pass(10 * SECOND);
    publish("one", "two");
    expect([await find("two"), await retryAfterMs("two")]).toEqual(["awaited", 20 * SECOND]);
    expect(await find("forged")).toBe("awaited");
    expect(fetches()).toBe(1);
    pass(20 * SECOND);
    expect([await find("two"), await find("forged"), fetches()]).toEqual(["two", "unknown", 2]);
    pass(10 * SECOND);
    expect([await find("forged"), fetches()]).toEqual(["unknown", 2]);
  });

  it("[A22] do not include the unknown key of a token that is older than the last fetch, with a tolerance for slow clocks", async () => {
    const { find, pass, now, fetches } = keySetForTest();
    await find("one");
    expect(await find("a", now() - 60 * SECOND)).toBe("unknown");
    pass(SECOND);
    expect([await find("b", now() - 61 * SECOND), await find("c", now() - 60 * SECOND)]).toEqual([
      "unknown",
      "awaited",
    ]);
    expect(fetches()).toBe(1);
  });

  it("[A22][A18] are not fetched more often for many forged names, which delay no token beyond the next fetch", async () => {
    const { find, pass, publish, fetches } = keySetForTest();
    await find("one");
    publish("one", "two");
    let waited = 0;
    for (let second = 0; (await find("two")) !== "two"; second++) {
      for (let n = 0; n < 100; n++) await find(`forged-${second}-${n}`);
      pass(SECOND);
      waited += 1;
    }
    expect([waited, fetches()]).toEqual([30, 2]);
    for (let second = 0; second < 300; second++) {
      for (let n = 0; n < 50; n++) expect(await find(`more-${second}-${n}`)).not.toBe("found");
      expect(await find("two")).toBe("two");
      pass(SECOND);
    }
    expect(fetches()).toBe(2 + 9);
  });

  it("[A22] may come to include one that was missing: a miss is forgotten after a while", async () => {
    const { find, pass, publish } = keySetForTest();
    expect(await find("two")).toBe("unknown");
    pass(11 * MINUTE);
    await find("one");
    pass(30 * SECOND);
    await find("three");
    publish("one", "two");
    pass(SECOND);
    expect(await find("two")).toBe("awaited");
    pass(29 * SECOND);
    expect(await find("two")).toBe("two");
  });

  it("[A18] are fetched once in 5 s from an issuer that fails, and each refusal says how long that is", async () => {
    const { find, retryAfterMs, pass, issuerNow, fetches, failures } = keySetForTest();
    issuerNow("fails");
    const storm = await Promise.all(Array.from({ length: 50 }, () => find("one")));
    expect(new Set(storm)).toEqual(new Set(["unavailable"]));
    expect([fetches(), failures.length]).toEqual([1, 1]);
    pass(2 * SECOND);
    expect([await retryAfterMs("one"), fetches()]).toEqual([3 * SECOND, 1]);
    pass(3 * SECOND);
    issuerNow("answers");
    expect([await find("one"), fetches()]).toEqual(["one", 2]);
  });

  it("[A18] are fetched once for all tokens that arrive during the fetch", async () => {
    const { find, issuerNow, answerLate, fetches } = keySetForTest();
    issuerNow("hangs");
    const first = find("one");
    await underWay();
    const second = find("one");
    answerLate("one");
    expect([await first, await second]).toEqual(["one", "one"]);
    expect(fetches()).toBe(1);
  });

  it("[A18][X4] are awaited no longer than one fetch may take, also if another request started it", async () => {
    const { find, retryAfterMs, issuerNow, now, fetches } = keySetForTest();
    issuerNow("hangs");
    // Its request has ended, and its promise never settles.
    void find("one");
    await underWay();
    const before = now();
    expect(await retryAfterMs("one")).toBeGreaterThan(0);
    expect(now() - before).toBeLessThanOrEqual(4 * SECOND + 50);
    issuerNow("answers");
    expect([await find("one"), fetches()]).toEqual(["one", 2]);
  });

  it("[A19] are used at once from the cache, whatever the issuer does, and are fetched again after 10 minutes", async () => {
    const { find, pass, issuerNow, fetches } = keySetForTest();
    await find("one");
    issuerNow("hangs");
    pass(10 * MINUTE + 1);
    for (let second = 0; second < 3; second++) {
      expect(await find("one")).toBe("one");
      pass(SECOND);
    }
    expect(fetches()).toBe(2);
  });

  it("[A19] no longer include a removed key from the next fetch on", async () => {
    const { find, pass, publish, settled, fetches } = keySetForTest(["one", "two"]);
    await find("one");
    publish("two");
    pass(10 * MINUTE + 1);
    expect(await find("one")).toBe("one");
    await settled();
    expect([await find("one"), await find("two"), fetches()]).toEqual(["unknown", "two", 2]);
  });

  it("[A19] are used for a day while the issuer fails", async () => {
    const { find, pass, issuerNow, settled } = keySetForTest();
    await find("one");
    issuerNow("fails");
    pass(DAY);
    expect(await find("one")).toBe("one");
    await settled();
    pass(1);
    expect(await find("one")).toBe("unavailable");
    pass(5 * SECOND);
    issuerNow("answers");
    expect(await find("one")).toBe("one");
  });

  it("[A19] are not replaced by a fetch that was given up, after a later one has succeeded", async () => {
    const { find, pass, issuerNow, answerLate, settled } = keySetForTest(["two"]);
    issuerNow("hangs");
    const first = find("one");
    await underWay();
    pass(4 * SECOND);
    issuerNow("answers");
    expect(await find("two")).toBe("two");
    answerLate("one");
    await settled();
    expect([await first, await find("two")]).toEqual(["unknown", "two"]);
  });
});
