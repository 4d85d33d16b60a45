// The deployer's back end, which is told what happens. It refuses requests that are not signed, and keeps each event once.
// To make it answer differently, give another function to `answerWith`.

import { onTestFinished, vi } from "vitest";
import { verifySignature } from "../../../client/server/verify-signature.ts";
import type { WebhookEvent } from "../../../src/protocol/index.ts";
import { uniqueName } from "./worker.ts";

export type Told = (events: readonly WebhookEvent[]) => Response | Promise<Response>;

const SECRET = "a-webhook-secret-of-the-tests-that-is-long-enough";

export const taken: Told = () => new Response("never read", { status: 202 });

export function startToldBackEnd(settings: Readonly<Record<string, string>> = {}) {
  const url = `https://${uniqueName("backend").replaceAll("_", "-")}.example/hooks`;
  const events: WebhookEvent[] = [];
  const requests: (readonly string[])[] = [];
  const ids = new Set<string>();
  let current = taken;
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    if (String(input) !== url || !init.signal || init.redirect !== "manual" || init.method !== "POST")
      throw new Error(`unexpected request to ${String(input)}`);
    const body = String(init.body);
    const header = new Headers(init.headers).get("Edge-Rooms-Signature");
    if (!(await verifySignature(header, body, SECRET, { now: performance.timeOrigin + performance.now() })))
      return new Response("who are you?", { status: 401 });
    const told: { events: WebhookEvent[] } = JSON.parse(body);
    requests.push(told.events.map(({ id }) => id));
    const answer = await current(told.events);
    if (!answer.ok) return answer;
    for (const event of told.events) {
      if (!ids.has(event.id)) events.push(event);
      ids.add(event.id);
    }
    return answer;
  });
  // Failures are logged, as they should be.
  const silenced = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => {
    vi.unstubAllGlobals();
    silenced.mockRestore();
  });
  return {
    settings: { WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET, ...settings },
    /** As they came first. */
    events,
    /** The ids of each request. */
    requests,
    types: () => events.map(({ type }) => type),
    answerWith: (other: Told) => {
      current = other;
    },
  };
}
