// One call of the HTTP API: it has the token of the sockets, bounds of time and size, and refusals become errors.

import { COMMAND_TIMEOUT_MS, codeWith, isRecord, parseJson } from "../../src/protocol/index.ts";
import type { Token } from "../connection/transport/token-answer.ts";
import type { Tokens } from "../connection/transport/token-source.ts";
import type { AnyClient } from "../core/client.ts";
import { contextOf } from "../core/client-context.ts";
import { offline, RoomsError, refusalError, unreadable, userChanged } from "../util/errors.ts";
import type { Cancel, Clock, Ports } from "../util/ports.ts";
import { parseError } from "../util/wire.ts";
import { readText } from "./read-text.ts";
import { userIn } from "./token-user.ts";

/** The methods that the HTTP API has. */
export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * The bounds of one call.
 *
 * @example
 * const ended = new AbortController();
 * await userApi(client).preferences({ signal: ended.signal, timeoutMs: 5_000 });
 */
export interface CallOptions {
  /** Aborting it ends the call: it rejects with the `reason` of the signal, as `fetch` does. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds for the whole call: the token, the answer, and a second try with a new token. After that the call
   * rejects with `timeout`, and whether the server did what was asked is not known.
   *
   * @default 30_000
   */
  readonly timeoutMs?: number;
}

/** What a call needs of its client. */
export interface CallContext {
  readonly ports: Pick<Ports, "clock" | "random" | "fetch">;
  readonly tokens: Pick<Tokens, "get" | "refused">;
  /** The address before `/v1`, with the scheme of a socket. */
  readonly base: string;
  /** Ends every call that is under way, with its reason. */
  readonly closed: AbortSignal;
}

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: RoomsError; readonly status: number };

/** The first wait after a refusal, however short the server's own; each one that follows is at least twice as long. */
const MIN_WAIT_MS = 1_000;

/**
 * Any call of the HTTP API, with the token of this client: for what {@link roomApi} and {@link userApi} have no method.
 *
 * `path` begins with `/v1/`, `body` is sent as JSON. The answer is not checked: look at what it is. It works without a
 * connection, is never queued, and is tried a second time only with a new token where one was refused.
 *
 * Rejects with a `RoomsError`: `bad_request` (path or body cannot be sent), `offline` (the server cannot be reached),
 * `timeout`, `closed` (after `client.close()`), `too_large` (an answer of more than 8 MiB), `user_changed` (the token
 * after a refused one is another user's, and was not used), else the server's code.
 *
 * @example
 * const members: unknown = await callApi(client, "GET", "/v1/rooms/project_123/members");
 */
export const callApi = async (
  client: AnyClient,
  method: HttpMethod,
  path: string,
  body?: unknown,
  options?: CallOptions,
): Promise<unknown> => callWith(contextOf(client), method, path, body, options);

/** As {@link callApi}. */
export async function callWith(
  context: CallContext,
  method: HttpMethod,
  path: string,
  body?: unknown,
  { signal, timeoutMs = COMMAND_TIMEOUT_MS }: CallOptions = {},
): Promise<unknown> {
  // Any other text behind the address could name another host.
  if (!path.startsWith("/v1/")) throw new RoomsError("bad_request", "The path must begin with /v1/.");
  const { clock } = context.ports;
  const text = body === undefined ? undefined : encode(body);
  const endsAt = clock.elapsed() + timeoutMs;
  const time = bounded(clock, timeoutMs, [context.closed, signal]);
  const attempt = (token: Token) => once(context, { method, path, text, token }, time.signal);
  try {
    return await withToken(context, attempt, endsAt, time.signal);
  } finally {
    time.done();
  }
}

/**
 * A refused token is replaced once, by one of the same user. Where the server says that a token from the same signer
 * will be taken later, the call waits for that, if its time is enough.
 */
async function withToken(
  { tokens, ports: { clock, random } }: CallContext,
  attempt: (token: Token) => Promise<Answer>,
  endsAt: number,
  signal: AbortSignal,
): Promise<unknown> {
  let refusal: RoomsError | undefined;
  let refused: Token | undefined;
  /** Of the tokens before; empty where they do not say it. */
  let user: string | undefined;
  for (let waits = 0; ; ) {
    const token = await before(signal, tokens.get()).catch((error: unknown) => {
      throw refusal === undefined ? error : because(refusal, error);
    });
    const now = userIn(token);
    if (user !== undefined && (token === null || (now && user && now !== user))) throw userChanged();
    user = now || user || "";
    if (refusal !== undefined && token === refused) throw because(refusal, sameToken());
    const answer = await attempt(token);
    if (answer.ok) return answer.value;
    const { error, status } = answer;
    // Without a token there is none to replace: the call itself needs one.
    if (status !== 401 || token === null) throw error;
    const { retryAfterMs = 0 } = error;
    tokens.refused(token, retryAfterMs);
    if (retryAfterMs > 0) {
      const waitMs = Math.max(retryAfterMs, MIN_WAIT_MS * 2 ** waits++) * (1 + random() / 10);
      if (clock.elapsed() + waitMs >= endsAt) throw error;
      await sleep(clock, waitMs, signal);
    } else if (refusal !== undefined) throw error;
    else [refusal, refused] = [error, token];
  }
}

interface Request {
  readonly method: HttpMethod;
  readonly path: string;
  readonly text: string | undefined;
  readonly token: Token;
}

export async function once(
  { ports: { fetch, clock }, base }: Pick<CallContext, "ports" | "base">,
  { method, path, text, token }: Request,
  outer: AbortSignal,
): Promise<Answer> {
  const headers = headersOf(token, text !== undefined);
  const { signal, done } = bounded(clock, COMMAND_TIMEOUT_MS, [outer]);
  try {
    // A redirect is not followed: the token is for this server only.
    const init: RequestInit = { method, headers, redirect: "manual", signal };
    const url = base.replace(/^ws/, "http") + path;
    const response = await before(signal, fetch(url, text === undefined ? init : { ...init, body: text }));
    return answerOf(response, parseJson(await before(signal, readText(response))));
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw cause instanceof RoomsError ? cause : offline("The server could not be reached.", cause);
  } finally {
    done();
  }
}

export function encode(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw new RoomsError("bad_request", "The body cannot be written as JSON.", { cause });
  }
}

function headersOf(token: Token, hasBody: boolean): Headers {
  const headers = new Headers(hasBody ? { "Content-Type": "application/json" } : undefined);
  try {
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  } catch {
    // Without the cause: it quotes the token.
    throw new RoomsError("bad_request", "getToken gave what no header can carry.");
  }
  return headers;
}

export function answerOf(response: Response, value: unknown): Answer {
  if (response.ok) {
    if (value === undefined) throw unreadable();
    return { ok: true, value };
  }
  const { status } = response;
  const error =
    isRecord(value) && isRecord(value.error) ? refusalError(parseError(value.error)) : strange(response);
  return { ok: false, error, status };
}

/** For a response that is not of the API: from a proxy, or another server. */
function strange({ status, headers }: Response): RoomsError {
  if (status < 400) return offline("The server sent the call elsewhere.");
  const isBusy = status > 501 && status < 505;
  const code = isBusy
    ? "overloaded"
    : (codeWith("http", status) ?? (status < 500 ? "bad_request" : "internal"));
  const seconds = Number(headers.get("Retry-After") ?? Number.NaN);
  return new RoomsError(code, `The server answered ${status}.`, {
    retryAfterMs: seconds >= 0 ? seconds * 1_000 : undefined,
  });
}

const sameToken = () => new RoomsError("unauthorized", "getToken gave the refused token again.");

/** Says both: why there is no second token, and why the first was refused. */
function because(refusal: RoomsError, error: unknown): unknown {
  if (!(error instanceof RoomsError) || error.code !== "unauthorized") return error;
  return new RoomsError(error.code, `${error.message} (${refusal.message})`, { cause: refusal });
}

/** Aborts with the first of `outer`, or with `timeout` after `delayMs`. `done` removes timer and listeners. */
export function bounded(clock: Clock, delayMs: number, outer: readonly (AbortSignal | undefined)[]) {
  const inner = new AbortController();
  const cancels: Cancel[] = [
    clock.after(delayMs, () => inner.abort(new RoomsError("timeout", "The server did not answer in time."))),
  ];
  for (const signal of outer) {
    const follow = () => inner.abort(signal?.reason);
    if (signal?.aborted) follow();
    signal?.addEventListener("abort", follow);
    cancels.push(() => signal?.removeEventListener("abort", follow));
  }
  return {
    signal: inner.signal,
    done: () => {
      for (const cancel of cancels) cancel();
    },
  };
}

/** Settles as `promise`, or rejects with the reason of the signal if that aborts first. */
export function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  let cancel: Cancel = () => {};
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(delayMs, resolve);
  });
  return before(signal, over).finally(() => cancel());
}
