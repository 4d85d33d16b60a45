// The pushes of a user while their object is awake: the rules, joined to the network and the clock.

import { allowsEndpoint, type PushConfig } from "../../config/push-config.ts";
import { log } from "../../log/log.ts";
import type { PushAddress, PushNotification, PushOutcome } from "../push/push.ts";
import { Pusher, type PusherPorts } from "../push/pusher.ts";
import { sendPush } from "../push/runtime/send-push.ts";

/** `config` is left out where there are no pushes. */
export function pushDelivery(
  config: PushConfig | undefined,
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
      report(to, notification, outcome);
      return outcome;
    },
  });
}

/** The path of an endpoint is a secret: who knows it may push there. */
function report({ endpoint }: PushAddress, { seq }: PushNotification, outcome: PushOutcome): void {
  const { kind, ...why } = outcome;
  if (kind === "sent") return;
  log(kind === "refused" ? "error" : "info", `push_${kind}`, { host: new URL(endpoint).host, seq, ...why });
}
