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
const NO_OBJECT = reject(refuse("bad_request", "each line of the body is a JSON object"));

/** One line of a streaming POST, behind the first. */
export function readStreamLine(text: string): Outcome<StreamLine> {
  const value = parseJson(text);
  return isRecord(value) ? check(streamLine, value) : NO_OBJECT;
}
