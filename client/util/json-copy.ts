/** As JSON has it: without the fields that are `undefined`. */
type Given<T> = { readonly [Field in keyof T]: T[Field] | undefined };

/** The value as it is now, whatever the app does with its own later; `undefined` where JSON cannot write it. */
export function jsonCopy<T>(value: Given<T>): T | undefined {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}
