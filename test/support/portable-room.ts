// Exports and imports of a room without a runtime.

import type { Outcome, Refusal } from "../../src/protocol/index.ts";
import { UserRecords } from "../../src/room/people/user-records.ts";
import { readFirst } from "../../src/room/portable/import-check.ts";
import { RoomExport } from "../../src/room/portable/room-export.ts";
import { atLine, RoomImport } from "../../src/room/portable/room-import.ts";
import { readExportLine } from "../../src/validation/export-line.ts";
import type { RoomForTest } from "./room-for-test.ts";

export type Line = Record<string, unknown>;

/** The lines of an export. `between` runs between two of its pages. */
export function exportOf({ room, now }: RoomForTest, between: () => void = () => {}): string[] {
  const { name, log, streams, settings, receipts, moderation } = room;
  const pages = new RoomExport({ name, log, streams, settings, receipts, moderation, scheduled: () => [] });
  let text = "";
  for (let page = pages.next(now); page !== undefined; page = pages.next(now)) {
    text += page;
    between();
  }
  return text.split("\n").slice(0, -1);
}

export const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line));

/** Imports lines, and opens the room anew. Answers the refusal, if it was refused. */
export function importInto(
  test: RoomForTest,
  lines: readonly string[],
  { epoch = "imported" }: { readonly epoch?: string | undefined } = {},
): Refusal | undefined {
  const outcome = importLines(test, lines, epoch);
  test.restart("crash");
  return outcome;
}

function importLines(test: RoomForTest, lines: readonly string[], epoch: string): Refusal | undefined {
  const [first = "", ...others] = lines;
  const keepsEpoch = epoch === "keep";
  const room = flat(readExportLine(first), (line) => readFirst(line, keepsEpoch));
  if (!room.ok) return atLine(1, room.refusal);
  const { database } = test;
  const { settings, log } = test.room;
  const users = new UserRecords(database.sql);
  const rules = { database, settings, users, messages: log.messages, schedule: () => {} };
  const importing = new RoomImport(rules, room.value, { epoch: keepsEpoch ? undefined : epoch });
  for (const [at, text] of others.entries()) {
    const line = readExportLine(text);
    const refusal = line.ok ? importing.take(line.value) : line.refusal;
    if (refusal !== undefined) return atLine(at + 2, refusal);
  }
  if (importing.isOver) importing.finish(test.now);
  return undefined;
}

const flat = <A, B>(outcome: Outcome<A>, then: (value: A) => Outcome<B>): Outcome<B> =>
  outcome.ok ? then(outcome.value) : outcome;
