// What of a text on a session is for whom: the session itself, or one of its rooms.

import { type Closing, isErrorCode, type Refusal } from "../../../src/protocol/index.ts";
import { parseAnswer, parseJson } from "../../wire/parse-frame.ts";
import { isRecord } from "../../wire/shape.ts";
import { isLeft } from "../../wire/shapes.ts";

export type SessionPart =
  | { readonly kind: "own"; readonly text: string }
  /** As on a socket of the room. */
  | { readonly kind: "room"; readonly room: string; readonly text: string }
  /** The answer to a `join`. */
  | { readonly kind: "joined"; readonly id: string; readonly refusal: Refusal | undefined }
  | { readonly kind: "left"; readonly room: string; readonly closing: Closing };

type Frame = Readonly<Record<string, unknown>>;
type IsJoin = (id: string) => boolean;

/** In their order. */
export function sessionParts(text: string, isJoin: IsJoin): readonly SessionPart[] {
  const value = parseJson(text);
  if (!isRecord(value)) return [{ kind: "own", text }];
  if (value.type !== "batch" || !Array.isArray(value.events)) return partsOf(value, text, isJoin);
  const { room, events } = value;
  const frames = events.filter(isRecord).map((event) => (room === undefined ? event : { ...event, room }));
  // Mostly all of it is for one of them.
  const isMixed = frames.some(
    (frame) => frame.room !== room || frame.type === "left" || isJoinAnswer(frame, isJoin),
  );
  if (isMixed) return frames.flatMap((frame) => partsOf(frame, JSON.stringify(frame), isJoin));
  return [typeof room === "string" ? { kind: "room", room, text } : { kind: "own", text }];
}

function partsOf(frame: Frame, text: string, isJoin: IsJoin): readonly SessionPart[] {
  const { id, room } = frame;
  if (isJoinAnswer(frame, isJoin)) {
    const answer = parseAnswer(frame);
    return [{ kind: "joined", id: String(id), refusal: answer?.type === "error" ? answer : undefined }];
  }
  if (frame.type === "left") {
    if (!isLeft(frame)) return [];
    const { code, retryAfterMs, message } = frame;
    const closing: Closing = {
      code: isErrorCode(code) ? code : "internal",
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(message !== undefined && { message }),
    };
    return [{ kind: "left", room: frame.room, closing }];
  }
  if (typeof room === "string") return [{ kind: "room", room, text: withoutRoom(frame, room, text) }];
  // What was said to a room that had ended: its `left` has told already.
  if (frame.type === "error" && isAboutRoom(frame)) return [];
  return [{ kind: "own", text }];
}

/** On a socket of the room only `connected` names it. */
function withoutRoom(frame: Frame, room: string, text: string): string {
  if (frame.type === "connected") return text;
  const head = `{"room":${JSON.stringify(room)},`;
  if (text.startsWith(head)) return `{${text.slice(head.length)}`;
  const { room: _, ...rest } = frame;
  return JSON.stringify(rest);
}

const isJoinAnswer = ({ type, id }: Frame, isJoin: IsJoin): boolean =>
  (type === "ok" || type === "error") && typeof id === "string" && isJoin(id);

const isAboutRoom = ({ path }: Frame): boolean => Array.isArray(path) && path[0] === "room";
