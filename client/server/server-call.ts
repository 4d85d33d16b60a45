// One call of server code: tried again until it is answered, refused for good, or out of time.

import { COMMAND_TIMEOUT_MS, type Refusal } from "../../src/protocol/index.ts";
import { backoffMs } from "../connection/retry.ts";
import { bounded, encode, type HttpMethod, once, sleep } from "../http/http-call.ts";
import { isTemporary, RoomsError, refusalError, unreadable } from "../util/errors.ts";
import type { Ports } from "../util/ports.ts";

/** The bounds of one call. */
export interface ServerCallOptions {
  /** Aborting it ends the call: it rejects with the `reason` of the signal, as `fetch` does. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds for the whole call, with all tries and the waits between them. Default: that of the
   * {@link createServerApi} options, 30,000 unless set there.
   */
  readonly timeoutMs?: number;
}

/** What the calls of one deployment have in common. */
export interface ServerContext {
  readonly ports: Pick<Ports, "clock" | "random" | "newId" | "fetch">;
  /** The address before `/v1`, with the scheme of a socket. */
  readonly base: string;
  /** `null`: the requests are trusted as they are. */
  readonly apiKey: string | null;
  /** Of a call that names no other, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Which tries are followed by another one. `always`: what is done twice is as if it was done once. `ifNotDone`: only
 * where the server says that it did nothing, as after a lost answer that is not known.
 */
export type Repeat = "always" | "ifNotDone";

interface ServerRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly body?: unknown;
  readonly repeat: Repeat;
}

/** How one try went. */
export type Try<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly error: RoomsError };

/** The wait before the second try is up to `minMs`. It doubles with each try that fails. */
const RETRY_LIMITS = { minMs: 500, maxMs: 8_000 };

/** A try that takes longer is given up for another one, if there can be one. */
export const TRY_TIMEOUT_MS = 15_000;

/** Makes calls of the paths that begin with `base`, such as those of one room. What they answer is not checked. */
export const callsBelow =
  (context: ServerContext, base: string) =>
  async (
    method: HttpMethod,
    path: string,
    body?: unknown,
    options: ServerCallOptions = {},
    repeat: Repeat = "always",
  ): Promise<unknown> =>
    untilDone(context, options, prepare(context, { method, path: base + path, body, repeat }));

export type CallBelow = ReturnType<typeof callsBelow>;

export interface CallForEach<Entry> {
  readonly path: string;
  /** The users or rooms, each once. */
  readonly names: readonly string[];
  readonly repeat: Repeat;
  body(names: readonly string[]): unknown;
  /** `undefined`: the answer has another form. */
  entries(answer: unknown): readonly Entry[] | undefined;
  nameOf(entry: Entry): string;
}

/**
 * A call with one result for each name. Names that failed for the moment are asked for again, and only those. Rejects
 * where all of them failed.
 */
export async function callForEach<Entry extends { readonly error?: Refusal }>(
  context: ServerContext,
  { path, names, repeat, body, entries, nameOf }: CallForEach<Entry>,
  options: ServerCallOptions = {},
): Promise<readonly Entry[]> {
  const known = new Map<string, Entry>();
  const failures = () => [...known.values()].flatMap((entry) => failureOf(nameOf(entry), entry));
  let pending = names;
  const attempt = async (signal: AbortSignal): Promise<Try<void>> => {
    const request = { method: "POST", path, body: body(pending), repeat } as const;
    const tried = await prepare(context, request)(signal);
    if (!tried.done) return tried;
    const results = entries(tried.value);
    if (results === undefined) throw unreadable();
    for (const entry of results) known.set(nameOf(entry), entry);
    const again = failures().filter(({ error }) => isWorthRepeating(error, repeat));
    pending = again.map(({ name }) => name);
    return again[0] === undefined ? { done: true, value: undefined } : { done: false, error: again[0].error };
  };
  await untilDone(context, options, attempt).catch((error: unknown) => {
    // The results of an earlier try say which names failed, and why.
    if (options.signal?.aborted || known.size === 0) throw error;
  });
  const [first, ...others] = failures();
  if (first !== undefined && others.length + 1 === known.size) throw first.error;
  return [...known.values()];
}

const failureOf = (name: string, { error }: { readonly error?: Refusal }) =>
  error === undefined ? [] : [{ name, error: refusalError(error) }];

/** Tries until one is done. What is left of the time bounds the last of them. */
export async function untilDone<T>(
  { ports: { clock, random }, ...context }: ServerContext,
  { signal, timeoutMs = context.timeoutMs }: ServerCallOptions,
  attempt: (signal: AbortSignal) => Promise<Try<T>>,
): Promise<T> {
  const endsAt = clock.elapsed() + timeoutMs;
  const time = bounded(clock, timeoutMs, [signal]);
  let last: RoomsError | undefined;
  try {
    for (let failures = 0; ; failures++) {
      const tried = await attempt(time.signal);
      if (tried.done) return tried.value;
      last = tried.error;
      const waitMs = (last.retryAfterMs ?? 0) + backoffMs(failures, RETRY_LIMITS, random);
      if (clock.elapsed() + waitMs >= endsAt) throw last;
      await sleep(clock, waitMs, time.signal);
    }
  } catch (error) {
    // The time ended within a later try: the refusal of the one before says more.
    throw last !== undefined && error === time.signal.reason && !signal?.aborted ? because(last) : error;
  } finally {
    time.done();
  }
}

/** A body that no JSON can hold is refused here, before anything is sent. */
function prepare(
  { ports, base, apiKey }: ServerContext,
  { method, path, body, repeat }: ServerRequest,
): (signal: AbortSignal) => Promise<Try<unknown>> {
  const text = body === undefined ? undefined : encode(body);
  return async (outer) => {
    // A try that cannot be followed by another one has all the time.
    const tryMs = repeat === "always" ? TRY_TIMEOUT_MS : COMMAND_TIMEOUT_MS;
    const time = bounded(ports.clock, tryMs, [outer]);
    try {
      const answer = await once({ ports, base }, { method, path, text, token: apiKey }, time.signal);
      if (answer.ok) return { done: true, value: answer.value };
      if (!isWorthRepeating(answer.error, repeat)) throw answer.error;
      return { done: false, error: answer.error };
    } catch (error) {
      if (outer.aborted || repeat !== "always" || !(error instanceof RoomsError)) throw error;
      // A cause is what `fetch` threw. Without one something answered that is not the API, and will again.
      const isLost = time.signal.aborted || (error.code === "offline" && error.cause !== undefined);
      if (!isLost) throw error;
      return { done: false, error };
    } finally {
      time.done();
    }
  };
}

/** A refusal that will not stand. `rate_limited` alone comes before anything was done. */
const isWorthRepeating = (error: RoomsError, repeat: Repeat): boolean =>
  isTemporary(error) && (repeat === "always" || error.code === "rate_limited");

/** Says why there was more than one try. */
const because = (last: RoomsError): RoomsError =>
  new RoomsError("timeout", `The server did not do it in time: ${last.message}`, { cause: last });
