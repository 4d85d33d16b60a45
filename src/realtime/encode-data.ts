import { accept, exceedsBytes, type Outcome, type Refusal, refuse, reject } from "../protocol/index.ts";

const PATH = { path: ["data"] };
const TOO_DEEP = refuse("bad_request", "data is nested too deeply", PATH);

/** Encodes a field named `data`, once: it goes into rows and frames as it is then. */
export function encodeData(data: unknown): Outcome<string> {
  try {
    return accept(JSON.stringify(data ?? null));
  } catch {
    // The engine parses JSON of any depth, but encodes only what its stack holds.
    return reject(TOO_DEEP);
  }
}

/** Why encoded data does not fit; `maxBytes` is in UTF-8. */
export function oversize(json: string, maxBytes: number): Refusal | undefined {
  if (!exceedsBytes(json, maxBytes)) return undefined;
  return refuse("too_large", `data has at most ${maxBytes} bytes as JSON`, PATH);
}
