// A topic is one or more first segments of an event name, where `.` and `:` end a segment.

/** `null` is every event, `[]` none. */
export type Topics = readonly string[] | null;

export const MAX_TOPICS = 20;

export function topicCovers(topic: string, event: string): boolean {
  if (!event.startsWith(topic)) return false;
  if (event.length === topic.length) return true;
  const next = event[topic.length];
  return next === "." || next === ":";
}

export const matchesTopics = (topics: Topics, event: string): boolean =>
  topics === null || topics.some((topic) => topicCovers(topic, event));
