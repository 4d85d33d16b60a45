// The webhooks of an inbox while its object is awake.

import type { WebhooksConfig } from "../../config/webhooks-config.ts";
import { log } from "../../log/log.ts";
import type { Database } from "../../object/storage/sql.ts";
import type { InboxLog } from "../inbox/inbox-log.ts";
import { InboxWebhooks } from "../inbox-webhooks.ts";

/** `undefined` if the back end is told nothing of notifications. */
export function inboxWebhooks(
  config: WebhooksConfig | undefined,
  inbox: InboxLog,
  { sql }: Database,
  user: string,
): InboxWebhooks | undefined {
  if (config?.events.has("notification.stored") !== true) return undefined;
  return new InboxWebhooks(user, sql, inbox, config.topics, {
    random: () => Math.random(),
    lost: (reason, count) => log("webhook_events_lost", { user, reason, count }),
  });
}
