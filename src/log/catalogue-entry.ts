import type { LogFieldValues } from "./field-values.ts";

type LogLevel = "info" | "warn" | "error";

export interface CatalogueEntry {
  readonly level: LogLevel;
  /** The operation that logs it. A list: calls of another object, the line names the one in its field `operation`. */
  readonly from: string | readonly string[];
  readonly means: string;
  /** What an operator does about it. */
  readonly action: string;
  readonly fields: readonly (keyof LogFieldValues)[];
  /** Fields that a line may lack. */
  readonly optional?: readonly (keyof LogFieldValues)[];
}

export type CatalogueEntries = Readonly<Record<string, CatalogueEntry>>;
