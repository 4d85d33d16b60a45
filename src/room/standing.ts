import type { Status } from "../protocol/index.ts";

/** What a member shows, and since when it is here. */
export interface Standing {
  readonly status: Status;
  readonly data: unknown;
  readonly joinedAt: number;
}
