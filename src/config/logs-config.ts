import { isEventName } from "../protocol/index.ts";
import type { SettingsReader } from "./settings-reader.ts";

/** Two lines a connection at $0.60 a million: at 1 they would cost more than twice as much as the connect. */
const DEFAULT_SAMPLE = 0.1;

export interface LogsConfig {
  /** For which part of the connections their opening, close and commands are logged: from 0 to 1. */
  readonly sample: number;
  /** Accepted commands of events under these topics are logged; `*`: all. */
  readonly topics: readonly string[];
}

export const readLogs = (read: SettingsReader): LogsConfig => ({
  sample: read.number("LOG_SAMPLE", DEFAULT_SAMPLE, 0, 1),
  topics: read.list("LOG_EVENTS", (entry) => entry === "*" || isEventName(entry), "topics, or *"),
});
