// One table for every refusal: what HTTP answers, what a socket closes with, and whether to try again.

import { cutToBytes } from "./text-size.ts";

interface ErrorRule {
  /** Status of the HTTP answer. */
  readonly http: number;
  /** Close code of the socket. Left out where this never closes a connection. */
  readonly close?: number;
  /** Whether the same command may be sent again with the same id. */
  readonly again: boolean;
}

export const ERRORS = {
  bad_request: { http: 400, close: 4400, again: false },
  unauthorized: { http: 401, close: 4401, again: false },
  token_expired: { http: 401, close: 4401, again: false },
  forbidden: { http: 403, close: 4403, again: false },
  banned: { http: 403, close: 4403, again: false },
  not_found: { http: 404, again: false },
  timeout: { http: 408, close: 4408, again: false },
  replaced: { http: 409, close: 4409, again: false },
  stale_retry: { http: 409, again: false },
  gap: { http: 409, again: false },
  taken_over: { http: 409, again: false },
  not_open: { http: 409, again: false },
  still_open: { http: 409, again: false },
  deleted: { http: 410, close: 4410, again: false },
  too_large: { http: 413, again: false },
  rate_limited: { http: 429, close: 4429, again: true },
  internal: { http: 500, close: 4500, again: true },
  room_full: { http: 503, close: 4503, again: false },
  overloaded: { http: 503, close: 4503, again: true },
  slow_consumer: { http: 503, close: 4503, again: false },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** The first code with this status of HTTP, or with this code of a close. */
export const codeWith = (kind: "http" | "close", value: number): ErrorCode | undefined =>
  Object.keys(ERRORS)
    .filter(isErrorCode)
    .find((code) => {
      const rule: ErrorRule = ERRORS[code];
      return rule[kind] === value;
    });

/** Why a connection, or a room on a session, was closed. */
export interface Closing {
  readonly code: ErrorCode;
  /** How long to wait before connecting again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** For people. */
  readonly message?: string;
}

/** Of a socket. A code that never closes one counts as `internal`. */
export function closeCode(code: ErrorCode): number {
  const rule: ErrorRule = ERRORS[code];
  return rule.close ?? 4500;
}

/** A close frame holds 125 bytes, of which two are the code. */
const MAX_REASON_BYTES = 123;

/**
 * `unauthorized: the token has no sub, which names the user`, `rate_limited 2000`: the code, perhaps a space and the wait
 * in milliseconds, perhaps `: ` and words. At most 123 bytes of UTF-8; a longer one is cut at its end.
 */
export function closeReason({ code, retryAfterMs, message = "" }: Closing): string {
  const head = retryAfterMs === undefined ? code : `${code} ${Math.ceil(retryAfterMs)}`;
  return message === "" ? head : cutToBytes(`${head}: ${message}`, MAX_REASON_BYTES);
}

/** `undefined` where `reason` is not of this form: then the server did not write it. */
export function parseCloseReason(reason: string): Closing | undefined {
  const [, code, wait, message] = /^([a-z_]+)(?: (\d{1,15}))?(?:: (.+))?$/s.exec(reason) ?? [];
  if (code === undefined || !isErrorCode(code)) return undefined;
  return {
    code,
    ...(wait !== undefined && { retryAfterMs: Number(wait) }),
    ...(message !== undefined && { message }),
  };
}
