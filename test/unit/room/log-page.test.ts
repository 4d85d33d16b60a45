import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { MAX_PAGE_BYTES, MAX_ROWS_LOOKED_AT } from "../../../src/protocol/index.ts";
import { type Entry, inOrder, type PageBounds, takePage } from "../../../src/room/log/log-page.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const entry = (seq: number, event = "chat", json = `${seq}`): Entry => ({ seq, event, json });

/** Entries, and whether they were closed. */
function stream(...seqs: number[]) {
  const state = { closed: false, taken: 0 };
  function* entries(): Generator<Entry> {
    try {
      for (const seq of seqs) {
        state.taken += 1;
        yield entry(seq);
      }
    } finally {
      state.closed = true;
    }
  }
  return { entries: entries(), state };
}

const seqsOf = (entries: Iterable<Entry>): number[] => Array.from(entries, ({ seq }) => seq);

describe("two ordered streams", () => {
  it.each([
    [[], []],
    [[1, 3], []],
    [[], [2, 4]],
    [
      [1, 2, 3],
      [4, 5],
    ],
    [
      [4, 5],
      [1, 2, 3],
    ],
    [
      [1, 4, 6],
      [2, 3, 7, 8],
    ],
  ])("[E6] merge into one: %j and %j", (a, b) => {
    const [one, other] = [stream(...a), stream(...b)];
    expect(seqsOf(inOrder(one.entries, other.entries))).toEqual([...a, ...b].sort((x, y) => x - y));
    expect([one.state.closed, other.state.closed]).toEqual([true, true]);
  });

  it("[E6] both end if the reader stops early, however far they got", () => {
    for (const count of [1, 2, 3, 4]) {
      const [one, other] = [stream(1, 3, 5), stream(2, 4, 6)];
      let taken = 0;
      for (const _ of inOrder(one.entries, other.entries)) if (++taken === count) break;
      expect([one.state.closed, other.state.closed]).toEqual([true, true]);
    }
  });

  it("[E6] both end if one fails", () => {
    const one = stream(1, 3, 5);
    function* failing(): Generator<Entry> {
      yield entry(2);
      throw new Error("disk I/O error");
    }
    expect(() => seqsOf(inOrder(one.entries, failing()))).toThrow("disk I/O error");
    expect(one.state.closed).toBe(true);
  });

  it("[E6] merge in order whatever the numbers are", () => {
    const random = new SeededRandom(seededRandom(1));
    for (let round = 0; round < 200; round++) {
      const all = Array.from({ length: 30 }, (_, index) => index + 1).filter(() => random.next() < 0.6);
      const a = all.filter(() => random.next() < 0.5);
      const b = all.filter((seq) => !a.includes(seq));
      expect(seqsOf(inOrder(stream(...a).entries, stream(...b).entries))).toEqual(all);
    }
  });
});

describe("a page", () => {
  const bounds: PageBounds = { topics: null, limit: 3, maxBytes: MAX_PAGE_BYTES, start: 0, end: 9 };

  it("[F5] ends with the log, or says that there is more", () => {
    expect(takePage([entry(2), entry(4)], bounds)).toEqual({
      events: ["2", "4"],
      seq: 9,
      more: false,
      looked: 2,
    });
    expect(
      takePage(
        [1, 2, 3].map((seq) => entry(seq)),
        bounds,
      ),
    ).toMatchObject({ seq: 9, more: false });
    expect(
      takePage(
        [1, 2, 3, 5].map((seq) => entry(seq)),
        bounds,
      ),
    ).toMatchObject({ seq: 3, more: true });
    expect(takePage([], bounds)).toEqual({ events: [], seq: 9, more: false, looked: 0 });
  });

  it("[T2] passes what does not match", () => {
    const entries = [entry(1, "task"), entry(2), entry(3, "task"), entry(4, "task"), entry(5)];
    expect(takePage(entries, { ...bounds, topics: ["chat"], limit: 1 })).toEqual({
      events: ["2"],
      seq: 2,
      more: true,
      looked: 2,
    });
    expect(takePage(entries, { ...bounds, topics: [] })).toEqual({
      events: [],
      seq: 9,
      more: false,
      looked: 5,
    });
  });

  it("[M7] reads at most a given number of rows", () => {
    const { entries, state } = stream(...Array.from({ length: 3_000 }, (_, index) => index + 1));
    const page = takePage(entries, { ...bounds, topics: [], end: 3_000 });
    expect(page).toEqual({ events: [], seq: MAX_ROWS_LOOKED_AT, more: true, looked: MAX_ROWS_LOOKED_AT });
    expect(state).toEqual({ closed: true, taken: MAX_ROWS_LOOKED_AT + 1 });
  });

  it("[M4] stays below the bytes of a frame, but has at least one event", () => {
    const large = "x".repeat(MAX_PAGE_BYTES / 2);
    const entries = [entry(1, "chat", large), entry(2, "chat", large), entry(3)];
    expect(takePage(entries, bounds)).toMatchObject({ events: [large], seq: 1, more: true });
    expect(takePage([entry(1, "chat", large + large), entry(2)], bounds)).toMatchObject({
      seq: 1,
      more: true,
    });
  });
});
