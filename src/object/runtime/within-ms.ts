/** Settles as `work` does, or resolves with `late` if that takes longer than `ms`. `work` goes on. */
export async function withinMs<T, Late>(ms: number, work: Promise<T>, late: Late): Promise<T | Late> {
  const { promise, resolve } = Promise.withResolvers<Late>();
  const timer = setTimeout(() => resolve(late), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    // It would keep an object awake.
    clearTimeout(timer);
  }
}
