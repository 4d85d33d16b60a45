import { Hono } from "hono";
import * as v from "valibot";
import { datesOf } from "../access/identity.ts";
import type { PreferencesPatch } from "../user/inbox/preferences.ts";
import { isTimeOfDay, isTimeZone } from "../user/inbox/quiet-hours.ts";
import { eventName, roomName } from "../validation/fields.ts";
import { listOf } from "../validation/ranges.ts";
import type { AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { accepted } from "./refusal-error.ts";

const MAX_MUTED_TOPICS = 100;
const MAX_MUTED_ROOMS = 500;

const timeOfDay = v.pipe(v.string(), v.check(isTimeOfDay, "must be a time such as 22:00"));

const quietHours = v.pipe(
  v.strictObject({
    from: timeOfDay,
    to: timeOfDay,
    timeZone: v.pipe(v.string(), v.check(isTimeZone, "must be a time zone such as Europe/Berlin")),
  }),
  v.check(({ from, to }) => from !== to, "from and to must differ"),
);

const once = (names: string[]) => [...new Set(names)];

const preferencesBody = v.strictObject({
  mutedTopics: v.exactOptional(v.pipe(listOf(eventName, 0, MAX_MUTED_TOPICS, "topics"), v.transform(once))),
  mutedRooms: v.exactOptional(v.pipe(listOf(roomName, 0, MAX_MUTED_ROOMS, "rooms"), v.transform(once))),
  quietHours: v.exactOptional(v.nullable(quietHours)),
  push: v.exactOptional(v.boolean()),
}) satisfies v.GenericSchema<unknown, PreferencesPatch>;

/** Under `/v1/me/preferences`. */
export const preferences = new Hono<AppEnv>()
  .get("/", async (c) => {
    const { identity } = await requireUser(c);
    return c.json(accepted(await userStub(c, identity.user.id).preferences(datesOf(identity))));
  })
  .put("/", async (c) => {
    const { identity } = await requireUser(c);
    const patch = await readBody(c, preferencesBody);
    return c.json(accepted(await userStub(c, identity.user.id).updatePreferences(datesOf(identity), patch)));
  });
