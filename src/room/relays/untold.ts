// Whom the room has closed at relays that are not known to have heard of it. It is kept in a row, as a crash may come
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

/** What a relay has heard: nothing, as it is not known yet, what the next dispatch says, or what one with a number says. */
type Telling = "untold" | "next" | number;

interface Kept {
  readonly untold: Untold;
  /** Those that are not known to have heard of it. */
  readonly relays: Map<RelayLink, Telling>;
}

export class UntoldExpulsions {
  #kept: Kept[];
  #hasMore = false;
  /** Whether the row has any. */
  #isWritten: boolean;

  /** `atStart`: what the life before had not heard of, at any of these. */
  constructor(atStart: readonly Untold[], links: Iterable<RelayLink>) {
    const all = [...links];
    this.#kept = atStart.map((untold) => ({
      untold,
      relays: new Map(all.map((link) => [link, "untold"])),
    }));
    this.#isWritten = atStart.length > 0;
  }

  /** The next dispatches to these say it. */
  add(step: ExpelStep, links: readonly RelayLink[], now: number): void {
    this.#kept.push({ untold: { ...step, at: now }, relays: new Map(links.map((link) => [link, "next"])) });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    this.#hasMore = true;
  }

  /** After a start: says it again to a relay. What has ended meanwhile, as a ban may have, closes nobody any more. */
  tell(link: RelayLink, now: number): void {
    for (const { untold, relays } of this.#kept) {
      if (relays.get(link) !== "untold") continue;
      const { at, ...step } = untold;
      const again = shifted(step, at, now);
      if (again === undefined) relays.delete(link);
      else {
        link.expel(again);
        relays.set(link, "next");
      }
    }
    this.#tidy();
  }

  /** A dispatch was made for a relay. */
  dispatched(link: RelayLink): void {
    for (const { relays } of this.#kept) if (relays.get(link) === "next") relays.set(link, link.dispatched);
  }

  /** Dispatches to a relay were answered. */
  answered(link: RelayLink): void {
    for (const { relays } of this.#kept) {
      const telling = relays.get(link);
      if (typeof telling === "number" && link.hasHeard(telling)) relays.delete(link);
    }
    this.#tidy();
  }

  /** Whether all of it has been heard of, and the row still has some. */
  get isOver(): boolean {
    return this.#kept.length === 0 && this.#isWritten;
  }

  /** Whether it is to be written: with each further one, and when all of it is over. */
  takeNews(): boolean {
    if (!this.#hasMore && !this.isOver) return false;
    this.#hasMore = false;
    this.#isWritten = this.#kept.length > 0;
    return true;
  }

  /** It could not be written: it is tried with the next flush that there is anyway. */
  couldNotBeWritten(): void {
    this.#hasMore = true;
  }

  get kept(): readonly Untold[] {
    return this.#kept.map(({ untold }) => untold);
  }

  #tidy(): void {
    if (this.#kept.length > 0) this.#kept = this.#kept.filter(({ relays }) => relays.size > 0);
  }
}

/** The same step, done at `at` and said at `now`; `undefined`: it is over. */
function shifted(step: ExpelStep, at: number, now: number): ExpelStep | undefined {
  if ("revoked" in step.expulsion) return step;
  const { closing } = step.expulsion;
  // They may be back, as a relay may have heard of it.
  if (closing.retryAfterMs === undefined) return { ...step, expulsion: { closing, membersAt: at } };
  const retryAfterMs = closing.retryAfterMs - Math.max(0, now - at);
  return retryAfterMs <= 0 ? undefined : { ...step, expulsion: { closing: { ...closing, retryAfterMs } } };
}
