// Reading JSON that somebody else wrote.

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value parsed from JSON is an object: neither a list nor `null`. */
export const isRecord = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `undefined` where `text` is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
