import { type ErrorCode, type Outcome, type Refusal, refuse } from "../protocol/index.ts";

/** Ends a request with a refusal, which the error handler of the app answers. */
export class RefusalError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export const refusing = (code: ErrorCode, message: string, more: Omit<Refusal, "code" | "message"> = {}) =>
  new RefusalError(refuse(code, message, more));

/** The value of an accepted outcome; a refusal ends the request. */
export function accepted<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new RefusalError(outcome.refusal);
  return outcome.value;
}

/**
 * The refusal in an error: `overloaded` if an object is moved, restarted or overloaded, by the flags of the runtime.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  const flags = ["overloaded", "retryable", "durableObjectReset"];
  const temporary = error instanceof Error && flags.some((flag) => Reflect.get(error, flag) === true);
  return temporary ? refuse("overloaded", "try again in a moment", { retryAfterMs: 1_000 }) : undefined;
}
