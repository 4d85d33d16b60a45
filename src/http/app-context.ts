import type { Context } from "hono";
import type { Config } from "../config/config.ts";
import type { Env } from "../env.ts";
import { objectStub } from "../object/runtime/object-stub.ts";

/** What every route can reach: the bindings, and the parsed settings. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    config: Config;
    /** Who calls, for the log, as soon as it is known. */
    caller?: { readonly user: string | null; readonly key?: string };
  };
}

export type AppContext = Context<AppEnv>;

export const roomStub = (c: AppContext, room: string): ReturnType<Env["ROOMS"]["getByName"]> =>
  objectStub(c.env.ROOMS, room, c.get("config").placement);

export const userStub = (c: AppContext, user: string): ReturnType<Env["USERS"]["getByName"]> =>
  objectStub(c.env.USERS, user, c.get("config").placement);
