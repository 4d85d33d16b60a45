// A batch in which sender and event stand once for many messages. Only for a client that asked for it: PROTOCOL.md §5.

import { SENDER } from "./content.ts";
import type { Batch } from "./frames.ts";
import type { Fields, Infer, JsonObject } from "./schema.ts";

/** What the messages of one sender and one event have in common. */
export const ENVELOPE = {
  event: "eventName",
  /** `null`: server code in its own name. */
  from: ["nullable", SENDER],
  /** Server code says this in the name of `from`. */
  byServer: ["optional", ["is", true]],
} as const satisfies Fields;
export interface Envelope extends Infer<typeof ENVELOPE> {}

/**
 * A `message` that has nothing beside its `id`, its `data` and its envelope. The steps lead from the enclosed message
 * before it in the batch.
 */
export type EnclosedMessage = readonly [
  /** Its place in `envelopes`. */
  envelope: number,
  id: string,
  data: unknown,
  /** How much later it was stored, in milliseconds; left out: 0. */
  atStep?: number,
  /** How much greater its `seq` is; left out: 1. */
  seqStep?: number,
];

export interface EnvelopeBatch extends Omit<Batch, "events"> {
  /** Where the steps begin, `seq` and `at`. */
  readonly seq: number;
  readonly at: number;
  readonly envelopes: readonly Envelope[];
  readonly events: readonly (Batch["events"][number] | EnclosedMessage)[];
}

/** The events of a batch, also those in envelopes, as if each had come whole. They are not checked yet. */
export function eventsIn({ events, envelopes, seq, at }: JsonObject): readonly unknown[] {
  if (!Array.isArray(events)) return [];
  let [lastSeq, lastAt] = [Number(seq), Number(at)];
  return events.map((event: unknown) => {
    if (!Array.isArray(event) || !Array.isArray(envelopes)) return event;
    const [envelope, id, data, atStep = 0, seqStep = 1]: unknown[] = event;
    lastSeq += Number(seqStep);
    lastAt += Number(atStep);
    return { type: "message", seq: lastSeq, id, ...envelopes[Number(envelope)], at: lastAt, data };
  });
}
