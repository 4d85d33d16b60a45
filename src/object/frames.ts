import { exceedsBytes, MAX_FRAME_BYTES, utf8Length } from "../protocol/index.ts";

const CLOSE = "]}";
/** Room for the name of a room, which a session adds to a frame: at most 128 characters, and its field. */
const ROOM_BYTES = 256;

/**
 * Puts encoded events into as few frames as possible: a single event as it is, several as a `batch`. With `extra`,
 * further fields of the batch (`"replay":true,`), a single event is a batch too. A frame has at most `frameBytes`; a
 * larger event is a frame by itself.
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

/** Cuts into parts of at most `maxBytes`, commas included. A larger event is a part by itself. */
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
