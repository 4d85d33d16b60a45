// What rows read positions cost. Pure. A guess is on the high side: reads and leaves are spread at random over the
// hours, while in truth those who are there read a message soon after it was sent, at the same time.

import { ROOM_COUNTERS } from "./measured-counters.ts";
import type { Workload } from "./workload.ts";

/** When a room writes positions: src/room/people/read-sheets.ts. */
export const READ_SHEETS = {
  users: 256,
  together: 8,
  togetherAfterS: 60,
  aloneAfterS: 180,
  most: 128,
} as const;

type Reading = Pick<
  Workload,
  "members" | "hoursConnectedPerDay" | "joinsPerMemberPerDay" | "readsPerMemberPerDay"
>;

/** Rows of one room a day, of which its object wakes `wakes` times. */
export function readUsage(workload: Reading, wakes: number): { rowsRead: number; rowsWritten: number } {
  const { members, readsPerMemberPerDay } = workload;
  const { read, readSheet } = ROOM_COUNTERS;
  const reads = members * readsPerMemberPerDay;
  const rows = readRowsADay(workload);
  const readAtWakes = reads === 0 ? 0 : wakes * Math.ceil(members / READ_SHEETS.users);
  return {
    rowsRead: reads * read.rowsRead + rows * readSheet.rowsRead + readAtWakes,
    rowsWritten: rows * readSheet.rowsWritten,
  };
}

/** How often a room writes positions a day, each time a row. */
export function readRowsADay(workload: Reading): number {
  const { members, hoursConnectedPerDay, joinsPerMemberPerDay } = workload;
  const reads = members * workload.readsPerMemberPerDay;
  const sheets = Math.ceil(members / READ_SHEETS.users);
  const seconds = hoursConnectedPerDay * 3_600;
  // Nobody keeps them: each is written, unless another one was just before.
  if (seconds === 0 || reads === 0) return reads;
  // More read than there are sheets for: each takes the place of another one, who gets a row with an index.
  if (sheets > READ_SHEETS.most) return 3 * reads;
  const betweenReads = (sheets * seconds) / reads;
  const waits = Math.max(READ_SHEETS.togetherAfterS, (READ_SHEETS.together - 1) * betweenReads);
  const period = betweenReads + Math.min(waits, READ_SHEETS.aloneAfterS);
  const ofAge = (sheets * seconds) / period;
  // With the last connection of a member that leaves goes what they have read since the row was written.
  const hasRead = 1 - Math.exp((-workload.readsPerMemberPerDay / seconds) * period);
  const leaves = members * joinsPerMemberPerDay;
  return Math.min(reads, ofAge + leaves * hasRead);
}
