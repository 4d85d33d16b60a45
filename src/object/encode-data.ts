import {
  accept,
  exceedsBytes,
  MAX_PRESENCE_BYTES,
  type Outcome,
  type PresenceCommand,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import { numberBeyondDouble } from "../validation/number-range.ts";

const PATH = { path: ["data"] };
const TOO_DEEP = refuse("bad_request", "data is nested too deeply", PATH);

/**
 * Encodes a field named `data` once, for rows and frames. Refuses with `bad_request` what is nested too deeply, and a
 * number that a double does not hold.
 */
export function encodeData(data: unknown): Outcome<string> {
  const json = encode(data ?? null);
  if (json === undefined) return reject(TOO_DEEP);
  const refusal = numberBeyondDouble(data, json, "data");
  return refusal === undefined ? accept(json) : reject(refusal);
}

function encode(data: unknown): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    // The engine parses JSON of any depth, but encodes only what its stack holds.
    return undefined;
  }
}

/** The refusal of encoded data that has more than `maxBytes` bytes of UTF-8. */
export function oversize(json: string, maxBytes: number): Refusal | undefined {
  if (!exceedsBytes(json, maxBytes)) return undefined;
  return refuse("too_large", `data has at most ${maxBytes} bytes as JSON`, PATH);
}

/** The refusal of a presence whose `data` is too large: it stands in an attachment, and goes to every member. */
export function presenceRefusal({ data }: Pick<PresenceCommand, "data">): Refusal | undefined {
  const encoded = encodeData(data);
  return encoded.ok ? oversize(encoded.value, MAX_PRESENCE_BYTES) : encoded.refusal;
}
