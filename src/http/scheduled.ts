// Messages that are sent later. Under `/v1/rooms/:room/scheduled`.

import { Hono } from "hono";
import { encodeData } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { RESCHEDULE_BODY, SCHEDULE_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { onlyServerCode, readBody } from "./body.ts";
import { actInRoom, callInRoom } from "./call-actor.ts";
import { accepted, refusing } from "./refusal-error.ts";
import { pageJson, rawJson } from "./responses.ts";

const scheduleBody = validator(SCHEDULE_BODY);
const rescheduleBody = validator(RESCHEDULE_BODY);

export const scheduled = new Hono<AppEnv>()
  .get("/", async (c) => {
    const { room, actor } = await callInRoom(c, "write");
    return pageJson("scheduled", accepted(await roomStub(c, room).scheduledMessages(actor)), {});
  })
  .post("/", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const body = await readBody(c, scheduleBody);
    onlyServerCode(actor.identity.kind, body, ["from"]);
    const { id = randomId() } = body;
    // Even encoded they make another path: nobody could cancel the message, and a script that tries would reach the room.
    if (id === "." || id === "..")
      throw refusing("bad_request", "id cannot be . or .., which no path can name", { path: ["id"] });
    const message = { ...body, id, data: accepted(encodeData(body.data)) };
    const result = accepted(await roomStub(c, room).schedule(actor, message));
    return c.json(result, result.duplicate ? 200 : 201);
  })
  .patch("/:id", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const { data, sendAt } = await readBody(c, rescheduleBody);
    const encoded = data === undefined ? undefined : accepted(encodeData(data));
    const patch = { id: c.req.param("id"), data: encoded, sendAt };
    return rawJson(accepted(await roomStub(c, room).reschedule(actor, patch)));
  })
  .delete("/:id", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    accepted(await roomStub(c, room).unschedule(actor, c.req.param("id")));
    return c.json({});
  });
