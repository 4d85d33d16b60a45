import {
  type Closing,
  ERRORS,
  type ErrorCode,
  isErrorCode,
  parseCloseReason,
} from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";

/** How one try or connection ended, and what that asks of the reconnect loop. */
export interface Ending {
  readonly next: "retry" | "renewToken" | "stop";
  readonly error: RoomsError;
  /** Waited before the back-off, not instead of it. */
  readonly retryAfterMs: number;
  /** Left out where it was not the socket that ended. */
  readonly closeCode?: number;
}

export const lost = (error: RoomsError): Ending => ({
  next: "retry",
  error,
  retryAfterMs: error.retryAfterMs ?? 0,
});

export const offline = (message: string, cause?: unknown): RoomsError =>
  new RoomsError("offline", message, { cause });

/** The number decides what to do, so that old clients obey new codes; the reason says why, perhaps in words. */
export function closeEnding(closeCode: number, reason: string): Ending {
  const closing = parseCloseReason(reason) ?? closingOf(closeCode);
  if (closing === undefined)
    return { ...lost(offline(`The connection was lost (${closeCode}).`)), closeCode };
  const { code, retryAfterMs, message } = closing;
  const why = message === undefined ? code : `${message} (${code})`;
  const error = new RoomsError(code, `The server closed the connection: ${why}.`, { retryAfterMs });
  return { next: action(closeCode), error, retryAfterMs: retryAfterMs ?? 0, closeCode };
}

function action(closeCode: number): Ending["next"] {
  if (closeCode === ERRORS.unauthorized.close) return "renewToken";
  const comesBack = closeCode === ERRORS.timeout.close || closeCode === ERRORS.rate_limited.close;
  return closeCode >= 4400 && closeCode <= 4499 && !comesBack ? "stop" : "retry";
}

function closingOf(closeCode: number): Closing | undefined {
  if (closeCode < 4400 || closeCode > 4599) return undefined;
  return { code: codeOf(closeCode) ?? "internal" };
}

function codeOf(closeCode: number): ErrorCode | undefined {
  return Object.entries(ERRORS)
    .filter(([, rule]) => "close" in rule && rule.close === closeCode)
    .map(([code]) => code)
    .find(isErrorCode);
}
