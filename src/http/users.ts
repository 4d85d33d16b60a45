import { Hono } from "hono";
import { log } from "../log/log.ts";
import { encodeData, oversize } from "../object/encode-data.ts";
import { DISCONNECT_BODY, USER_SIGNAL_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { readBody, readOptionalBody } from "./body.ts";
import { accepted, RefusalError } from "./refusal-error.ts";
import { namedRoom, namedUser } from "./request-url.ts";
import { lineAnswer } from "./responses.ts";

const disconnectBody = validator(DISCONNECT_BODY);
const signalBody = validator(USER_SIGNAL_BODY);

export const users = new Hono<AppEnv>()
  .get("/:user", async (c) => {
    const user = await namedByServer(c);
    return c.json({ user, ...(await userStub(c, user).standing()) });
  })
  .delete("/:user", async (c) => {
    const { key } = await requireServer(c);
    const user = namedUser(c);
    const result = await userStub(c, user).erase();
    log("user_erased", { user, rooms: result.rooms, key });
    return c.json(result);
  })
  .get("/:user/export", async (c) => lineAnswer(await userStub(c, await namedByServer(c)).exportUser()))
  .post("/:user/signals", async (c) => {
    const user = await namedByServer(c);
    const { event, data } = await readBody(c, signalBody);
    const json = accepted(encodeData(data));
    const tooLarge = oversize(json, c.get("config").limits.messageBytes);
    if (tooLarge !== undefined) throw new RefusalError(tooLarge);
    return c.json({ delivered: await userStub(c, user).signal(event, json) });
  })
  .put("/:user/rooms/:room", async (c) => {
    const user = await namedByServer(c);
    accepted(await userStub(c, user).follow(namedRoom(c), null));
    return c.json({});
  })
  .delete("/:user/rooms/:room", async (c) => {
    const user = await namedByServer(c);
    await userStub(c, user).unfollow(namedRoom(c), null);
    return c.json({});
  })
  .post("/:user/disconnect", async (c) => {
    const { key } = await requireServer(c);
    const user = namedUser(c);
    const { keepPush = false } = await readOptionalBody(c, disconnectBody);
    const { rooms } = await userStub(c, user).disconnect({ keepPush });
    log("disconnected", { user, rooms, key });
    return c.json({ rooms });
  });

/** The user in the path of a call that takes an API key. */
async function namedByServer(c: AppContext): Promise<string> {
  await requireServer(c);
  return namedUser(c);
}
