// What a room holds of one user: page by page for the user's object, which exports it.

import type { RoomLog } from "../log/room-log.ts";
import type { Receipts } from "../people/receipts.ts";
import type { UserDataPage } from "../room-calls.ts";
import type { Schedule } from "../schedule.ts";
import type { Streams } from "../streams.ts";

/** Of one page, in UTF-16 units. The last line may go beyond it. */
const PAGE_LENGTH = 262_144;

export interface UserDataRules {
  readonly name: string;
  readonly log: RoomLog;
  readonly streams: Pick<Streams, "inPage">;
  readonly receipts: Receipts;
  readonly time: { readonly schedule: Pick<Schedule, "ofUser"> };
}

/** `after`: the `seq` behind which to go on. */
export function userDataOf(
  { name, log, streams, receipts, time }: UserDataRules,
  user: string,
  after: number,
): UserDataPage {
  let lines = "";
  let messages = 0;
  const room = JSON.stringify(name);
  for (const { seq, body } of log.ofAuthor(user, after)) {
    lines += `{"type":"message","room":${room},"message":${streams.inPage(body)}}\n`;
    messages += 1;
    if (lines.length >= PAGE_LENGTH) return { lines, messages, next: seq };
  }
  const at = receipts.readAt(user);
  if (at !== undefined) {
    const receipt = { type: "receipt", room: name, seq: receipts.seqOf(user), at };
    lines += `${JSON.stringify(receipt)}\n`;
  }
  for (const json of time.schedule.ofUser(user))
    lines += `{"type":"scheduled","room":${room},${json.slice(1)}\n`;
  return { lines, messages, next: null };
}
