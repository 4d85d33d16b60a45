import { Hono } from "hono";
import * as v from "valibot";
import { datesOf } from "../access/identity.ts";
import { isRecord, PREFERENCES_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { accepted } from "./refusal-error.ts";

/** Whether quiet hours have a beginning and an end. */
function hasLength(hours: unknown): boolean {
  return !isRecord(hours) || hours.from !== hours.to;
}

const preferencesBody = v.pipe(
  validator(PREFERENCES_BODY, { quietHours: [hasLength, "from and to must differ"] }),
  v.transform(({ mutedTopics, mutedRooms, ...patch }) => ({
    ...patch,
    ...(mutedTopics !== undefined && { mutedTopics: once(mutedTopics) }),
    ...(mutedRooms !== undefined && { mutedRooms: once(mutedRooms) }),
  })),
);

const once = (names: readonly string[]) => [...new Set(names)];

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
