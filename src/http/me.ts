import { Hono } from "hono";
import { datesOf } from "../access/identity.ts";
import { DEFAULT_HISTORY, MAX_HISTORY, NOTIFICATION_STATES } from "../protocol/index.ts";
import { markBody, targetOf } from "../validation/commands.ts";
import type { AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { followedRooms } from "./followed-rooms.ts";
import { preferences } from "./preferences.ts";
import { push } from "./push.ts";
import { accepted, refusing } from "./refusal-error.ts";
import { readInteger, readParameter } from "./request-url.ts";
import { pageJson } from "./responses.ts";

export const me = new Hono<AppEnv>()
  .route("/preferences", preferences)
  .route("/push", push)
  .route("/rooms", followedRooms)
  .get("/notifications", async (c) => {
    const { identity } = await requireUser(c);
    const asked = readParameter(c, "state");
    const state = NOTIFICATION_STATES.find((known) => known === asked);
    if (asked !== undefined && state === undefined) {
      throw refusing("bad_request", `state must be one of ${NOTIFICATION_STATES.join(", ")}`, {
        path: ["state"],
      });
    }
    const query = {
      before: readInteger(c, "before", 0, Number.MAX_SAFE_INTEGER),
      limit: readInteger(c, "limit", 1, MAX_HISTORY) ?? DEFAULT_HISTORY,
      state,
    };
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
