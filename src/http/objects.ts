import type { Env } from "../env.ts";
import { objectStub } from "../object/runtime/object-stub.ts";
import type { AppContext } from "./app-env.ts";

export const roomStub = (c: AppContext, room: string): ReturnType<Env["ROOMS"]["getByName"]> =>
  objectStub(c.env.ROOMS, room, c.get("config").placement);

export const userStub = (c: AppContext, user: string): ReturnType<Env["USERS"]["getByName"]> =>
  objectStub(c.env.USERS, user, c.get("config").placement);
