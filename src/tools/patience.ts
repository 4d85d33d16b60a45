/** Passes on what comes, and rejects if nothing came in time: `what` stands in the message. */
export type Within = <T>(what: string, work: Promise<T>) => Promise<T>;

export const patienceOf =
  (seconds: number): Within =>
  async (what, work) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const giveUp = () => reject(new Error(`${what} did not come within ${seconds} s`));
      timer = setTimeout(giveUp, seconds * 1_000);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  };
