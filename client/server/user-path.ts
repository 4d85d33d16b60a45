import { isUserId } from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";

/** The id of a user, as a part of a path. Throws `bad_request` for any other text. */
export function userPath(user: string): string {
  // An id such as `..` would make another path.
  if (isUserId(user)) return encodeURIComponent(user);
  throw new RoomsError("bad_request", "This is no id of a user.", { path: ["user"] });
}
