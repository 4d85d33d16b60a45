/** One act of moderation, for the log: who did what to whom. Never what was said. */
export interface AuditEntry {
  readonly act: "edit" | "delete" | "kick" | "hold" | "unban" | "settings" | "purge";
  /** User id; `null` is server code. */
  readonly by: string | null;
  /** The name of the API key that server code used, if it has one. */
  readonly key?: string;
  /** Whom it concerns; `null` is server code. */
  readonly user?: string | null;
  readonly seq?: number;
  readonly banSeconds?: number;
  /** Of a hold, in milliseconds. */
  readonly until?: number;
  readonly settings?: object;
}

export type Audit = (entry: AuditEntry) => void;
