// A topic is one or more first segments of an event name, where `.` and `:` end a segment.

import type { Infer, Schema } from "./schema.ts";

export const MAX_TOPICS = 20;

const TOPIC_LIST = ["list", "eventName", 0, MAX_TOPICS, "topics"] as const satisfies Schema;
export const TOPICS = ["nullable", TOPIC_LIST] as const satisfies Schema;

/** At most 20. `null` is every event, `[]` none. */
export type Topics = Infer<typeof TOPICS>;

export function topicCovers(topic: string, event: string): boolean {
  if (!event.startsWith(topic)) return false;
  if (event.length === topic.length) return true;
  const next = event[topic.length];
  return next === "." || next === ":";
}

export const matchesTopics = (topics: Topics, event: string): boolean =>
  topics === null || topics.some((topic) => topicCovers(topic, event));
