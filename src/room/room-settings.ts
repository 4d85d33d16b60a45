import { clientLimits, type LimitsConfig } from "../config/limits-config.ts";
import type { Limits, ReconnectLimits } from "../protocol/index.ts";

/** What the deployer's configuration says to a room. */
export interface RoomSettings {
  readonly historyLimit: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
  /** Topics that only server code sends. */
  readonly serverEvents: readonly string[];
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}

export const roomSettings = (limits: LimitsConfig, serverEvents: readonly string[]): RoomSettings => ({
  historyLimit: limits.history,
  maxConnections: limits.connectionsPerRoom,
  maxConnectionsPerUser: limits.connectionsPerUser,
  serverEvents,
  limits: clientLimits(limits),
  reconnect: { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs },
});
