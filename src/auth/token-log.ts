// The operator's side of a refused token: one line of the log, and a count of each reason.

import { LimitedLog, type Seen } from "../log/limited-log.ts";
import type { TokenRefusal } from "./token-refusals.ts";

const MAX_FACT_LENGTH = 200;

/** What of a token may be logged: it helps to find whose settings are wrong, and names no user. */
export interface TokenFacts {
  readonly issuer?: unknown;
  readonly kid?: unknown;
  readonly alg?: unknown;
}

/** One an isolate. */
const refusedTokens = new LimitedLog("token_refused");

export function noteRefusedToken(
  { reason, claim }: TokenRefusal,
  { issuer, kid, alg }: TokenFacts,
  now: number,
): void {
  const facts = { issuer: printable(issuer), kid: printable(kid), alg: printable(alg) };
  refusedTokens.note(reason, { reason, ...(claim !== undefined && { claim }), ...facts }, now);
}

/** By reason, the latest first. */
export const refusedTokensSeen = (): Seen[] => refusedTokens.seen();

/** Anybody can write anything there, so it is cut and made harmless. `undefined` is left out of a line. */
const printable = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value
        .slice(0, MAX_FACT_LENGTH)
        .toWellFormed()
        .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?")
    : undefined;
