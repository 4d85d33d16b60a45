// What a refusal says, over a socket and over HTTP.

import { ERRORS, type ErrorCode } from "./errors.ts";
import type { Fields, Infer } from "./schema.ts";

/** Why something was refused: fields of an error answer, and the `error` of an HTTP body. */
export const REFUSAL = {
  code: ["key of", ERRORS],
  /** For people. Never has a secret, or what was refused. */
  message: "text",
  /** How long to wait before the next try, in milliseconds. */
  retryAfterMs: ["optional", "number"],
  /** The first field that does not fit, such as `["data", "title"]`. */
  path: ["optional", ["list", "step"]],
  /** Of a `gap`: the append that is expected. */
  n: ["optional", "int"],
  /** Of an append: its message, as it may have no `id`. */
  seq: ["optional", "eventSeq"],
} as const satisfies Fields;
export interface Refusal extends Infer<typeof REFUSAL> {}

/** Answers a command that was refused. */
export const ERROR_ANSWER = {
  type: ["is", "error"],
  /** Of the refused command; left out where the frame had none that could be read. */
  id: ["optional", "commandId"],
  ...REFUSAL,
} as const satisfies Fields;
export interface ErrorAnswer extends Infer<typeof ERROR_ANSWER> {}

/** The result of a call: a value, or why there is none. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export const accept = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const reject = (refusal: Refusal): Outcome<never> => ({ ok: false, refusal });

export function refuse(
  code: ErrorCode,
  message: string,
  more: Omit<Refusal, "code" | "message"> = {},
): Refusal {
  return { code, message, ...more };
}
