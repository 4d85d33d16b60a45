import { isEventName, type Topics, WEBHOOK_EVENT_TYPES, type WebhookEventType } from "../protocol/index.ts";
import { whyNotPublic } from "./public-urls.ts";
import type { SettingsReader } from "./settings-reader.ts";

/** The deployer's own server that is told what happens. */
export interface WebhooksConfig {
  readonly url: string;
  /** Signs the requests. */
  readonly secret: string;
  readonly events: ReadonlySet<WebhookEventType>;
  /** Of messages and notifications; `null`: all. */
  readonly topics: Topics;
}

/** `undefined`: nothing is told. */
export function readWebhooks(read: SettingsReader, allowsThisMachine: boolean): WebhooksConfig | undefined {
  const url = read.text("WEBHOOK_URL");
  const secret = read.text("WEBHOOK_SECRET");
  const isType = (name: string) => WEBHOOK_EVENT_TYPES.some((type) => type === name);
  const named = read.list("WEBHOOK_EVENTS", isType, `events: ${WEBHOOK_EVENT_TYPES.join(", ")}`);
  const topics = read.list("WEBHOOK_TOPICS", isEventName, "topics");
  if (url === "") {
    if (named.length + topics.length > 0)
      read.problem("WEBHOOK_URL", "is required with WEBHOOK_EVENTS and WEBHOOK_TOPICS");
    return undefined;
  }
  const problem = whyNotPublic(url, allowsThisMachine);
  if (problem !== undefined) read.problem("WEBHOOK_URL", problem);
  if (secret === "") read.problem("WEBHOOK_SECRET", "is required with WEBHOOK_URL");
  const events = WEBHOOK_EVENT_TYPES.filter((type) => named.length === 0 || named.includes(type));
  return { url, secret, events: new Set(events), topics: topics.length === 0 ? null : topics };
}
