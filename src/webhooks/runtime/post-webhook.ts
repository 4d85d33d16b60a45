// One request to the deployer's back end.

import { SIGNATURE_HEADER, signRequest } from "../../auth/authorize-webhook.ts";
import { outcomeOf, type WebhookOutcome } from "../attempts.ts";

/** The one bound on how long a request may take, and so on how long it keeps an object awake. */
const WITHIN_MS = 10_000;

export interface WebhookAddress {
  readonly url: string;
  readonly secret: string;
}

/** Never rejects. Only the status of the answer counts: its body is not read, and a redirect is not followed. */
export async function postWebhook({ url, secret }: WebhookAddress, body: string): Promise<WebhookOutcome> {
  const controller = new AbortController();
  // Not `AbortSignal.timeout`: it would keep the object awake for the whole time.
  const timer = setTimeout(() => controller.abort(new DOMException("too slow", "TimeoutError")), WITHIN_MS);
  try {
    const headers = {
      "Content-Type": "application/json",
      [SIGNATURE_HEADER]: await signRequest(secret, body, Date.now()),
    };
    const { signal } = controller;
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    await response.body?.cancel();
    return outcomeOf(response.status, response.headers.get("Retry-After"), Date.now());
  } catch (error) {
    const why = error instanceof Error ? error.name : "failed";
    return { kind: "failed", why, retryAfterMs: 0, isRefusal: false };
  } finally {
    clearTimeout(timer);
  }
}
