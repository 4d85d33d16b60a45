// Parameters of a URL. An empty one counts as absent; one that does not fit is refused, never clamped.

import {
  DEFAULT_HISTORY,
  isEventName,
  MAX_FRAME_BYTES,
  MAX_HISTORY,
  MAX_TOPICS,
  MIN_FRAME_BYTES,
  type Topics,
} from "../protocol/index.ts";
import type { AppContext } from "./app-env.ts";
import { refusing } from "./refusal-error.ts";

const validationRefusal = (name: string, what: string) =>
  refusing("bad_request", `${name} ${what}`, { path: [name] });

export const readText = (c: AppContext, name: string): string | undefined => c.req.query(name) || undefined;

export function readInteger(c: AppContext, name: string, min: number, max: number): number | undefined {
  const text = readText(c, name);
  if (text === undefined) return undefined;
  return parseInteger(name, text, min, max);
}

/** Of the path. */
export const readPositive = (name: string, text: string): number =>
  parseInteger(name, text, 1, Number.MAX_SAFE_INTEGER);

function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw validationRefusal(name, `must be a whole number from ${min} to ${max}`);
}

export function readTopics(c: AppContext): Topics {
  const topics = readText(c, "topics")?.split(",");
  if (topics === undefined) return null;
  if (topics.length <= MAX_TOPICS && topics.every(isEventName)) return topics;
  throw validationRefusal("topics", `must be at most ${MAX_TOPICS} topics, separated by commas`);
}

function readPresence(c: AppContext): boolean {
  const presence = readText(c, "presence");
  if (presence === undefined || presence === "off") return presence === undefined;
  throw validationRefusal("presence", "can only be off");
}

/** Longer than any cursor, or name of a connection: what is cut off there could not be read anyway. */
const MAX_REFERENCE_LENGTH = 64;

const readReference = (c: AppContext, name: string) => readText(c, name)?.slice(0, MAX_REFERENCE_LENGTH);

/** What only a connection asks for that lasts. */
export function readSocketBounds(c: AppContext) {
  const frameBytes = readInteger(c, "frame", MIN_FRAME_BYTES, MAX_FRAME_BYTES);
  const replaces = readReference(c, "replaces");
  return { ...(frameBytes !== undefined && { frameBytes }), ...(replaces !== undefined && { replaces }) };
}

export function readSocketQuery(c: AppContext) {
  const since = readReference(c, "since");
  return {
    ...(since !== undefined && { since }),
    history: readInteger(c, "history", 0, MAX_HISTORY) ?? DEFAULT_HISTORY,
    topics: readTopics(c),
    presence: readPresence(c),
  };
}
