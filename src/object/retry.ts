export interface RetryPorts {
  /** From 0 to below 1. */
  random(): number;
  wait(ms: number): Promise<unknown>;
}

/** Before the second try, at most. It doubles with each further try. */
const FIRST_WAIT_MS = 1_000;

/** Runs `run` until it succeeds, at most `tries` times, with a random wait in between. Rejects with the last error. */
export async function retry<T>(
  run: () => Promise<T>,
  tries: number,
  { random, wait }: RetryPorts,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= tries) throw error;
      await wait(random() * FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}
