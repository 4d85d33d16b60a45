import type { OutboxRecord } from "./outbox-record.ts";

/** One entry of an outbox, as this tab has it. */
export interface Slot {
  readonly key: string;
  /** As it shall be. */
  record: OutboxRecord;
  /** As it is known to be durable. */
  written: OutboxRecord | undefined;
  /** The storage may have it, as it was given to it. */
  isOffered: boolean;
  /** It must not be sent yet: the storage may say that it was not, or has it under a former id. */
  isHeldBack: boolean;
  /** As it stands in the storage under the name of a tab that is gone, where this one could not put its own there. */
  lender: OutboxRecord | undefined;
  /** Another tab sends it. */
  isElsewhere: boolean;
  /** It is not in the storage any more: another tab had it stored, or discarded it. */
  isGone: boolean;
  readonly bytes: number;
}

/**
 * Whether the storage shall say that it was not sent. Where it can be asked for as a repeat, this follows the record, so
 * that what a silent storage has not kept yet may be sent.
 */
export const isToBeMarked = ({ record, written }: Slot): boolean =>
  record.cursor === undefined &&
  !record.isDoubtful &&
  (record.known === undefined || (written?.id === record.id && written.cursor === undefined));
