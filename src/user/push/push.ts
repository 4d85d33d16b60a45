// What is pushed, where to, and what came of it.

import type { Notification } from "../../protocol/index.ts";

/** What a browser gave for this server to push to. */
export interface PushAddress {
  readonly endpoint: string;
  /** Keys of the browser, base64url. */
  readonly p256dh: string;
  readonly auth: string;
}

export type PushNotification = Pick<
  Notification,
  "id" | "seq" | "title" | "message" | "priority" | "topic" | "link" | "expiresAt"
>;

export type PushOutcome =
  | { readonly kind: "sent" }
  /** There is nobody at this address any more. */
  | { readonly kind: "gone" }
  /** Perhaps another time; the service may have said when. */
  | { readonly kind: "later"; readonly retryAfterMs: number; readonly why: string }
  /** Not this one, whenever. */
  | { readonly kind: "refused"; readonly status: number };
