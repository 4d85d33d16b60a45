// How long a room stays open after its last component has gone.

import { beforeEach, expect, it, vi } from "vitest";
import { holdRoom } from "../../client/bindings/held-room.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  return () => void vi.useRealTimers();
});

/** Whether a room that was released is still open after these many milliseconds, each counted from the one before. */
async function isOpenAfter(releaseAfterMs: number, ...waits: readonly number[]): Promise<readonly boolean[]> {
  const { client, clock } = clientForTest();
  const room = client.peek("lobby");
  const release = holdRoom(room, { releaseAfterMs });
  await clock.advance(0);
  expect(room.state.status).toBe("connecting");
  release();
  const answers: boolean[] = [];
  for (const ms of waits) {
    vi.advanceTimersByTime(ms);
    await clock.advance(0);
    answers.push(room.state.status !== "disconnected");
  }
  client.close();
  return answers;
}

it.each([1, 5_000, 2 ** 31 - 1])("[V1] after %s ms it is left", async (ms) => {
  expect(await isOpenAfter(ms, ms - 1, 1)).toEqual([true, false]);
});

it.each([0, -1, -Infinity, Number.NaN])("[V21] after %s ms it is left at once", async (ms) => {
  expect(await isOpenAfter(ms, 0)).toEqual([false]);
});

it.each([2 ** 31, Number.MAX_VALUE, Infinity])(
  "[V21] after %s ms, more than a timer can wait, it is never left, and nothing keeps a process alive",
  async (ms) => {
    const ofClient = vi.getTimerCount();
    expect(await isOpenAfter(ms, 2 ** 31, 2 ** 31)).toEqual([true, true]);
    expect(vi.getTimerCount()).toBe(ofClient);
  },
);
