import { exceedsBytes, MAX_FRAME_BYTES, utf8Length } from "../protocol/index.ts";

const CLOSE = "]}";
/** On a session the name of its room comes to it. */
const MAX_BYTES = MAX_FRAME_BYTES - 256;

/**
 * Puts encoded events into as few frames as fit: one goes out bare, several as a `batch`.
 * `extra` are further fields of the batch (`"replay":true,`), and then even one event is wrapped.
 */
export function joinFrames(events: readonly string[], extra = ""): string[] {
  if (events.length === 0) return [];
  const [first] = events;
  if (events.length === 1 && extra === "" && first !== undefined) return [first];
  const open = `{"type":"batch",${extra}"events":[`;
  const whole = open + events.join(",") + CLOSE;
  if (!exceedsBytes(whole, MAX_BYTES)) return [whole];
  return cut(events, MAX_BYTES - open.length - CLOSE.length).map((part) => open + part.join(",") + CLOSE);
}

function cut(events: readonly string[], maxBytes: number): string[][] {
  const parts: string[][] = [];
  let part: string[] = [];
  let room = maxBytes;
  for (const event of events) {
    const bytes = utf8Length(event) + 1;
    if (bytes > room && part.length > 0) {
      parts.push(part);
      part = [];
      room = maxBytes;
    }
    part.push(event);
    room -= bytes;
  }
  parts.push(part);
  return parts;
}
