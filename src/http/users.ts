import { Hono } from "hono";
import { log } from "../platform/log.ts";
import { isUserId } from "../protocol/index.ts";
import type { AppEnv } from "./app-env.ts";
import { requireServer } from "./authenticate.ts";
import { userStub } from "./objects.ts";
import { refusing } from "./refusal-error.ts";

export const users = new Hono<AppEnv>().post("/:user/disconnect", async (c) => {
  await requireServer(c);
  const user = c.req.param("user");
  if (!isUserId(user)) throw refusing("bad_request", "user must be a user id", { path: ["user"] });
  const { rooms } = await userStub(c, user).disconnect();
  log("info", "disconnected", { user, rooms });
  return c.json({ rooms });
});
