import { objectStub } from "../object/runtime/object-stub.ts";
import type { RoomObject } from "../room/runtime/room-object.ts";
import type { UserObject } from "../user/runtime/user-object.ts";
import type { AppContext } from "./app-env.ts";

export const roomStub = (c: AppContext, room: string): DurableObjectStub<RoomObject> =>
  objectStub(c.env.ROOMS, room, c.get("config").placement);

export const userStub = (c: AppContext, user: string): DurableObjectStub<UserObject> =>
  objectStub(c.env.USERS, user, c.get("config").placement);
