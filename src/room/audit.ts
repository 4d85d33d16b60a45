/** One act of moderation, for the log: who did what to whom. Never what was said. */
export interface AuditEntry {
  readonly act: "edit" | "delete" | "kick" | "unban" | "settings" | "purge";
  /** User id; `null` is server code. */
  readonly by: string | null;
  /** Whom it concerns; `null` is server code. */
  readonly user?: string | null;
  readonly seq?: number;
  readonly banSeconds?: number;
  readonly settings?: object;
}

export type Audit = (entry: AuditEntry) => void;
