// @vitest-environment happy-dom
// When the admin page asks the server.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallError } from "../../../../demo/admin/api.js";
import { pollDelayMs, startPolling } from "../../../../demo/admin/polling.js";

let ended: AbortController;
let visibility = "visible";

beforeEach(() => {
  vi.useFakeTimers();
  ended = new AbortController();
  visibility = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility as "visible");
});
afterEach(() => {
  ended.abort();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function look(state: "visible" | "hidden"): void {
  visibility = state;
  document.dispatchEvent(new Event("visibilitychange"));
}

const start = (poll: () => Promise<unknown>, onError?: (error: unknown) => void) =>
  startPolling({
    ...{ everyMs: 5_000, signal: ended.signal, poll, random: () => 0.5 },
    ...(onError && { onError }),
  });

describe("the waits between two polls", () => {
  it("[W80] differ by a fifth, so that pages drift apart", () => {
    expect([0, 0.5, 1].map((random) => pollDelayMs(5_000, 0, random))).toEqual([4_500, 5_000, 5_500]);
  });

  it("[W80] double with each error up to a minute, with jitter", () => {
    const longest = [1, 2, 3, 4, 5, 50].map((failures) => pollDelayMs(5_000, failures, 1));
    expect(longest).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(pollDelayMs(5_000, 3, 0)).toBe(20_000);
  });

  it("[W80] are at least as long as the server says", () => {
    expect(pollDelayMs(5_000, 1, 0, 30_000)).toBe(35_000);
  });
});

describe("a page that polls", () => {
  it("[W80] asks at once, and after each answer again", async () => {
    const poll = vi.fn(async () => {});
    start(poll);
    expect(poll).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(poll).toHaveBeenCalledTimes(4);
  });

  it("[W80] has one call under way at most", async () => {
    let answer = () => {};
    const poll = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
    const polling = start(poll);
    polling.now();
    polling.now();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(poll).toHaveBeenCalledTimes(1);
    // What was asked for meanwhile follows at once, and once.
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(poll).toHaveBeenCalledTimes(2);
  });

  it("[W80] asks nothing while it is hidden, and at once when it is seen again", async () => {
    const poll = vi.fn(async () => {});
    start(poll);
    await vi.advanceTimersByTimeAsync(0);
    look("hidden");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(poll).toHaveBeenCalledTimes(1);
    look("visible");
    expect(poll).toHaveBeenCalledTimes(2);
  });

  it("[W80] waits after an error, says it, and is as fast as before once it is answered", async () => {
    const error = new CallError("overloaded", "", { retryAfterMs: 2_000 });
    const poll = vi.fn(async () => {});
    poll.mockRejectedValueOnce(error);
    const said = vi.fn();
    start(poll, said);
    await vi.advanceTimersByTimeAsync(9_499);
    expect(said).toHaveBeenCalledExactlyOnceWith(error);
    expect(poll).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(poll).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(poll).toHaveBeenCalledTimes(3);
  });

  it("[W80] stops for good when the operator has left", async () => {
    const poll = vi.fn(async () => {});
    start(poll);
    await vi.advanceTimersByTimeAsync(0);
    ended.abort();
    look("visible");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(poll).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
