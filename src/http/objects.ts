// The only place that makes stubs. A stub is broken after an exception, so each call makes a new one.

import type { RoomObject } from "../room/room-object.ts";
import type { UserObject } from "../user/user-object.ts";
import type { AppContext } from "./app-env.ts";

export const roomStub = (c: AppContext, room: string): DurableObjectStub<RoomObject> =>
  placed(c, c.env.ROOMS).getByName(room, hint(c));

export const userStub = (c: AppContext, user: string): DurableObjectStub<UserObject> =>
  placed(c, c.env.USERS).getByName(user, hint(c));

function placed<T extends RoomObject | UserObject>(c: AppContext, namespace: DurableObjectNamespace<T>) {
  const { jurisdiction } = c.get("config").placement;
  return jurisdiction === undefined ? namespace : namespace.jurisdiction(jurisdiction);
}

function hint(c: AppContext) {
  const { locationHint } = c.get("config").placement;
  return locationHint === undefined ? {} : { locationHint };
}
