/** Whoever does not wait for a promise is not bothered with its rejection either: state and outbox tell of it too. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
