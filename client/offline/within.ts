import { RoomsError } from "../util/errors.ts";
import type { Clock } from "../util/ports.ts";

/** Settles as `promise` does. Rejects with `timeout` if that takes longer than `withinMs` milliseconds. */
export function within<T>(clock: Clock, withinMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(withinMs, () =>
      reject(new RoomsError("timeout", "It did not happen in time.")),
    );
    promise.then(resolve, reject).finally(cancel);
  });
}
