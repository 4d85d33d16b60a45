// What a member shows, made of what its connections have said of it.

import type { Status } from "../../protocol/index.ts";

/** What one connection said of its user, by `presence`. What it never said is left out. */
export interface Said {
  readonly status?: Status;
  /** As it came; `null` clears. */
  readonly data?: unknown;
  /** Of `data`, among all that is said of this user: the greatest is the latest. It outlives a sleep, as a time may not. */
  readonly turn?: number;
}

export interface Shown {
  readonly status: Status;
  readonly data: unknown;
}

export const NOTHING_SAID: Said = {};

export const hasSaid = ({ status, turn }: Said): boolean => status !== undefined || turn !== undefined;

/** The first that any connection said counts. */
const BEST_FIRST: readonly Status[] = ["online", "busy", "away"];

/** The best status that any of them said, `online` if none did; `data` as it was said last, `null` if it never was. */
export function merge(all: Iterable<Said>): Shown {
  const statuses = new Set<Status>();
  let last: Said = NOTHING_SAID;
  for (const said of all) {
    if (said.status !== undefined) statuses.add(said.status);
    if ((said.turn ?? 0) > (last.turn ?? 0)) last = said;
  }
  return {
    status: BEST_FIRST.find((status) => statuses.has(status)) ?? "online",
    data: last.data ?? null,
  };
}

interface Words {
  readonly status?: Status;
  readonly data?: unknown;
}

export const areSameWords = (a: Words, b: Words): boolean =>
  JSON.stringify([a.status, a.data]) === JSON.stringify([b.status, b.data]);

/**
 * What a connection has said after it says `words`; a field that is left out stays. `all` is what is said of the user,
 * `before` what the same client said on a connection that it lost: the same words again are no later than they were.
 */
export function say(
  said: Said,
  { status, data }: Words,
  all: Iterable<Said>,
  before: Said = NOTHING_SAID,
): Said {
  const withStatus = status === undefined ? said : { ...said, status };
  if (data === undefined) return withStatus;
  let turn = 0;
  for (const other of all) turn = Math.max(turn, other.turn ?? 0);
  const isAgain = before.turn !== undefined && areSameWords(before, { ...(status && { status }), data });
  return { ...withStatus, data, turn: isAgain ? before.turn : turn + 1 };
}
