import { log } from "../../log/log.ts";
import { streamedPages } from "../../object/runtime/streamed-pages.ts";
import { RoomExport } from "../portable/room-export.ts";
import type { RoomRuntime } from "./room-runtime.ts";

/** The lines of an export. `isCurrent`: whether the room was not opened anew meanwhile, as after it forgot itself. */
export function exportOf(
  { room }: RoomRuntime,
  ctx: Pick<DurableObjectState, "waitUntil">,
  isCurrent: () => boolean,
): ReadableStream<Uint8Array> {
  const { name, log: roomLog, streams, settings, receipts, moderation } = room;
  const rules = {
    name,
    log: roomLog,
    streams,
    settings,
    receipts,
    moderation,
    scheduled: () => room.time.schedule.all(),
  };
  const pages = new RoomExport(rules);
  const next = () => {
    if (!isCurrent()) throw new Error("the room was opened anew during its export");
    return pages.next(Date.now());
  };
  return streamedPages(next, {
    waitUntil: (work) => ctx.waitUntil(work),
    failed: (error) => log("export_failed", { room: name, error }),
  });
}
