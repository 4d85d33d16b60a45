import { accept, exceedsBytes, type Outcome, type Refusal, refuse, reject } from "../protocol/index.ts";
import { numberBeyondDouble } from "../validation/number-range.ts";

const PATH = { path: ["data"] };
const TOO_DEEP = refuse("bad_request", "data is nested too deeply", PATH);

/**
 * Encodes a field named `data`, once: it goes into rows and frames as it is then. `bad_request` for what is nested too
 * deeply, and for a number that a double does not hold.
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

/** Why encoded data does not fit; `maxBytes` is in UTF-8. */
export function oversize(json: string, maxBytes: number): Refusal | undefined {
  if (!exceedsBytes(json, maxBytes)) return undefined;
  return refuse("too_large", `data has at most ${maxBytes} bytes as JSON`, PATH);
}
