import { Hono } from "hono";
import { encodeData } from "../object/encode-data.ts";
import { SIGNAL_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { onlyServerCode, readBody } from "./body.ts";
import { callInRoom } from "./call-actor.ts";
import { accepted } from "./refusal-error.ts";

const signalBody = validator(SIGNAL_BODY);

/** Under `/v1/rooms/:room/signals`. */
export const signals = new Hono<AppEnv>().post("/", async (c) => {
  const { room, actor } = await callInRoom(c, "write");
  const body = await readBody(c, signalBody);
  onlyServerCode(actor.identity.kind, body, ["from", "except"]);
  accepted(await roomStub(c, room).signal(actor, { ...body, data: accepted(encodeData(body.data)) }));
  return c.json({}, 202);
});
