import { RoomsError } from "../util/errors.ts";

/**
 * The path of a message in its room. Throws `bad_request` where `seq` is none, as text with `..` would make another path.
 */
export function messagePath(seq: number): string {
  if (Number.isSafeInteger(seq) && seq > 0) return `/messages/${seq}`;
  throw new RoomsError("bad_request", "This is no seq of a message.", { path: ["seq"] });
}
