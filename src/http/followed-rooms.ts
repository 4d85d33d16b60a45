import { Hono } from "hono";
import { datesOf } from "../access/identity.ts";
import { FOLLOWED_ROOMS_QUERY } from "../protocol/index.ts";
import type { AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser, userNeeded } from "./authenticate.ts";
import { actInRoom } from "./call-actor.ts";
import { accepted } from "./refusal-error.ts";
import { namedRoom, readQuery } from "./request-url.ts";

/** Under `/v1/me/rooms`. */
export const followedRooms = new Hono<AppEnv>()
  .get("/", async (c) => {
    const token = await requireUser(c);
    const user = userStub(c, token.identity.user.id);
    return c.json(accepted(await user.followedRooms(token, readQuery(c, FOLLOWED_ROOMS_QUERY).after)));
  })
  .put("/:room", async (c) => {
    const { room, actor } = await actInRoom(c, "read");
    const { identity } = actor;
    if (identity.kind !== "user") throw userNeeded(identity.kind);
    accepted(await userStub(c, identity.user.id).follow(room, datesOf(identity)));
    return c.json({});
  })
  .delete("/:room", async (c) => {
    const { identity } = await requireUser(c);
    accepted(await userStub(c, identity.user.id).unfollow(namedRoom(c), datesOf(identity)));
    return c.json({});
  });
