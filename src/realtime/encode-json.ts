import { exceedsBytes, type Refusal, refuse } from "../protocol/index.ts";

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/** Encodes a field named `data`, once, and bounds it. `maxBytes` is in UTF-8. */
export function encodeData(data: unknown, maxBytes: number): Outcome<string> {
  const json = stringify(data);
  const path = ["data"];
  if (json === undefined)
    return { ok: false, refusal: refuse("bad_request", "data is nested too deeply", { path }) };
  if (!exceedsBytes(json, maxBytes)) return { ok: true, value: json };
  return { ok: false, refusal: refuse("too_large", `data has at most ${maxBytes} bytes as JSON`, { path }) };
}

/** The engine parses JSON of any depth, but encodes only what its stack holds. */
function stringify(data: unknown): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    return undefined;
  }
}
