import {
  isRecord,
  type Outcome,
  parseJson,
  ROOM_EXPORT_LINES,
  type RoomExportLine,
  refuse,
  reject,
} from "../protocol/index.ts";
import { check } from "./check.ts";
import { validators } from "./validator.ts";

const lines = validators(ROOM_EXPORT_LINES);
const NO_OBJECT = refuse("bad_request", "it is no JSON object");
const NO_TYPE = refuse("bad_request", `type must be one of ${Object.keys(ROOM_EXPORT_LINES).join(", ")}`, {
  path: ["type"],
});

/** One line of the export of a room. */
export function readExportLine(text: string): Outcome<RoomExportLine> {
  const line = parseJson(text);
  if (!isRecord(line)) return reject(NO_OBJECT);
  if (!isLineType(line.type)) return reject(NO_TYPE);
  return check<(typeof lines)[keyof typeof lines]>(lines[line.type], line);
}

const isLineType = (type: unknown): type is keyof typeof lines =>
  typeof type === "string" && Object.hasOwn(lines, type);
