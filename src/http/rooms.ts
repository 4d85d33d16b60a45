import { Hono } from "hono";
import * as v from "valibot";
import { DEFAULT_HISTORY, MAX_HISTORY } from "../protocol/index.ts";
import { encodeData } from "../realtime/encode-data.ts";
import { randomId } from "../realtime/random-id.ts";
import { commandId, eventName, mentions, messageSeq, presentJson, userId } from "../validation/fields.ts";
import type { AppEnv } from "./app-env.ts";
import { authenticateCall, requireRoom } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { pageJson, rawJson } from "./json.ts";
import { roomStub } from "./objects.ts";
import { pollEvents } from "./poll-events.ts";
import { readInteger, readTopics } from "./query.ts";
import { accepted, refusing } from "./refusal-error.ts";

const MAX_NAME_LENGTH = 128;

export const sender = v.object({
  id: userId,
  name: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH))),
});

const messageBody = v.object({
  event: v.exactOptional(eventName),
  data: presentJson,
  id: v.exactOptional(commandId),
  replyTo: v.exactOptional(messageSeq),
  mentions: v.exactOptional(mentions),
  retryOf: v.exactOptional(v.string()),
  from: v.exactOptional(sender),
});

const signalBody = v.object({
  event: eventName,
  data: v.exactOptional(v.unknown()),
  to: v.exactOptional(userId),
  from: v.exactOptional(sender),
  except: v.exactOptional(userId),
});

export const rooms = new Hono<AppEnv>()
  .get("/:room", async (c) => {
    const { room } = await requireRoom(c, await authenticateCall(c), "read");
    return c.json(await roomStub(c, room).info());
  })
  .get("/:room/messages", async (c) => {
    const { room } = await requireRoom(c, await authenticateCall(c), "read");
    const before = readInteger(c, "before", 0, Number.MAX_SAFE_INTEGER);
    const limit = readInteger(c, "limit", 1, MAX_HISTORY) ?? DEFAULT_HISTORY;
    const { events, epoch, head, floor, seq, more } = await roomStub(c, room).messages(
      before,
      limit,
      readTopics(c),
    );
    return pageJson("messages", events, { epoch, head, floor, seq, ...(more && { more }) });
  })
  .post("/:room/messages", async (c) => {
    const bearer = await authenticateCall(c);
    const { room, actor } = await requireRoom(c, bearer, "write");
    const body = await readBody(c, messageBody);
    onlyServerCode(actor.identity.kind, body, ["from"]);
    const { id = randomId() } = body;
    const message = { ...body, id, keyed: body.id !== undefined, data: accepted(encodeData(body.data)) };
    const result = accepted(await roomStub(c, room).publish(actor, message));
    return c.json({ ...result, id }, result.duplicate ? 200 : 201);
  })
  .post("/:room/signals", async (c) => {
    const { room, actor } = await requireRoom(c, await authenticateCall(c), "write");
    const body = await readBody(c, signalBody);
    onlyServerCode(actor.identity.kind, body, ["from", "except"]);
    accepted(await roomStub(c, room).signal(actor, { ...body, data: accepted(encodeData(body.data)) }));
    return c.json({}, 202);
  })
  .get("/:room/members", async (c) => {
    const bearer = await authenticateCall(c);
    if (bearer.kind === "nobody") throw refusing("unauthorized", "a token is required");
    const { room } = await requireRoom(c, bearer, "read");
    const { members, occupancy } = await roomStub(c, room).members();
    return rawJson(`{"members":${members},"occupancy":${JSON.stringify(occupancy)}}`);
  })
  .get("/:room/events", pollEvents);

/** Fields in which a user could speak for others. */
function onlyServerCode(kind: string, body: Record<string, unknown>, fields: readonly string[]): void {
  const field = fields.find((name) => kind !== "server" && body[name] !== undefined);
  if (field !== undefined) throw refusing("forbidden", `${field} takes an API key`, { path: [field] });
}
