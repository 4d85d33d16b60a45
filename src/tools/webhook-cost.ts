// What webhooks add to a day of a room and of an inbox, where all events are told. Pure. A guess is on the high side: each
// message, and each member who comes or goes, is a batch of its own.

import { WEBHOOK_COUNTERS } from "./measured-counters.ts";
import type { Workload } from "./workload.ts";

export interface WebhookUsage {
  readonly requests: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** An object is awake until the back end has answered. */
  readonly activeSeconds: number;
}

const NONE: WebhookUsage = { requests: 0, rowsRead: 0, rowsWritten: 0, activeSeconds: 0 };

/** `wakes`: how often the room is woken. */
export function webhooksOfRoom(workload: Workload, wakes: number): WebhookUsage {
  const { webhookMs, messagesPerDay, members, joinsPerMemberPerDay } = workload;
  if (webhookMs === 0) return NONE;
  const comings = 2 * members * joinsPerMemberPerDay;
  const { message, coming, wake } = WEBHOOK_COUNTERS;
  return {
    requests: 0,
    rowsRead: messagesPerDay * message.rowsRead + comings * coming.rowsRead + wakes * wake.rowsRead,
    rowsWritten: messagesPerDay * message.rowsWritten + comings * coming.rowsWritten,
    activeSeconds: ((messagesPerDay + comings) * webhookMs) / 1_000,
  };
}

export function webhooksOfInbox({ webhookMs, notificationsPerDay, activeMs }: Workload): WebhookUsage {
  if (webhookMs === 0) return NONE;
  const { notify } = WEBHOOK_COUNTERS;
  return {
    requests: notificationsPerDay * notify.requests,
    rowsRead: notificationsPerDay * notify.rowsRead,
    rowsWritten: notificationsPerDay * notify.rowsWritten,
    activeSeconds: (notificationsPerDay * (webhookMs + activeMs)) / 1_000,
  };
}
