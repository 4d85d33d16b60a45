import type { ErrorCode, Refusal } from "../../src/protocol/index.ts";

/**
 * A code of the protocol, or one that only a client knows: `offline` (no connection, or it was lost), `closed` (by
 * `leave()` or `close()`), `dropped` (taken out of the outbox).
 */
export type RoomsErrorCode = ErrorCode | "offline" | "closed" | "dropped";

export interface RoomsErrorDetails {
  readonly retryAfterMs?: number | undefined;
  readonly path?: readonly (string | number)[] | undefined;
  readonly cause?: unknown;
}

/** Why something was refused or could not be done: `switch` on its `code`, the `message` is for people. */
export class RoomsError extends Error {
  override readonly name = "RoomsError";
  readonly code: RoomsErrorCode;
  /** Not worth another try before this long. */
  readonly retryAfterMs: number | undefined;
  /** The first field that does not fit, such as `["data", "title"]`. */
  readonly path: readonly (string | number)[] | undefined;

  constructor(code: RoomsErrorCode, message: string = code, details: RoomsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.path = details.path;
  }
}

export const refusalError = ({ code, message, ...details }: Refusal): RoomsError =>
  new RoomsError(code, message, details);

export const offline = (message: string, cause?: unknown): RoomsError =>
  new RoomsError("offline", message, { cause });
