// The presence that a member shows, merged from what its connections set.

import type { Status } from "../../protocol/index.ts";

/** The presence that one connection has set. What it never set is left out. */
export interface Said {
  readonly status?: Status;
  /** As it came; `null` clears. */
  readonly data?: unknown;
  /** The order of `data` among all connections of the user: the greatest is the latest. Unlike a time it survives a clock that is set back. */
  readonly turn?: number;
}

export interface Shown {
  readonly status: Status;
  readonly data: unknown;
}

export const NOTHING_SAID: Said = {};

export const hasSaid = ({ status, turn }: Said): boolean => status !== undefined || turn !== undefined;

/** The first status in this order that any connection has set counts. */
const BEST_FIRST: readonly Status[] = ["online", "busy", "away"];

/** The best status that any connection set, `online` if none did; `data` as it was set last, `null` if it never was. */
export function mergeSaid(all: Iterable<Said>): Shown {
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
 * The presence of a connection after it sets `words`; a field that is left out stays. `all`: what all connections of the
 * user have set. `before`: what the same client set on a connection that it lost. Set again, it is no later than it was.
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
