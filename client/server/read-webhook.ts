import { isRecord, parseJson, WEBHOOK_EVENTS, type WebhookEvent } from "../../src/protocol/index.ts";
import type { MessageOf } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import { fits } from "../util/wire.ts";
import { readSigned, type SignedRequest, type UntrustedRequest, untrusted } from "./signed-request.ts";
import type { Secrets, SignatureOptions } from "./verify-signature.ts";

/** What happened, by `type`. A message is a union by its own `event`. */
export type WebhookEventOf<Events extends EventMap = RegisteredEvents> = OfEvents<WebhookEvent, Events>;

type OfEvents<Event, Events extends EventMap> = Event extends { readonly message: unknown }
  ? Omit<Event, "message"> & { readonly message: MessageOf<Events> }
  : Event;

/** What {@link readWebhook} has read, or why it trusts nothing of it. */
export type ReceivedWebhook<Events extends EventMap = RegisteredEvents> =
  | { readonly ok: true; readonly events: readonly WebhookEventOf<Events>[] }
  | UntrustedRequest;

/**
 * Reads a request to `WEBHOOK_URL`: checks its signature, and gives its events in their order, all of one room or of one
 * user's inbox. Types that only a newer server knows are left out. `secret` is what `WEBHOOK_SECRET` is in the
 * deployment; while you replace it, give the new one and the old one.
 *
 * Answer 2xx once what you do with the events is done: whatever else is answered, they come again for a day, and nothing
 * newer of the room comes before. An event may come twice all the same, with the same `id`. What was recorded and is
 * sent again more than five minutes later is `old`.
 *
 * Rejects with `bad_request` where there is no secret, and where the body was read or parsed before: in Express use
 * `express.raw({ type: "application/json" })` for this route.
 *
 * @example
 * export async function POST(request: Request): Promise<Response> {
 *   const webhook = await readWebhook(request, process.env.WEBHOOK_SECRET);
 *   if (!webhook.ok) return new Response(webhook.reason, { status: webhook.status });
 *   for (const event of webhook.events)
 *     if (event.type === "message.stored") console.log(event.id, event.room, event.message.data);
 *   return new Response(null, { status: 204 });
 * }
 */
export async function readWebhook<Events extends EventMap = RegisteredEvents>(
  request: SignedRequest,
  secret: Secrets,
  options?: SignatureOptions,
): Promise<ReceivedWebhook<Events>> {
  const signed = await readSigned(request, secret, options);
  if (!signed.ok) return signed;
  const body = parseJson(signed.text);
  if (!isRecord(body) || !Array.isArray(body.events)) return untrusted("unreadable");
  const known = body.events.filter(isKnown);
  if (known.some((event) => !fits(WEBHOOK_EVENTS[event.type], event))) return untrusted("unreadable");
  return { ok: true, events: declared<readonly WebhookEvent[], readonly WebhookEventOf<Events>[]>(known) };
}

const isKnown = (event: unknown): event is WebhookEvent =>
  isRecord(event) && typeof event.type === "string" && Object.hasOwn(WEBHOOK_EVENTS, event.type);
