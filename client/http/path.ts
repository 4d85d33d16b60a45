import { isRoomName } from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";

/** `?name=value…` of the fields that are given, or nothing. Lists are joined by commas. */
export function query(
  fields: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** The name, which needs no encoding in a path. Throws `bad_request` for any other text. */
export function roomName(name: string): string {
  if (isRoomName(name)) return name;
  throw new RoomsError("bad_request", "This is no name of a room.", { path: ["room"] });
}
