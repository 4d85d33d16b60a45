// Exports and imports of rooms, as lines of JSON that are passed on as they come.

import { Hono } from "hono";
import { log } from "../log/log.ts";
import { IMPORT_QUERY } from "../protocol/index.ts";
import type { AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { actorOf, requireServer } from "./authenticate.ts";
import { accepted, refusing } from "./refusal-error.ts";
import { namedRoom, readQuery } from "./request-url.ts";
import { lineAnswer } from "./responses.ts";

/** Under `/v1/rooms`. */
export const portableRooms = new Hono<AppEnv>()
  .get("/:room/export", async (c) => {
    const actor = actorOf(await requireServer(c));
    return lineAnswer(accepted(await roomStub(c, namedRoom(c)).exportLog(actor)));
  })
  .post("/:room/import", async (c) => {
    const server = await requireServer(c);
    const room = namedRoom(c);
    const way = { keepsEpoch: readQuery(c, IMPORT_QUERY).epoch !== undefined };
    const { body } = c.req.raw;
    if (body === null) throw refusing("bad_request", "the body is missing: send the lines of an export");
    const result = accepted(await roomStub(c, room).importLog(actorOf(server), way, body));
    log("room_imported", { room, messages: result.messages, key: server.key });
    return c.json(result);
  });
