import { type Closing, closeCode, codeWith, ERRORS, parseCloseReason } from "../../../src/protocol/index.ts";
import { offline, RoomsError } from "../../util/errors.ts";
import { tokenFailure } from "./token-answer.ts";

/** A code of our own: the connection is opened again at once, in another way. */
export const MOVED = 4001;

/** How one connection ended, and what the reconnect loop does next. */
export interface ConnectionEnd {
  /** `again`: the end says nothing of this connection, so it does not count, and the next try begins at once. */
  readonly next: "retry" | "renewToken" | "stop" | "again";
  readonly error: RoomsError;
  /** Waited in full, before the back-off. */
  readonly retryAfterMs: number;
  /** Characters of the token, if the socket was lost before the server said anything. */
  readonly unheardTokenLength?: number;
}

export const lost = (error: RoomsError): ConnectionEnd => ({
  next: "retry",
  error,
  retryAfterMs: error.retryAfterMs ?? 0,
});

export const timedOut = (message: string): ConnectionEnd => lost(new RoomsError("timeout", message));

/** No token could be had. `getToken` ends the tries by rejecting with `unauthorized`. */
export function tokenEnd(cause: unknown): ConnectionEnd {
  const error = tokenFailure(cause);
  return error.code === "unauthorized" ? { ...lost(error), next: "stop" } : lost(error);
}

/** The server took no connection without a token, and there is still none. */
export const tokenMissing = (): ConnectionEnd =>
  tokenEnd(new RoomsError("unauthorized", "The server needs a token, and getToken gave none."));

/** The code decides what happens next, so that old clients obey new codes; the reason says why, perhaps in words. */
export function closeEnd(code: number, reason: string): ConnectionEnd {
  const closing = parseCloseReason(reason) ?? closingOf(code);
  if (closing !== undefined) return closingEnd(closing, code);
  const end = lost(offline(`The connection was lost (${code}).`));
  return code === MOVED ? { ...end, next: "again" } : end;
}

/** As the close of a socket with this code. */
export function closingEnd(
  { code, retryAfterMs, message }: Closing,
  number = closeCode(code),
): ConnectionEnd {
  const why = message === undefined ? code : `${message} (${code})`;
  const error = new RoomsError(code, `The server closed the connection: ${why}.`, { retryAfterMs });
  return { ...lost(error), next: nextAfter(number) };
}

function nextAfter(code: number): ConnectionEnd["next"] {
  if (code === ERRORS.unauthorized.close) return "renewToken";
  const comesBack = code === ERRORS.timeout.close || code === ERRORS.rate_limited.close;
  return code >= 4400 && code <= 4499 && !comesBack ? "stop" : "retry";
}

function closingOf(code: number): Closing | undefined {
  if (code < 4400 || code > 4599) return undefined;
  return { code: codeWith("close", code) ?? "internal" };
}
