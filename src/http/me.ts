import { Hono } from "hono";
import { datesOf } from "../access/identity.ts";
import { DEFAULT_HISTORY, NOTIFICATIONS_QUERY } from "../protocol/index.ts";
import { markBody, targetOf } from "../validation/commands.ts";
import type { AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { followedRooms } from "./followed-rooms.ts";
import { preferences } from "./preferences.ts";
import { push } from "./push.ts";
import { accepted } from "./refusal-error.ts";
import { readQuery } from "./request-url.ts";
import { pageJson } from "./responses.ts";

export const me = new Hono<AppEnv>()
  .route("/preferences", preferences)
  .route("/push", push)
  .route("/rooms", followedRooms)
  .get("/notifications", async (c) => {
    const { identity } = await requireUser(c);
    const { before, limit = DEFAULT_HISTORY, state } = readQuery(c, NOTIFICATIONS_QUERY);
    const query = { before, limit, state };
    const { events, unread, more } = accepted(
      await userStub(c, identity.user.id).notifications(datesOf(identity), query),
    );
    return pageJson("notifications", events, { unread, ...(more && { more }) });
  })
  .post("/notifications/mark", async (c) => {
    const { identity } = await requireUser(c);
    const body = await readBody(c, markBody);
    const { user } = identity;
    return c.json(accepted(await userStub(c, user.id).mark(datesOf(identity), targetOf(body), body.state)));
  });
