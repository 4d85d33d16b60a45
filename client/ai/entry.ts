// How the chunks of a UI message stream of the AI SDK stand in the `data` of a room's message. The text of all text
// parts joins `data.text`. Each other chunk is an entry under a key of its own, which says how long the text was before
// it, so that the order of all is known. An entry is written once, and later only replaced by `SUPERSEDED`.

import { isRecord, parseJson } from "../../src/protocol/index.ts";

/** A chunk, also of a type that this version does not know. */
export interface AnyChunk {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A chunk that is too large for one line comes in pieces of its JSON; `more`: it goes on in the next entry. */
export type ChunkEntry =
  | { readonly at: number; readonly chunk: AnyChunk }
  | { readonly at: number; readonly json: string; readonly more?: true };

/** In the place of an entry that a later one made needless, such as an earlier state of the same data part. */
export const SUPERSEDED = 0;

export const entryKey = (index: number): string => `part:${index}`;

export const isChunk = (value: unknown): value is AnyChunk =>
  isRecord(value) && typeof value.type === "string";

/** What stands under a key, or `undefined` if it is no entry. Members write `data`, so it may be anything. */
export function entryIn(value: unknown): ChunkEntry | undefined {
  if (!isRecord(value)) return undefined;
  const { at, chunk, json, more } = value;
  if (typeof at !== "number") return undefined;
  if (isChunk(chunk)) return { at, chunk };
  if (typeof json === "string") return { at, json, ...(more === true && { more }) };
  return undefined;
}

/** The chunk of this JSON, if it is one. */
export function chunkIn(json: string): AnyChunk | undefined {
  const value = parseJson(json);
  return isChunk(value) ? value : undefined;
}

/** A part that is open until its end is said: what is its name, and which chunk ends it. */
export interface Opening {
  readonly name: string;
  readonly end: AnyChunk;
}

/** Whether a chunk opens or ends a part of text or reasoning. */
export function openingOf({ type, id }: AnyChunk): (Opening & { readonly opens: boolean }) | undefined {
  const [, kind, what] = /^(text|reasoning)-(start|end)$/.exec(type) ?? [];
  if (kind === undefined) return undefined;
  return { name: `${kind} ${id}`, end: { type: `${kind}-end`, id }, opens: what === "start" };
}
