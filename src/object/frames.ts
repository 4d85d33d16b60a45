import { exceedsBytes, MAX_FRAME_BYTES, utf8Length } from "../protocol/index.ts";

const CLOSE = "]}";
/** On a session the name of its room comes to a frame: at most 128 characters, and what spells it. */
const ROOM_BYTES = 256;

/**
 * Puts encoded events into as few frames as fit: one goes out bare, several as a `batch`.
 * `extra` are further fields of the batch (`"replay":true,`), and then even one event is wrapped.
 * A frame has at most `frameBytes`; a single event that is larger comes alone in one of its own.
 */
export function joinFrames(events: readonly string[], extra = "", frameBytes = MAX_FRAME_BYTES): string[] {
  if (events.length === 0) return [];
  const [first] = events;
  if (events.length === 1 && extra === "" && first !== undefined) return [first];
  const open = `{"type":"batch",${extra}"events":[`;
  const whole = open + events.join(",") + CLOSE;
  const maxBytes = frameBytes - ROOM_BYTES;
  if (!exceedsBytes(whole, maxBytes)) return [whole];
  return cutToFit(events, maxBytes - open.length - CLOSE.length).map((part) =>
    part.length === 1 && extra === "" ? part.join() : open + part.join(",") + CLOSE,
  );
}

/** In parts of at most `maxBytes` each, commas included. What is larger by itself is a part of its own. */
export function cutToFit(events: readonly string[], maxBytes: number): string[][] {
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
