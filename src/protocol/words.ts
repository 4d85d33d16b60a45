// The texts that a field may have where it has a few known ones. A newer server may know more of them.

export const STATUSES = ["online", "away", "busy"] as const;
export type Status = (typeof STATUSES)[number];

/** What somebody may do in a room. Each includes the ones before. */
export const PERMISSIONS = ["none", "read", "write", "moderate"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What a replay is: PROTOCOL.md §2. */
export const RECOVERIES = ["none", "complete", "partial", "lost"] as const;
export type Recovery = (typeof RECOVERIES)[number];

export const PRIORITIES = ["low", "medium", "high", "urgent"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** In the order in which a notification goes through them. It never goes back. */
export const NOTIFICATION_STATES = ["unseen", "seen", "read", "archived"] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** How far along a state is; 0 is `unseen`. */
export const stateRank = (state: NotificationState): number => NOTIFICATION_STATES.indexOf(state);
