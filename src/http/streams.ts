// Messages that stream, over HTTP. Under `/v1/rooms/:room/messages`.

import { Hono } from "hono";
import { TOKEN_EXPIRED } from "../object/answers.ts";
import { encodeData } from "../object/encode-data.ts";
import { hasExpired } from "../object/liveness.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { APPEND_BODY, FINISH_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { onlyServerCode, readBody } from "./body.ts";
import { actInRoom } from "./call-actor.ts";
import { accepted, RefusalError } from "./refusal-error.ts";
import { readSeq } from "./request-url.ts";
import { readHead } from "./stream-head.ts";
import { answerLines, lastLine } from "./streamed-lines.ts";

const appendBody = validator(APPEND_BODY);
const finishBody = validator(FINISH_BODY);

export const streams = new Hono<AppEnv>()
  .post("/stream", streamAnswer)
  .post("/:seq/append", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const seq = readSeq(c);
    const body = await readBody(c, appendBody);
    return c.json(accepted(await roomStub(c, room).append(actor, { seq, ...body })));
  })
  .post("/:seq/finish", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    const seq = readSeq(c);
    const { data, ...body } = await readBody(c, finishBody);
    const encoded = data === undefined ? {} : { data: accepted(encodeData(data)) };
    return c.json(accepted(await roomStub(c, room).finish(actor, { seq, ...body, ...encoded })));
  })
  .post("/:seq/stop", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    accepted(await roomStub(c, room).stop(actor, readSeq(c)));
    return c.json({});
  })
  .post("/:seq/takeover", async (c) => {
    const { room, actor } = await actInRoom(c, "write");
    return c.json(accepted(await roomStub(c, room).takeover(actor, readSeq(c))));
  });

/** A whole answer in one request, and in one call to the object, whose body goes on while it is answered. */
async function streamAnswer(c: AppContext): Promise<Response> {
  const { room, actor } = await actInRoom(c, "write");
  const { head, format, bytes } = await readHead(c);
  // The head may have taken any time.
  if (hasExpired(actor.identity, Date.now())) throw new RefusalError(TOKEN_EXPIRED);
  onlyServerCode(actor.identity.kind, head, ["from"]);
  const { id = randomId() } = head;
  const message = {
    ...head,
    ...{ id, keyed: head.id !== undefined, stream: true as const },
    data: accepted(encodeData(head.data)),
  };
  const { duplicate, lines } = accepted(
    await roomStub(c, room).streamAnswer(actor, message, { format, bytes }),
  );
  const status = duplicate ? 200 : 201;
  if (c.req.header("Accept")?.includes("application/x-ndjson")) return answerLines(lines, status);
  const { type: _, ...result } = await lastLine(lines);
  return c.json(result, status);
}
