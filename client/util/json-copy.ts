/** As it is now, whatever the app does with its own; `undefined` where it is nothing that JSON knows. */
export function jsonCopy<T>(value: T): T | undefined {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}
