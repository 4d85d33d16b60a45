// Messages that are sent later: private to their author and to server code until then. PROTOCOL.md §12.

import { LIFETIME_CONTENT, MESSAGE_CONTENT, SENDER } from "./content.ts";
import { REFUSAL } from "./refusals.ts";
import type { Fields, Infer, Schema } from "./schema.ts";

/** Of one room. */
export const MAX_SCHEDULED = 1_000;
/** Of these, of one user. */
export const MAX_SCHEDULED_OF_A_USER = 100;
/** How far ahead `sendAt` may be, in milliseconds: a year. */
export const MAX_SCHEDULE_MS = 31_536_000_000;

/** `POST /v1/rooms/:room/scheduled` */
export const SCHEDULE_BODY = {
  /** Default: `chat`. */
  event: ["optional", "eventName"],
  ...MESSAGE_CONTENT,
  /** Counted from when it is sent. */
  ...LIFETIME_CONTENT,
  /** When to send it, in milliseconds since 1970, at most a year ahead. What is past is sent at once. */
  sendAt: "instant",
  /** The idempotency key, and the `id` of the message that it becomes; not `.` or `..`. Default: a random one. */
  id: ["optional", "commandId"],
  /** In whose name server code says this. Only with an API key. */
  from: ["optional", SENDER],
} as const satisfies Fields;
export interface ScheduleBody extends Infer<typeof SCHEDULE_BODY> {}

/** `PATCH /v1/rooms/:room/scheduled/:id`. What is left out stays. */
export const RESCHEDULE_BODY = [
  "strict",
  {
    data: ["optional", "any"],
    sendAt: ["optional", "instant"],
  },
] as const satisfies Schema;

/** A message that waits. */
export const SCHEDULED = {
  id: "commandId",
  event: "eventName",
  /** `null`: server code in its own name. */
  from: ["nullable", SENDER],
  /** Server code says this in the name of `from`. */
  byServer: ["optional", ["is", true]],
  ...MESSAGE_CONTENT,
  ...LIFETIME_CONTENT,
  /** When it will be sent, in milliseconds since 1970. */
  sendAt: "instant",
  /** When it was scheduled, in milliseconds since 1970. */
  at: "instant",
  /** Why it was not sent when it was due. It stays for a week, to be changed or cancelled. */
  error: ["optional", REFUSAL],
} as const satisfies Fields;
export interface Scheduled extends Infer<typeof SCHEDULED> {}

/** Ascending by `sendAt`: a user's own, and for server code all. */
export const SCHEDULED_RESULT = { scheduled: ["list", SCHEDULED] } as const satisfies Fields;
export interface ScheduledResult extends Infer<typeof SCHEDULED_RESULT> {}

/** `POST /v1/rooms/:room/scheduled` */
export const SCHEDULE_RESULT = {
  id: "commandId",
  sendAt: "instant",
  /** It was scheduled, or already sent, by an earlier request. */
  duplicate: ["optional", ["is", true]],
} as const satisfies Fields;
export interface ScheduleResult extends Infer<typeof SCHEDULE_RESULT> {}
