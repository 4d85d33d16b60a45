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
const SAYS_NOTHING = refuse("bad_request", "it has none of text, patch and status, or data without status");

/** One line of a streaming POST, behind the first. `number` counts the lines that say something, from 1. */
export function readStreamLine(text: string, number: number): Outcome<StreamLine> {
  const value = parseJson(text);
  const line = isRecord(value) ? check(streamLine, value) : reject(NO_OBJECT);
  // Unknown fields are ignored: the events of a model's service as they are would be an empty answer.
  const read = line.ok && !saysSomething(line.value) ? reject(SAYS_NOTHING) : line;
  if (read.ok) return read;
  return reject({ ...read.refusal, message: `line ${number} of the body: ${read.refusal.message}` });
}

const saysSomething = ({ text, patch, status, data }: StreamLine): boolean =>
  status !== undefined || ((text !== undefined || patch !== undefined) && data === undefined);
