// The columns of a data point in Workers Analytics Engine. docs/operating.md has them as a table, and queries of them;
// a test compares the two. A column is never given another meaning: data is kept for three months.

/** `blob1`, `blob2`, …: text. Empty where a point says nothing of it. */
export const BLOBS = ["source", "room", "event", "code", "reason", "closed"] as const;

/** `double1`, `double2`, …: numbers. */
export const DOUBLES = [
  "connections",
  "members",
  "opened",
  "closed",
  "messages",
  "signals",
  "changes",
  "frames",
  "bytes",
  "flushes",
  "flushFrames",
  "flushBytes",
  "replays",
  "replayBytes",
  "refused",
  "notifications",
] as const;

export type Labels = Partial<Record<(typeof BLOBS)[number], string>>;
export type Numbers = Partial<Record<(typeof DOUBLES)[number], number>>;

export interface DataPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

const MAX_INDEX_LENGTH = 96;

/** Points of one room are sampled together, and apart from those of others. */
export const dataPoint = (labels: Labels, numbers: Numbers): DataPoint => ({
  indexes: [(labels.room ?? labels.source ?? "").slice(0, MAX_INDEX_LENGTH)],
  blobs: BLOBS.map((name) => labels[name] ?? ""),
  doubles: DOUBLES.map((name) => numbers[name] ?? 0),
});
