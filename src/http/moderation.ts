import { Hono } from "hono";
import { BANS_QUERY, type BansResult, KICK_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { readBody } from "./body.ts";
import { actInRoom, callInRoom } from "./call-actor.ts";
import { accepted } from "./refusal-error.ts";
import { namedUser, readQuery } from "./request-url.ts";

const DEFAULT_BAN_S = 3_600;

const kickBody = validator(KICK_BODY);

/** Under `/v1/rooms/:room`. */
export const moderation = new Hono<AppEnv>()
  .post("/kick", async (c) => {
    const { room, actor } = await actInRoom(c, "moderate");
    const { banSeconds = DEFAULT_BAN_S, ...kick } = await readBody(c, kickBody);
    accepted(await roomStub(c, room).kick(actor, { ...kick, banSeconds }));
    return c.json({});
  })
  .get("/bans", async (c) => {
    const { room, actor } = await callInRoom(c, "moderate");
    const { bans, more } = accepted(await roomStub(c, room).bans(actor, readQuery(c, BANS_QUERY).after));
    return c.json({ bans, ...(more && { more }) } satisfies BansResult);
  })
  .delete("/bans/:user", async (c) => {
    const { room, actor } = await actInRoom(c, "moderate");
    accepted(await roomStub(c, room).unban(actor, namedUser(c)));
    return c.json({});
  });
