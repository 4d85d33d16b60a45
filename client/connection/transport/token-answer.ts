// What `getToken` may answer, and what is said of an answer that is none.

import { offline, RoomsError } from "../../util/errors.ts";

/** A JWT; `null`: anonymous. */
export type Token = string | null;

/**
 * What `getToken` gives: a JWT, as a text or as `{ token }`, and nothing for an anonymous user.
 *
 * @example
 * // The answer of the back end is { "token": "eyJ…" }.
 * createClient({ url: "", getToken: async () => (await fetch("/token")).json() });
 */
export type TokenAnswer = string | null | undefined | { readonly token: string | null | undefined };

export type GetToken = () => Promise<TokenAnswer> | TokenAnswer;

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** As long as that, a run of these characters may be a token or a part of one. */
const SECRET = /[\w+/=.-]{20,}/g;
/** As V8 writes one, or as the others do. */
const FRAME = /^ +at .+|^[^@\n]*@.+:\d+$/gm;
const UNPRINTABLE = /[\p{C}\p{Z}]+/gu;
const MAX_SHOWN = 80;

/** Throws `offline` for what is no JWT, such as an error page in its place. */
export function tokenOf(answer: unknown): Token {
  const given = isObject(answer) && "token" in answer ? answer.token : answer;
  if (given === null || given === undefined) return null;
  // A response's text often ends in a line break, which no subprotocol may have.
  const token = typeof given === "string" ? given.trim() : undefined;
  if (token === undefined || !JWT.test(token))
    throw offline(`getToken gave no JWT, but ${described(given)}.`);
  return token;
}

/** Why `getToken` failed, with what it threw. Its own `RoomsError` stays as it is. */
export const tokenFailure = (cause: unknown): RoomsError =>
  cause instanceof RoomsError ? cause : offline(`getToken failed: ${textOf(cause)}`, cause);

/** Where an error was thrown: the first frames of its stack, without its text, which V8 puts in front of them. */
export function placeOf(cause: unknown): readonly string[] {
  const { stack, message } = Object(cause);
  return String(stack).replace(message, "").match(FRAME)?.slice(0, 3) ?? [];
}

/** What was thrown, on one short line without a token. */
export function textOf(cause: unknown): string {
  try {
    return printable(String(cause));
  } catch {
    // An object without a prototype has no text.
    return typeof cause;
  }
}

function described(given: unknown): string {
  if (typeof given === "string") {
    const shown = printable(given);
    return /[^…\s]/.test(shown) ? `"${shown}"` : `a text of ${given.length} characters`;
  }
  if (!isObject(given)) return typeof given;
  const names = Object.keys(given).join(", ");
  // Of a `Response` there is only that.
  return names === "" ? Object.prototype.toString.call(given) : `an object with "${printable(names)}"`;
}

/** The beginning of a text on one line, without what may be a token. */
function printable(text: string): string {
  const line = text
    .slice(0, 10 * MAX_SHOWN)
    .replace(SECRET, "…")
    .replace(UNPRINTABLE, " ")
    .trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
