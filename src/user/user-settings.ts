import type { Limits, ReconnectLimits } from "../protocol/index.ts";

/** What the deployer's configuration says to a user's object. */
export interface UserSettings {
  readonly inboxLimit: number;
  readonly maxConnections: number;
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}
