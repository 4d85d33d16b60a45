// The pushes of a user while their object is awake: the rules, joined to the network and the clock.

import { allowsEndpoint, type PushConfig } from "../../config/push-config.ts";
import { log } from "../../log/log.ts";
import type { PushAddress, PushNotification, PushOutcome } from "../push/push.ts";
import { Pusher, type PusherPorts } from "../push/pusher.ts";
import { sendPush } from "../push/runtime/send-push.ts";

/** `undefined` if the settings name no VAPID keys: then there are no pushes. `user`: for the log. */
export function pushDelivery(
  config: PushConfig | undefined,
  user: string,
  ports: Pick<PusherPorts, "inbox" | "subscriptions" | "preferences" | "isOnline" | "doubtMs">,
): Pusher | undefined {
  if (config === undefined) return undefined;
  const { vapid, hosts } = config;
  return new Pusher({
    ...ports,
    now: () => Date.now(),
    random: () => Math.random(),
    allows: (endpoint) => allowsEndpoint(hosts, endpoint),
    async send(to, notification) {
      const now = Date.now();
      const outcome = await sendPush(vapid, to, notification, ports.inbox.unread(now), now);
      report(user, to, notification, outcome);
      return outcome;
    },
  });
}

/** The path of an endpoint is a secret: who knows it may push there. */
function report(
  user: string,
  { endpoint }: PushAddress,
  { seq }: PushNotification,
  outcome: PushOutcome,
): void {
  const { host } = new URL(endpoint);
  switch (outcome.kind) {
    case "sent":
      break;
    case "gone":
      log("push_gone", { user, host, seq });
      break;
    case "later":
      log("push_later", { user, host, seq, retryAfterMs: outcome.retryAfterMs, why: outcome.why });
      break;
    case "refused":
      log("push_refused", { user, host, seq, status: outcome.status });
  }
}
