// What those add who watch a room without a connection, a day. Pure. A guess is on the high side.

import type { Workload } from "./workload.ts";

export interface WatchUsage {
  /** Each is billed, also where a cache answers it. */
  readonly workerRequests: number;
  /** Those that the cache in front of the Worker answers cost no CPU. */
  readonly cached: number;
  readonly objectRequests: number;
  readonly rowsRead: number;
  readonly activeSeconds: number;
}

/** Assumption: so many data centers ask the Worker for each key, as if there were no upper tier. */
const DATA_CENTERS = 20;
/** In a room where something happens each second, watchers share two: a test simulates it. */
const KEYS_A_SECOND = 2;
/** Assumption: a call finds the end of the log and of its changes, and a new message. */
const ROWS_A_CALL = 3;

export function watchUsage({ watchers, watchSeconds, hoursConnectedPerDay, activeMs }: Workload): WatchUsage {
  const seconds = hoursConnectedPerDay * 3_600;
  const workerRequests = (watchers * seconds) / watchSeconds;
  const objectRequests = Math.min(workerRequests, seconds * DATA_CENTERS * KEYS_A_SECOND);
  return {
    workerRequests,
    cached: workerRequests - objectRequests,
    objectRequests,
    rowsRead: objectRequests * ROWS_A_CALL,
    // One that reads waits for no write.
    activeSeconds: Math.min(seconds, (objectRequests * activeMs) / 10 / 1_000),
  };
}
