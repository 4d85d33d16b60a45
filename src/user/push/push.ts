// What is pushed, where to, and with which outcome.

import type { Notification } from "../../protocol/index.ts";

/** Where a browser takes pushes of this server. */
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
  /** The subscription does not exist any more. */
  | { readonly kind: "gone" }
  /** To be tried again; `retryAfterMs` is what the service asked for, or 0. */
  | { readonly kind: "later"; readonly retryAfterMs: number; readonly why: string }
  /** This push is never accepted. */
  | { readonly kind: "refused"; readonly status: number };
