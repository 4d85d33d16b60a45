// What a user wants to be notified of, and how: the answer of `GET` and `PUT /v1/me/preferences`.

import type { Fields, Infer } from "./schema.ts";

/** Hours of a user's day, in the time of the place where the user is. */
const QUIET_HOURS_FIELDS = {
  /** `"22:00"`. May be later than `to`: then midnight lies between. Differs from `to`. */
  from: "timeOfDay",
  to: "timeOfDay",
  timeZone: "timeZone",
} as const satisfies Fields;
export interface QuietHours extends Infer<typeof QUIET_HOURS_FIELDS> {}

/** What a user wants to be notified of, and how. */
export const PREFERENCES = {
  /** At most 100. */
  mutedTopics: ["list", "eventName", 0, 100, "topics"],
  /** At most 500. A notification that is about no room is not muted by them. */
  mutedRooms: ["list", "roomName", 0, 500, "rooms"],
  /** When nothing is pushed but what is `urgent`; `null`: never. */
  quietHours: ["nullable", ["strict", QUIET_HOURS_FIELDS]],
  /** Whether anything is pushed at all. */
  push: "boolean",
} as const satisfies Fields;
export interface Preferences extends Infer<typeof PREFERENCES> {}
