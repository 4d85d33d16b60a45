/** Passes on what comes, and rejects if nothing came in time: `what` stands in the message. */
export type Within = <T>(what: string, work: Promise<T>) => Promise<T>;

/** The time for everything is over: what follows makes no sense any more. */
export class TimeIsOver extends Error {}

/** Waits for each thing at most `eachSeconds`, and for all of them together at most `allSeconds`. */
export class Patience {
  readonly #eachSeconds: number;
  #allSeconds = 0;
  /** As `performance.now()`. */
  #end = 0;

  constructor(eachSeconds: number, allSeconds: number) {
    this.#eachSeconds = eachSeconds;
    this.restart(allSeconds);
  }

  /** From now on there are so many seconds for what follows. */
  restart(allSeconds: number): void {
    this.#allSeconds = allSeconds;
    this.#end = performance.now() + allSeconds * 1_000;
  }

  readonly within: Within = async (what, work) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const left = this.#end - performance.now();
      const each = this.#eachSeconds * 1_000;
      const error = each < left ? this.#tooLate(what) : this.#isOver();
      timer = setTimeout(() => reject(error), Math.max(0, Math.min(each, left)));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  };

  readonly #tooLate = (what: string): Error =>
    new Error(`${what} did not come within ${this.#eachSeconds} s`);

  readonly #isOver = (): Error =>
    new TimeIsOver(`the ${this.#allSeconds} s, which all checks may take together, are over`);
}
