import { LOG_CATALOGUE, type LogEventName, type LogFields } from "./catalogue.ts";

/** Writes one line of JSON for `wrangler tail` and Workers Logs: an event of the catalogue, at its level. */
export function log<Event extends LogEventName>(event: Event, fields: LogFields<Event>): void {
  const { level } = LOG_CATALOGUE[event];
  const line: Record<string, unknown> = { level, event, ...fields };
  if ("error" in line) line.error = describeError(line.error);
  console[level](JSON.stringify(line));
}

/** What of an error is logged. Clients see nothing of it. */
const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
