import { vi } from "vitest";

/**
 * Looks again and again until `look` throws no more, with pauses in which the runtime looks at its sockets and timers.
 * The limit only ends a test that hangs: what vitest has by default is a second, which a busy machine may need.
 */
export const until = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { interval: 10, timeout: 45_000 });
