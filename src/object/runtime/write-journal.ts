// The journal of an object as log lines.

import { LimitedLog } from "../../log/limited-log.ts";
import { log } from "../../log/log.ts";
import { printable } from "../../log/printable.ts";
import { isSampled } from "../../log/sample.ts";
import type { Closing } from "../../protocol/index.ts";
import type { ConnectionWhom, JournalEntry, Whom } from "../journal.ts";

type Refused = Extract<JournalEntry, { kind: "refused" }>;
type Closed = Extract<JournalEntry, { kind: "closed" }>;

const refusedCommands = new LimitedLog("refused");
const interruptedStreams = new LimitedLog("stream_interrupted");
const closedByServer = new LimitedLog("closed_by_server");

/**
 * Writes entries of a journal. `place`: the room whose object it is. Lines that say that all went well are written for
 * a part of the connections, `sample` from 0 to 1; refusals, and closes by the server, at most once a second for each
 * code and reason in an isolate.
 */
export function writeJournal(
  entries: readonly JournalEntry[],
  place: Pick<Whom, "room">,
  sample: number,
  now: number,
): void {
  for (const entry of entries) {
    switch (entry.kind) {
      case "refused":
        noteRefused(entry, place, now);
        break;
      case "closed":
        if (entry.closing === undefined || !noteClosedByServer(entry, entry.closing, place, now))
          writeSampled(
            "connection_closed",
            { ...closeOf(entry), ...connectionOf(entry, place) },
            entry,
            sample,
          );
        break;
      case "opened":
        writeSampled("connection_opened", connectionOf(entry, place), entry, sample);
        break;
      case "interrupted": {
        const { seq, topic } = entry;
        interruptedStreams.note("any", { seq, topic, ...whom(entry, place) }, now);
        break;
      }
      case "flagged": {
        const { seq, topic, flag } = entry;
        log("message_flagged", { seq, topic, flag, ...whom(entry, place) });
        break;
      }
      case "accepted": {
        const { command, topic } = entry;
        writeSampled("command_accepted", { command, topic, ...whom(entry, place) }, entry, sample);
      }
    }
  }
}

function noteRefused(entry: Refused, place: Pick<Whom, "room">, now: number): void {
  const { command, refusal } = entry;
  const { code, message, path } = refusal;
  const fields = {
    ...({ kind: "command", code, reason: message } as const),
    ...whom(entry, place),
    ...(command !== undefined && { command }),
    ...(path !== undefined && { at: printable(path.join(".")) }),
  };
  refusedCommands.note(code, fields, now, message);
}

function noteClosedByServer(
  entry: Closed,
  { code, message }: Closing,
  place: Pick<Whom, "room">,
  now: number,
): boolean {
  const { closeCode } = entry;
  const reason = message ?? code;
  return closedByServer.note(code, { code, reason, closeCode, ...connectionOf(entry, place) }, now, message);
}

const closeOf = ({ closeCode, closing }: Closed) => ({ closeCode, ...(closing && { code: closing.code }) });

/** Whom an entry is about, without what else it says. */
const whom = ({ connection, user, room }: Whom, place: Pick<Whom, "room">): Whom => ({
  ...place,
  ...(room !== undefined && { room }),
  ...(user !== undefined && { user }),
  ...(connection !== undefined && { connection }),
});

const connectionOf = ({ connection, user }: ConnectionWhom, place: Pick<Whom, "room">): ConnectionWhom => ({
  ...place,
  ...(user !== undefined && { user }),
  connection,
});

type SampledEvent = "connection_opened" | "connection_closed" | "command_accepted";

/** What no connection did is sampled by chance. */
function writeSampled<Event extends SampledEvent>(
  event: Event,
  fields: Parameters<typeof log<Event>>[1],
  { connection = String(Math.random()) }: Whom,
  sample: number,
): void {
  if (isSampled(connection, sample)) log(event, { ...fields, ...(sample < 1 && { sample }) });
}
