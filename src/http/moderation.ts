import { Hono } from "hono";
import * as v from "valibot";
import type { BansResult } from "../protocol/index.ts";
import { userId } from "../validation/fields.ts";
import { integer, text } from "../validation/ranges.ts";
import type { AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { readBody } from "./body.ts";
import { actInRoom, callInRoom } from "./call-actor.ts";
import { accepted } from "./refusal-error.ts";
import { namedUser, readParameter } from "./request-url.ts";

const DEFAULT_BAN_S = 3_600;
/** A year. */
const MAX_BAN_S = 31_536_000;
const MAX_REASON_LENGTH = 500;

const kickBody = v.strictObject({
  user: userId,
  banSeconds: v.optional(integer(0, MAX_BAN_S), DEFAULT_BAN_S),
  reason: v.exactOptional(text(0, MAX_REASON_LENGTH)),
});

/** Under `/v1/rooms/:room`. */
export const moderation = new Hono<AppEnv>()
  .post("/kick", async (c) => {
    const { room, actor } = await actInRoom(c, "moderate");
    const kick = await readBody(c, kickBody);
    accepted(await roomStub(c, room).kick(actor, kick));
    return c.json({});
  })
  .get("/bans", async (c) => {
    const { room, actor } = await callInRoom(c, "moderate");
    const { bans, more } = accepted(await roomStub(c, room).bans(actor, readParameter(c, "after")));
    return c.json({ bans, ...(more && { more }) } satisfies BansResult);
  })
  .delete("/bans/:user", async (c) => {
    const { room, actor } = await actInRoom(c, "moderate");
    accepted(await roomStub(c, room).unban(actor, namedUser(c)));
    return c.json({});
  });
