// Runs checks one after the other, and keeps what came of each.

import { TimeIsOver } from "./patience.ts";

export interface CheckOutcome {
  readonly name: string;
  readonly outcome: "ok" | "FAILED" | "left out";
  /** What was seen, or what the failure means. */
  readonly detail: string;
}

export interface Check {
  readonly name: string;
  /** Whether the checks behind it make no sense without it. */
  readonly isNeeded?: true;
  /** What it means for those who use the deployment if this fails. */
  readonly meaning: string;
  /** Answers what was seen. Rejects if it is not as it must be. */
  run(): Promise<string>;
}

/** Calls `tell` after each check. */
export async function runChecks(
  checks: readonly Check[],
  tell: (outcome: CheckOutcome) => void,
): Promise<readonly CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  let missing: string | undefined;
  for (const { name, meaning, isNeeded, run } of checks) {
    const failed = (error: unknown): CheckOutcome => {
      if (isNeeded || error instanceof TimeIsOver) missing = name;
      return { name, outcome: "FAILED", detail: `${wordsOf(error)}. ${meaning}` };
    };
    const outcome =
      missing === undefined
        ? await run().then((detail): CheckOutcome => ({ name, outcome: "ok", detail }), failed)
        : ({ name, outcome: "left out", detail: `as "${missing}" failed` } as const);
    outcomes.push(outcome);
    tell(outcome);
  }
  return outcomes;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
