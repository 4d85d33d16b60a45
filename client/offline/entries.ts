// What a record is in an open room.

import { isErrorCode } from "../../src/protocol/index.ts";
import type { PendingChange } from "../room/messages/changes.ts";
import type { OutboxEntry } from "../room/messages/outbox.ts";
import { RoomsError } from "../util/errors.ts";
import { anew, changeOf, type OutboxRecord } from "./outbox-record.ts";

export const isChange = (entry: OutboxEntry | PendingChange): entry is PendingChange => "change" in entry;

export const errorIn = ({ error }: OutboxRecord): RoomsError | undefined =>
  error && new RoomsError(isErrorCode(error.code) ? error.code : "offline", error.message);

export const withoutError = ({ error: _, ...record }: OutboxRecord): OutboxRecord => record;

/** Who asked for it is not there any more. */
const nobody = { resolve: () => {}, reject: () => {} };

/** `undefined`: it is no message. */
function sendEntry(record: OutboxRecord): OutboxEntry | undefined {
  const { id, said, at, cursor } = record;
  const error = errorIn(record);
  return (
    said && {
      ...{ id, said, at, isKept: true, firstCursor: cursor, ...nobody },
      phase: error === undefined ? { status: "kept" } : { status: "failed", error },
    }
  );
}

/** `undefined`: it is no change. */
function changeEntry(record: OutboxRecord): PendingChange | undefined {
  const { id, at, cursor, isDoubtful, editedAt } = record;
  const change = changeOf(record);
  const error = errorIn(record);
  if (change === undefined) return undefined;
  const entry = { id, at, change, hasWaited: true, ...nobody };
  if (error !== undefined) return { ...entry, phase: { status: "failed", error } };
  return {
    ...entry,
    phase: cursor === undefined && !isDoubtful ? { status: "queued" } : { status: "unknown", editedAt },
  };
}

/** `undefined`: it is of newer code. */
export const entryOf = (record: OutboxRecord): OutboxEntry | PendingChange | undefined =>
  sendEntry(record) ?? changeEntry(record);

/** As it is tried again. The log does not know any more whether it has the old id, so that could never be answered. */
export const retried = (record: OutboxRecord, newId: string): OutboxRecord =>
  record.error?.code === "stale_retry" ? anew(withoutError(record), newId) : withoutError(record);

/** Whether it can go out without a look at the room: the server recognizes messages, and not changes. */
export const mayGoUnseen = ({ said, cursor, isDoubtful, error }: OutboxRecord): boolean =>
  error === undefined && (said !== undefined || (cursor === undefined && !isDoubtful));
