/** One line of JSON an event, for `wrangler tail` and Workers Logs. Never give it a token, a key or message data. */
export function log(
  level: "info" | "warn" | "error",
  event: string,
  fields: Record<string, unknown> = {},
): void {
  console[level](JSON.stringify({ level, event, ...fields }));
}

/** What of an error may be logged: clients never see any of it. */
export const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
