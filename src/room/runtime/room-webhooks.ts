// The webhooks of a room while its object is awake.

import type { WebhooksConfig } from "../../config/webhooks-config.ts";
import { log } from "../../log/log.ts";
import type { LazyDatabase } from "../../object/storage/lazy-database.ts";
import type { LogStore } from "../log/log-store.ts";
import { RoomWebhooks } from "../webhooks.ts";

/** Made before the log is read, as what another limit drops then may be untold. `undefined`: nothing is told. */
export function roomWebhooks(
  config: WebhooksConfig | undefined,
  room: string,
  database: LazyDatabase,
  logStore: LogStore,
): RoomWebhooks | undefined {
  if (config === undefined) return undefined;
  return new RoomWebhooks(room, database, logStore, config, {
    isMade: () => database.isMade,
    random: () => Math.random(),
    lost: (reason, count) => log("webhook_events_lost", { room, reason, count }),
  });
}
