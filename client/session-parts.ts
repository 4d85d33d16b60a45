// What of a text on a session is for whom: the session itself, or one of its rooms.

import { type Closing, isErrorCode, type Refusal } from "../src/protocol/index.ts";
import { parseAnswer, parseJson } from "./parse-frame.ts";
import { isRecord } from "./shape.ts";
import { isLeft } from "./shapes.ts";

export type SessionPart =
  | { readonly kind: "own"; readonly text: string }
  | { readonly kind: "room"; readonly room: string; readonly text: string }
  /** The answer to a `join`. */
  | { readonly kind: "joined"; readonly id: string; readonly refusal: Refusal | undefined }
  | { readonly kind: "left"; readonly room: string; readonly closing: Closing };

type Frame = Readonly<Record<string, unknown>>;

/** In their order. A text that is for one of them alone is handed on as it came. */
export function sessionParts(text: string, isJoin: (id: string) => boolean): readonly SessionPart[] {
  const value = parseJson(text);
  if (!isRecord(value)) return [{ kind: "own", text }];
  const frames = framesIn(value);
  const isTold = (frame: Frame) => frame.type === "left" || isJoinAnswer(frame, isJoin);
  const [first] = frames;
  if (first === undefined) return [];
  if (frames.length > 1 && (frames.some(isTold) || frames.some(({ room }) => room !== first.room))) {
    return frames.flatMap((frame) => partOf(frame, JSON.stringify(frame), isJoin));
  }
  return partOf(first, text, isJoin);
}

function partOf(frame: Frame, text: string, isJoin: (id: string) => boolean): readonly SessionPart[] {
  const { id, room } = frame;
  if (isJoinAnswer(frame, isJoin)) {
    const answer = parseAnswer(frame);
    return [{ kind: "joined", id: String(id), refusal: answer?.type === "error" ? answer : undefined }];
  }
  if (frame.type === "left") {
    if (!isLeft(frame)) return [];
    const { code, retryAfterMs } = frame;
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    const closing: Closing = { code: isErrorCode(code) ? code : "internal", ...wait };
    return [{ kind: "left", room: frame.room, closing }];
  }
  if (typeof room === "string") return [{ kind: "room", room, text }];
  // What was said to a room that has ended meanwhile: its `left` has told already.
  if (frame.type === "error" && isAboutRoom(frame)) return [];
  return [{ kind: "own", text }];
}

/** Of a batch each by itself, with the `room` that stands on the batch. */
function framesIn(value: Frame): readonly Frame[] {
  if (value.type !== "batch" || !Array.isArray(value.events)) return [value];
  const { room } = value;
  return value.events.filter(isRecord).map((event) => (room === undefined ? event : { ...event, room }));
}

const isJoinAnswer = ({ type, id }: Frame, isJoin: (id: string) => boolean): boolean =>
  (type === "ok" || type === "error") && typeof id === "string" && isJoin(id);

const isAboutRoom = ({ path }: Frame): boolean => Array.isArray(path) && path[0] === "room";
