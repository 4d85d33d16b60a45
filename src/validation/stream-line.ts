import {
  isRecord,
  type Outcome,
  parseJson,
  refuse,
  reject,
  STREAM_LINE,
  type StreamLine,
} from "../protocol/index.ts";
import { check } from "./check.ts";
import { validator } from "./validator.ts";

const streamLine = validator(STREAM_LINE);
const NO_OBJECT = refuse("bad_request", "it is no JSON object");

/** One line of a streaming POST, behind the first. `number` counts the lines that say something, from 1. */
export function readStreamLine(text: string, number: number): Outcome<StreamLine> {
  const value = parseJson(text);
  const line = isRecord(value) ? check(streamLine, value) : reject(NO_OBJECT);
  if (line.ok) return line;
  return reject({ ...line.refusal, message: `line ${number} of the body: ${line.refusal.message}` });
}
