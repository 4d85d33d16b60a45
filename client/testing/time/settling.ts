// How the kit knows that all is quiet. What can go on without time is a promise, a timer that is due now, or work of the
// platform outside of JavaScript, of which there is one kind here: WebCrypto. The kit runs the first two and counts the
// third. A whole turn of the event loop in which no timer went off and nothing is counted leaves nothing that could go on.

import { FakeClock } from "./fake-clock.ts";
import { nextTurn, turn } from "./turn.ts";

export class Settling {
  readonly clock: FakeClock;
  readonly #working = new Set<Promise<unknown>>();
  #latest: Promise<unknown> = Promise.resolve();
  #started = 0;
  #isPlanned = false;

  constructor(now: number) {
    this.clock = new FakeClock(now, { settle: () => this.settle(), due: () => this.#plan() });
  }

  /** Counts what the platform does. Results come in the order of the calls, so that each run is like the last. */
  count<T>(work: Promise<T>): Promise<T> {
    const before = this.#latest;
    const inOrder = Promise.allSettled([before, work]).then(() => work);
    const done = () => void this.#working.delete(inOrder);
    this.#started += 1;
    this.#working.add(inOrder);
    this.#latest = inOrder.then(done, done);
    return inOrder;
  }

  async settle(): Promise<void> {
    for (let before = -1; before !== this.#happened; ) {
      before = this.#happened;
      await turn();
      await this.#runDue();
    }
  }

  get #happened(): number {
    return this.clock.ran + this.#started;
  }

  /** No timer goes off while the platform works. */
  async #runDue(): Promise<boolean> {
    while (this.#working.size > 0) {
      await this.#latest;
      await turn();
    }
    return this.clock.runDue();
  }

  /** Timers that are due go off by themselves, each in a turn of its own, so that a test may await what needs no time. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    nextTurn(() => void this.#runPlanned());
  }

  async #runPlanned(): Promise<void> {
    const ran = await this.#runDue();
    this.#isPlanned = false;
    if (ran) this.#plan();
  }
}
