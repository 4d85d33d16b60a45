// An event of the log, read again from what a reader is sent of it.

import type { LastChange, Reacted } from "./message-body.ts";

export type StoredEvent =
  | { readonly kind: "message"; readonly seq: number }
  | { readonly kind: "updated"; readonly change: LastChange; readonly target: number; readonly body: string }
  | { readonly kind: "deleted"; readonly change: LastChange; readonly target: number }
  | {
      readonly kind: "reaction";
      readonly change: LastChange;
      readonly target: number;
      readonly reacted: Reacted;
    };

const MESSAGE = /^\{"type":"message","seq":(\d+)/;
const UPDATED =
  /^\{"type":"messageUpdated","seq":(\d+),"at":(-?\d+),"message":(?=\{"type":"message","seq":(\d+))/;
/** Stands behind the message of an update. What follows is a string or `null`, so the last one is meant. */
const AFTER_MESSAGE = ',"by":';

/** `undefined`: it is none. */
export function readStored(json: string): StoredEvent | undefined {
  const [, seq] = MESSAGE.exec(json) ?? [];
  if (seq !== undefined) return { kind: "message", seq: Number(seq) };
  const updated = UPDATED.exec(json);
  if (updated !== null) return readUpdated(json, updated);
  if (!/^\{"type":"(?:messageDeleted|reaction)"/.test(json)) return undefined;
  const { type, seq: changed, at, target, by, emoji, user, op } = JSON.parse(json);
  return type === "reaction"
    ? { kind: "reaction", change: { seq: changed, at, by: user }, target, reacted: { emoji, user, op } }
    : { kind: "deleted", change: { seq: changed, at, by }, target };
}

function readUpdated(json: string, [head, seq, at, target]: RegExpExecArray): StoredEvent {
  const end = json.lastIndexOf(AFTER_MESSAGE);
  const by: string | null = JSON.parse(json.slice(end + AFTER_MESSAGE.length, -1));
  const change = { seq: Number(seq), at: Number(at), by };
  return { kind: "updated", change, target: Number(target), body: json.slice(head.length, end) };
}
