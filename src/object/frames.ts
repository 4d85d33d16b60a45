import { exceedsBytes, MAX_FRAME_BYTES, utf8Length } from "../protocol/index.ts";
import { enclose } from "./envelopes.ts";

const CLOSE = "]}";
/** Room for the name of a room, which a session adds to a frame: at most 128 characters, and its field. */
const ROOM_BYTES = 256;

/** In which form a connection takes frames. */
export interface FrameForm {
  /** The largest frame, in bytes. */
  readonly frameBytes: number;
  /** Whether batches say sender and event once for many messages. */
  readonly envelopes?: boolean;
}

/**
 * Puts encoded events into as few frames as possible: a single event as it is, several as a `batch`. With `extra`,
 * further fields of the batch (`"replay":true,`), a single event is a batch too. A frame has at most `frameBytes`; a
 * larger event is a frame by itself.
 */
export function joinFrames(
  events: readonly string[],
  { frameBytes, envelopes = false }: FrameForm = { frameBytes: MAX_FRAME_BYTES },
  extra = "",
): string[] {
  const [first] = events;
  if (first === undefined) return [];
  if (events.length === 1 && extra === "") return [first];
  const whole = batchOf(events, extra, envelopes);
  const maxBytes = frameBytes - ROOM_BYTES;
  if (!exceedsBytes(whole, maxBytes)) return [whole];
  // Cut by their sizes outside of envelopes, which are no smaller.
  return cutToFit(events, maxBytes - openingOf(extra).length - CLOSE.length).map((part) =>
    part.length === 1 && extra === "" ? part.join() : batchOf(part, extra, envelopes),
  );
}

const openingOf = (fields: string): string => `{"type":"batch",${fields}"events":[`;

function batchOf(events: readonly string[], extra: string, envelopes: boolean): string {
  const enclosed = envelopes ? enclose(events) : undefined;
  if (enclosed === undefined) return openingOf(extra) + events.join(",") + CLOSE;
  return openingOf(extra + enclosed.fields) + enclosed.events.join(",") + CLOSE;
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
