// Whom the room has closed at relays that have not said yet that they heard of it. It is kept in a row, as a crash may come
// between a ban and its dispatch: the next life says it again.

import type { ExpelStep } from "./relay-calls.ts";
import type { RelayLink } from "./relay-link.ts";

/** What may be kept: the last ones. */
const MAX_KEPT = 1_000;

/** As it is kept. */
export interface Untold extends ExpelStep {
  /** When it was done, in milliseconds. */
  readonly at: number;
}

export class UntoldExpulsions {
  #kept: Untold[];
  #hasChanged = false;

  /** `atStart`: what the life before had not heard of. */
  constructor(atStart: readonly Untold[]) {
    this.#kept = [...atStart];
  }

  add(step: ExpelStep, now: number): void {
    this.#kept.push({ ...step, at: now });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    this.#hasChanged = true;
  }

  /** After a start: says it again to a relay. What has ended meanwhile, as a ban may have, closes nobody any more. */
  tell(link: RelayLink, now: number): void {
    for (const { at, ...step } of this.#kept) {
      const again = shifted(step, now - at);
      if (again !== undefined) link.expel(again);
    }
  }

  /** Whether all of it has been heard of, as nothing is under way to any relay. */
  isOver(links: Iterable<RelayLink>): boolean {
    if (this.#kept.length === 0) return false;
    for (const { isKnown, isSettled } of links) if (!isKnown || !isSettled) return false;
    return true;
  }

  /** What is to be written, if it has changed. */
  take(links: Iterable<RelayLink>): readonly Untold[] | undefined {
    if (!this.#hasChanged && this.isOver(links)) {
      this.#kept = [];
      this.#hasChanged = true;
    }
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return this.#kept;
  }

  get kept(): readonly Untold[] {
    return this.#kept;
  }
}

/** The same step, said `ms` later; `undefined`: it is over. */
function shifted(step: ExpelStep, ms: number): ExpelStep | undefined {
  if ("revoked" in step.expulsion) return step;
  const { closing } = step.expulsion;
  if (closing.retryAfterMs === undefined) return step;
  const retryAfterMs = closing.retryAfterMs - Math.max(0, ms);
  return retryAfterMs <= 0 ? undefined : { ...step, expulsion: { closing: { ...closing, retryAfterMs } } };
}
