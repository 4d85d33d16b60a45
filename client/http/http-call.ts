// One call of the HTTP API: with the token that the sockets use, bounded in time and size, its refusals as errors.

import { COMMAND_TIMEOUT_MS, type ErrorCode } from "../../src/protocol/index.ts";
import { offline } from "../connection/ending.ts";
import type { Token, Tokens } from "../connection/token-source.ts";
import { RoomsError, refusalError } from "../util/errors.ts";
import type { Cancel, Clock, Ports } from "../util/ports.ts";
import { parseError, parseJson } from "../wire/parse-frame.ts";
import { isRecord } from "../wire/shape.ts";
import { readText } from "./read-text.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The bounds of one call. */
export interface CallOptions {
  /** Gives the call up: it rejects with the `reason` of the signal, as `fetch` does. */
  readonly signal?: AbortSignal;
  /**
   * In milliseconds, for all of it: the token, the answer, and a second try with a new token. Default 30,000. Then it
   * rejects `timeout`: whether the server did what was asked is not known.
   */
  readonly timeoutMs?: number;
}

export interface CallRequest extends CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Resolves with the answer as it is, nothing of it checked. */
export type Call = (method: HttpMethod, path: string, request?: CallRequest) => Promise<unknown>;

export interface CallerPorts extends Pick<Ports, "clock" | "random" | "fetch"> {
  readonly tokens: Pick<Tokens, "get" | "refused">;
  /** The address before `/v1`, with the scheme of a socket. */
  readonly base: string;
}

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: RoomsError; readonly status: number };

/** For two refusals in a row that each ask for less. */
const MIN_WAIT_MS = 1_000;

export class HttpCaller {
  readonly #ports: CallerPorts;
  readonly #closed = new AbortController();

  constructor(ports: CallerPorts) {
    this.#ports = ports;
  }

  /** See {@link Call}. Rejects with a {@link RoomsError}, or with what the caller's signal says. */
  readonly call: Call = async (method, path, { body, signal, timeoutMs = COMMAND_TIMEOUT_MS } = {}) => {
    // Anything else could be another host, once it stands behind the address.
    if (!path.startsWith("/v1/")) throw new RoomsError("bad_request", "The path must begin with /v1/.");
    const text = body === undefined ? undefined : encode(body);
    const endsAt = this.#ports.clock.now() + timeoutMs;
    const time = bounded(this.#ports.clock, timeoutMs, [this.#closed.signal, signal]);
    try {
      return await this.#withToken((token) => this.#once(method, path, text, token, time.signal), {
        endsAt,
        signal: time.signal,
      });
    } finally {
      time.done();
    }
  };

  /** For good: what is under way rejects `closed`, and so does every later call. */
  close(): void {
    this.#closed.abort(new RoomsError("closed", "The client was closed."));
  }

  /**
   * A token that is refused is replaced once. Where the server says that a token of the same signer will do later, that
   * is waited for, if the time is enough.
   */
  async #withToken(
    attempt: (token: Token) => Promise<Answer>,
    { endsAt, signal }: { readonly endsAt: number; readonly signal: AbortSignal },
  ): Promise<unknown> {
    const { tokens, clock, random } = this.#ports;
    let refusal: RoomsError | undefined;
    for (let waits = 0; ; ) {
      const token = await before(signal, tokens.get()).catch((error: unknown) => {
        throw refusal === undefined ? error : because(refusal, error);
      });
      const answer = await attempt(token);
      if (answer.ok) return answer.value;
      const { error, status } = answer;
      // Without a token there is none to replace: it is the call that needs one.
      if (status !== 401 || token === null) throw error;
      const { retryAfterMs = 0 } = error;
      tokens.refused(token, retryAfterMs);
      if (retryAfterMs > 0) {
        const waitMs = Math.max(retryAfterMs, MIN_WAIT_MS * 2 ** waits++) * (1 + random() / 10);
        if (clock.now() + waitMs >= endsAt) throw error;
        await sleep(clock, waitMs, signal);
      } else if (refusal !== undefined) throw error;
      else refusal = error;
    }
  }

  async #once(
    method: HttpMethod,
    path: string,
    body: string | undefined,
    token: Token,
    outer: AbortSignal,
  ): Promise<Answer> {
    const { fetch, base, clock } = this.#ports;
    const headers = headersOf(token, body !== undefined);
    const { signal, done } = bounded(clock, COMMAND_TIMEOUT_MS, [outer]);
    try {
      // A redirect is not followed: the token is for this server only.
      const init: RequestInit = { method, headers, redirect: "manual", signal };
      const url = base.replace(/^ws/, "http") + path;
      const response = await before(signal, fetch(url, body === undefined ? init : { ...init, body }));
      return answerOf(response, parseJson(await before(signal, readText(response))));
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw cause instanceof RoomsError ? cause : offline("The server could not be reached.", cause);
    } finally {
      done();
    }
  }
}

function encode(body: unknown): string {
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

function answerOf(response: Response, value: unknown): Answer {
  if (response.ok) {
    if (value === undefined) throw offline("The answer could not be read.");
    return { ok: true, value };
  }
  const { status } = response;
  const error =
    isRecord(value) && isRecord(value.error) ? refusalError(parseError(value.error)) : strange(response);
  return { ok: false, error, status };
}

/** Not an answer of the API: a proxy's, or that of another server. */
function strange({ status, headers }: Response): RoomsError {
  if (status < 400) return offline("The server sent the call elsewhere, which is not followed.");
  const code = CODES[status] ?? (status < 500 ? "bad_request" : "internal");
  const seconds = Number(headers.get("Retry-After") ?? Number.NaN);
  return new RoomsError(code, `The server answered ${status}.`, {
    retryAfterMs: seconds >= 0 ? seconds * 1_000 : undefined,
  });
}

const CODES: Readonly<Record<number, ErrorCode | undefined>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  429: "rate_limited",
  502: "overloaded",
  503: "overloaded",
  504: "overloaded",
};

/** Why there was no other token, and what was wrong with the first. */
function because(refusal: RoomsError, error: unknown): unknown {
  if (!(error instanceof RoomsError) || error.code !== "unauthorized") return error;
  return new RoomsError(error.code, `${error.message} (${refusal.message})`, { cause: refusal });
}

/** A signal that aborts with the first of `outer`, or `timeout` after this long. `done` leaves nothing behind. */
function bounded(clock: Clock, delayMs: number, outer: readonly (AbortSignal | undefined)[]) {
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

/** What `promise` comes to, unless the signal aborts before: then its reason. */
function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  let cancel: Cancel = () => {};
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(delayMs, resolve);
  });
  return before(signal, over).finally(() => cancel());
}
