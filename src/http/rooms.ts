import { Hono } from "hono";
import { TOKEN_REQUIRED } from "../auth/authorize-room.ts";
import { RECEIPT_BODY, type ReceiptsResult, SETTINGS_BODY, type SettingsResult } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { requireRoom, requireServer, userNeeded } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { actInRoom, callInRoom } from "./call-actor.ts";
import { messages } from "./messages.ts";
import { moderation } from "./moderation.ts";
import { pollRoom, sendToRoom } from "./poll-connection.ts";
import { pollEvents } from "./poll-events.ts";
import { portableRooms } from "./portable.ts";
import { accepted, RefusalError } from "./refusal-error.ts";
import { rawJson } from "./responses.ts";
import { scheduled } from "./scheduled.ts";
import { signals } from "./signals.ts";
import { streams } from "./streams.ts";

const settingsBody = validator(SETTINGS_BODY);
const receiptBody = validator(RECEIPT_BODY);

export const rooms = new Hono<AppEnv>()
  .get("/:room", async (c) => {
    const { room, actor } = await callInRoom(c, "read");
    return c.json(accepted(await roomStub(c, room).info(actor)));
  })
  .patch("/:room", async (c) => {
    const { room, actor } = await actInRoom(c, "moderate");
    const patch = await readBody(c, settingsBody);
    return c.json({
      settings: accepted(await roomStub(c, room).configure(actor, patch)),
    } satisfies SettingsResult);
  })
  .delete("/:room", async (c) => {
    const { room, actor } = await requireRoom(c, await requireServer(c), "moderate");
    accepted(await roomStub(c, room).purge(actor));
    return c.json({});
  })
  .get("/:room/events", pollEvents)
  .post("/:room/poll", pollRoom)
  .post("/:room/commands", sendToRoom)
  .get("/:room/members", async (c) => {
    const { room, actor } = await callAsSomebody(c);
    const { members, occupancy } = accepted(await roomStub(c, room).members(actor));
    return rawJson(`{"members":${members},"occupancy":${JSON.stringify(occupancy)}}`);
  })
  .get("/:room/receipts", async (c) => {
    const { room, actor } = await callAsSomebody(c);
    return c.json({ receipts: accepted(await roomStub(c, room).receipts(actor)) } satisfies ReceiptsResult);
  })
  .put("/:room/receipts/me", async (c) => {
    const { room, actor } = await actInRoom(c, "read");
    const { identity } = actor;
    if (identity.kind !== "user") throw userNeeded(identity.kind);
    const { seq } = await readBody(c, receiptBody);
    return c.json(accepted(await roomStub(c, room).read(actor, identity.user.id, seq)));
  })
  .route("/:room/messages", messages)
  .route("/:room/messages", streams)
  .route("/:room/scheduled", scheduled)
  .route("/:room/signals", signals)
  .route("/:room", moderation)
  .route("/", portableRooms);

/** Refuses anonymous readers: they may read messages, but not who is in the room. */
async function callAsSomebody(c: AppContext) {
  const call = await callInRoom(c, "read");
  if (call.actor.identity.kind === "anonymous") throw new RefusalError(TOKEN_REQUIRED);
  return call;
}
