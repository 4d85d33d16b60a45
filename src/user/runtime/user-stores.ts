// What a user's object keeps on disk, and the limits that it has of the deployment.

import { clientLimits, type LimitsConfig } from "../../config/limits-config.ts";
import { randomEpoch } from "../../object/runtime/random-id.ts";
import type { Database } from "../../object/storage/sql.ts";
import { Budget } from "../budget.ts";
import { FollowedRooms } from "../followed-rooms.ts";
import { InboxLog } from "../inbox/inbox-log.ts";
import { MarkStore } from "../inbox/mark-store.ts";
import { NotificationStore } from "../inbox/notification-store.ts";
import { PreferenceStore } from "../inbox/preferences.ts";
import type { KnownRooms } from "../known-rooms.ts";
import type { UserSettings } from "../session-connection.ts";
import { TokenRevocations } from "../token-revocations.ts";
import type { UserStores } from "../user-hub.ts";

/** `erasing`: what is left to be done of an erasure, as it was written. */
export function storesIn(
  database: Database,
  rooms: KnownRooms,
  limits: LimitsConfig,
): UserStores & { readonly erasing: string | null } {
  const { sql } = database;
  const notifications = new NotificationStore(database, limits.inbox, randomEpoch());
  const { state } = notifications;
  return {
    inbox: new InboxLog(notifications, new MarkStore(sql)),
    revocations: new TokenRevocations(sql, rooms, state),
    preferences: new PreferenceStore(sql, state),
    budget: new Budget(sql, limits.userBudget, state),
    followed: new FollowedRooms(rooms),
    erasing: state.erasing,
  };
}

export const settingsFor = (limits: LimitsConfig): UserSettings => ({
  inboxLimit: limits.inbox,
  maxConnections: limits.connectionsPerUser,
  limits: clientLimits(limits),
  reconnect: { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs },
});
