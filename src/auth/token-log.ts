// Refused tokens for the operator: a log line, and a count of each reason.

import { LimitedLog, type Seen } from "../log/limited-log.ts";
import type { TokenRefusal } from "./token-refusals.ts";

const MAX_FACT_LENGTH = 200;

/** The facts of a token that may be logged. They help to find a wrong setting, and name no user. */
export interface TokenFacts {
  readonly issuer?: unknown;
  readonly kid?: unknown;
  readonly alg?: unknown;
}

const refusedTokens = new LimitedLog("token_refused");

export function noteRefusedToken(
  { reason, claim }: TokenRefusal,
  { issuer, kid, alg }: TokenFacts,
  now: number,
): void {
  const facts = { issuer: printable(issuer), kid: printable(kid), alg: printable(alg) };
  refusedTokens.note(reason, { reason, ...(claim !== undefined && { claim }), ...facts }, now);
}

/** Refused tokens by reason, the latest first. */
export const refusedTokensSeen = (): Seen[] => refusedTokens.seen();

/** Cuts and cleans text that any caller can choose. */
const printable = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value
        .slice(0, MAX_FACT_LENGTH)
        .toWellFormed()
        .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?")
    : undefined;
