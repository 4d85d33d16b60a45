import { isRoomName, isUserId } from "../protocol/index.ts";
import { ROOM_NAME, USER_ID } from "../validation/fields.ts";
import type { AppContext } from "./app-env.ts";
import { refusing } from "./refusal-error.ts";

/** The room that the path names. */
export function namedRoom(c: AppContext): string {
  const room = c.req.param("room") ?? "";
  if (!isRoomName(room)) throw refusing("bad_request", `room ${ROOM_NAME}`, { path: ["room"] });
  return room;
}

/** Whether all that a path escapes with `%` are characters. */
export function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** The user that the path names. */
export function namedUser(c: AppContext): string {
  const user = c.req.param("user") ?? "";
  if (!isUserId(user)) throw refusing("bad_request", `user ${USER_ID}`, { path: ["user"] });
  return user;
}
