// How a batch says sender and event of many messages once. The messages stay the texts that they are: they are cut, and
// `data` is not read.

/** A JSON string, quotes included. */
const STRING = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
/** A message as `encodeNewMessage` writes it that has no other fields: `seq`, `id`, its envelope, `at`. */
const PLAIN_MESSAGE = new RegExp(
  String.raw`^\{"type":"message","seq":(\d+),"id":(${STRING}),` +
    String.raw`("event":"[^"]*","from":(?:null|\{"id":${STRING}(?:,"name":${STRING})?\})(?:,"byServer":true)?),` +
    String.raw`"at":(\d+),"data":`,
);

export interface Enclosed {
  /** The fields of the batch: `seq`, `at` and `envelopes`, each with its comma. */
  readonly fields: string;
  readonly events: readonly string[];
}

/**
 * Puts messages into envelopes; all other events stay as they are. `undefined`: there are not two of them, and nothing
 * would be saved. What is enclosed is never longer than it was, its envelopes included.
 */
export function enclose(events: readonly string[]): Enclosed | undefined {
  const envelopes = new Map<string, number>();
  let start: { readonly seq: number; readonly at: number } | undefined;
  let [seqBefore, atBefore, count] = [0, 0, 0];
  const enclosed = events.map((event) => {
    const [head, seqText, id, envelope, atText] = PLAIN_MESSAGE.exec(event) ?? [];
    if (head === undefined || id === undefined || envelope === undefined) return event;
    const [seq, at] = [Number(seqText), Number(atText)];
    if (start === undefined) {
      start = { seq: seq - 1, at };
      [seqBefore, atBefore] = [start.seq, at];
    }
    const steps = stepsOf(at - atBefore, seq - seqBefore);
    [seqBefore, atBefore] = [seq, at];
    count += 1;
    return `[${placeOf(envelope, envelopes)},${id},${event.slice(head.length, -1)}${steps}]`;
  });
  if (start === undefined || count < 2) return undefined;
  const list = [...envelopes.keys()].map((envelope) => `{${envelope}}`).join();
  return { fields: `"seq":${start.seq},"at":${start.at},"envelopes":[${list}],`, events: enclosed };
}

/** The last ones are left out where they are 0 and 1. */
function stepsOf(atStep: number, seqStep: number): string {
  if (seqStep !== 1) return `,${atStep},${seqStep}`;
  return atStep === 0 ? "" : `,${atStep}`;
}

function placeOf(envelope: string, envelopes: Map<string, number>): number {
  const known = envelopes.get(envelope);
  if (known !== undefined) return known;
  envelopes.set(envelope, envelopes.size);
  return envelopes.size - 1;
}
