// One call of a watcher: the same for everybody, so without a token.

import {
  COMMAND_TIMEOUT_MS,
  isRecord,
  parseJson,
  type Refusal,
  refuse,
} from "../../../src/protocol/index.ts";
import type { Ports } from "../../util/ports.ts";
import { parseError } from "../../util/wire.ts";

export type WatchAnswer =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly refusal: Refusal };

interface NoAnswer {
  readonly kind: "none";
  readonly why: string;
}

/** Ends with the first of `signals`, or when it takes too long. Never rejects. */
export async function getWithin(
  { clock, fetch }: Pick<Ports, "clock" | "fetch">,
  url: string,
  signals: readonly AbortSignal[],
): Promise<WatchAnswer | NoAnswer> {
  const ended = new AbortController();
  let why = "The server could not be reached.";
  const end = () => ended.abort();
  for (const signal of signals) signal.addEventListener("abort", end);
  const cancel = clock.after(COMMAND_TIMEOUT_MS, () => {
    why = "The server did not answer in time.";
    end();
  });
  try {
    const response = await fetch(url, { redirect: "manual", signal: ended.signal });
    const value = parseJson(await response.text());
    return response.ok ? { kind: "value", value } : { kind: "refused", refusal: refusalIn(value, response) };
  } catch {
    return { kind: "none", why };
  } finally {
    cancel();
    for (const signal of signals) signal.removeEventListener("abort", end);
  }
}

/** Of a server that is ours, or of something on the way. */
function refusalIn(value: unknown, { status, headers }: Response): Refusal {
  if (isRecord(value) && isRecord(value.error)) {
    const { code, message, retryAfterMs } = parseError(value.error);
    return refuse(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  const seconds = Number(headers.get("Retry-After") ?? 0);
  return refuse("overloaded", `the server answered ${status}`, {
    retryAfterMs: seconds > 0 ? seconds * 1_000 : 0,
  });
}
