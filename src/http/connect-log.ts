import { LimitedLog, type Seen } from "../log/limited-log.ts";
import type { Refusal } from "../protocol/index.ts";

/** One an isolate. */
const refusedConnects = new LimitedLog("connect_refused");

/** One line for a refused upgrade: why, and of which kind of socket, and nothing of who wanted it. */
export function noteRefusedConnect(
  socket: "room" | "session",
  { code, message }: Refusal,
  now: number,
): void {
  refusedConnects.note(code, { code, reason: message, socket }, now);
}

/** By code, the latest first. */
export const refusedConnectsSeen = (): Seen[] => refusedConnects.seen();
