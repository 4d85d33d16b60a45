import { Hono } from "hono";
import { encodeData } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { DEFAULT_HISTORY, EDIT_BODY, MESSAGE_BODY, MESSAGES_QUERY } from "../protocol/index.ts";
import { isEmoji } from "../validation/atoms.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { userNeeded } from "./authenticate.ts";
import { onlyServerCode, readBody } from "./body.ts";
import { actInRoom, callInRoom } from "./call-actor.ts";
import { accepted, refusing } from "./refusal-error.ts";
import { readQuery, readSeq } from "./request-url.ts";
import { pageJson } from "./responses.ts";

const messageBody = validator(MESSAGE_BODY);
const editBody = validator(EDIT_BODY);

/** Under `/v1/rooms/:room/messages`. */
export const messages = new Hono<AppEnv>()
  .get("/", async (c) => {
    const { room, actor } = await callInRoom(c, "read");
    const { before, limit = DEFAULT_HISTORY, topics = null } = readQuery(c, MESSAGES_QUERY);
    const page = accepted(await roomStub(c, room).messages(actor, before, limit, topics));
    const { events, epoch, head, floor, seq, more } = page;
    return pageJson("messages", events, { epoch, head, floor, seq, ...(more && { more }) });
  })
  .post("/", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const body = await readBody(c, messageBody);
    onlyServerCode(actor.identity.kind, body, ["from"]);
    const { id = randomId() } = body;
    const message = { ...body, id, keyed: body.id !== undefined, data: accepted(encodeData(body.data)) };
    const result = accepted(await roomStub(c, room).publish(actor, message));
    return c.json({ ...result, id }, result.duplicate ? 200 : 201);
  })
  .patch("/:seq", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const seq = readSeq(c);
    const data = accepted(encodeData((await readBody(c, editBody)).data));
    return c.json(accepted(await roomStub(c, room).change(actor, { type: "edit", seq, data })));
  })
  .delete("/:seq", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    return c.json(accepted(await roomStub(c, room).change(actor, { type: "delete", seq: readSeq(c) })));
  })
  .put("/:seq/reactions/:emoji", (c) => react(c, "add"))
  .delete("/:seq/reactions/:emoji", (c) => react(c, "remove"));

async function react(c: AppContext, op: "add" | "remove"): Promise<Response> {
  const { room, actor } = await actInRoom(c, "write");
  if (actor.identity.kind !== "user") throw userNeeded(actor.identity.kind);
  const seq = readSeq(c);
  const emoji = c.req.param("emoji") ?? "";
  if (!isEmoji(emoji)) throw refusing("bad_request", "emoji must be one emoji", { path: ["emoji"] });
  return c.json(accepted(await roomStub(c, room).change(actor, { type: "react", seq, emoji, op })));
}
