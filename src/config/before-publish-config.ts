// The question to the deployer's back end before a message of a user is stored: where it goes, about what, for how long.

import { isEventName, topicCovers } from "../protocol/index.ts";
import { isSecureUrl } from "./allowed-urls.ts";
import type { SettingsReader } from "./settings-reader.ts";

/** What becomes of a message about which there is no answer: `open`: it is stored; `closed`: it is refused. */
export type WithoutAnswer = "open" | "closed";

export interface BeforePublishConfig {
  readonly url: string;
  /** Signs the questions. */
  readonly secret: string;
  /** By topic; `*`: all events that no other topic covers. */
  readonly topics: ReadonlyMap<string, WithoutAnswer>;
  readonly timeoutMs: number;
}

const ALL = "*";
const ENTRIES = "entries such as chat:closed or *:open";

export function readBeforePublish(read: SettingsReader): BeforePublishConfig | undefined {
  const url = read.text("BEFORE_PUBLISH_URL");
  const topics = readTopics(read);
  const timeoutMs = read.integer("BEFORE_PUBLISH_TIMEOUT_MS", 1_000, 100, 5_000);
  if (url === "") {
    // Without the question, messages that were to be judged would be stored unseen.
    if (read.text("BEFORE_PUBLISH_TOPICS") !== "")
      read.problem("BEFORE_PUBLISH_URL", "is required with BEFORE_PUBLISH_TOPICS");
    return undefined;
  }
  if (!isSecureUrl(url)) read.problem("BEFORE_PUBLISH_URL", "must be an https URL");
  const secret = read.text("WEBHOOK_SECRET");
  if (secret === "") read.problem("WEBHOOK_SECRET", "is required with BEFORE_PUBLISH_URL");
  return { url, secret, topics, timeoutMs };
}

function readTopics(read: SettingsReader): ReadonlyMap<string, WithoutAnswer> {
  const entries = read.list("BEFORE_PUBLISH_TOPICS", (entry) => topicOf(entry) !== undefined, ENTRIES);
  if (entries.length === 0) return new Map([[ALL, "closed"]]);
  const pairs = entries.map(topicOf).filter((pair) => pair !== undefined);
  const topics = new Map(pairs);
  if (topics.size < pairs.length) read.problem("BEFORE_PUBLISH_TOPICS", "names a topic twice");
  return topics;
}

/** `support:open`, or with another `:` in the topic: the last one counts. */
function topicOf(entry: string): readonly [topic: string, WithoutAnswer] | undefined {
  const colon = entry.lastIndexOf(":");
  const topic = entry.slice(0, colon).trim();
  const mode = entry.slice(colon + 1).trim();
  if (colon < 0 || (mode !== "open" && mode !== "closed")) return undefined;
  return topic === ALL || isEventName(topic) ? [topic, mode] : undefined;
}

/** What becomes of an `event` without an answer, by the most specific topic; `undefined`: nobody is asked about it. */
export function withoutAnswer(
  topics: ReadonlyMap<string, WithoutAnswer>,
  event: string,
): WithoutAnswer | undefined {
  let found = topics.get(ALL);
  let length = 0;
  for (const [topic, mode] of topics) {
    if (topic === ALL || topic.length <= length || !topicCovers(topic, event)) continue;
    found = mode;
    length = topic.length;
  }
  return found;
}
