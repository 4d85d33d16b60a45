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
    return { kind: "failed", why: whyNot(error), retryAfterMs: 0, isRefusal: false };
  } finally {
    clearTimeout(timer);
  }
}

/** The runtime names nearly all of its errors "Error", and their messages may have the address: they are not logged. */
function whyNot(error: unknown): string {
  const isLate = error instanceof Error && error.name === "TimeoutError";
  return isLate ? `no answer within ${WITHIN_MS / 1_000} s` : "no connection, or no answer in HTTP";
}
