import type { Context } from "hono";
import type { Config } from "../config/config.ts";
import type { Env } from "../env.ts";

/** What every route has at hand. */
export interface AppEnv {
  Bindings: Env;
  Variables: { config: Config };
}

export type AppContext = Context<AppEnv>;
