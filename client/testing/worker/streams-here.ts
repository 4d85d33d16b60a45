// Streams of the platform that this program runs on. Some environments of tests have none.

import { isRecord } from "../../../src/protocol/index.ts";

export const isStream = (value: unknown): value is ReadableStream<Uint8Array> =>
  typeof ReadableStream !== "undefined" && value instanceof ReadableStream;

/** A value as another isolate gets it: a copy, whose streams are the same ones. */
export function copyForRpc(value: unknown): unknown {
  if (isStream(value)) return value;
  if (!holdsStream(value)) return structuredClone(value);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyForRpc(field)]));
}

const holdsStream = (value: unknown): value is object =>
  isRecord(value) && Object.values(value).some((field) => isStream(field) || holdsStream(field));
