import { Hono } from "hono";
import * as v from "valibot";
import type { Actor } from "../access/identity.ts";
import { mapBounded } from "../object/bounded.ts";
import { encodeData } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { type Refusal, refuse, type Sender } from "../protocol/index.ts";
import { commandId, eventName, presentJson, roomName } from "../validation/fields.ts";
import { listOf } from "../validation/ranges.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { actorOf, requireServer } from "./authenticate.ts";
import { readBody, sender } from "./body.ts";
import { reportFailure } from "./failures.ts";
import { accepted, refusalOf } from "./refusal-error.ts";

const MAX_ROOMS = 100;

const broadcastBody = v.strictObject({
  rooms: listOf(roomName, 1, MAX_ROOMS, "rooms"),
  event: eventName,
  data: presentJson,
  id: v.exactOptional(commandId),
  /** A signal to each room in place of a message. */
  ephemeral: v.exactOptional(v.boolean()),
  from: v.exactOptional(sender),
});

/** What is said in each room, its data encoded. */
interface Say {
  readonly event: string;
  readonly data: string;
  readonly from?: Sender | undefined;
  readonly id: string;
  readonly keyed: boolean;
  readonly ephemeral?: boolean;
}

export const broadcast = new Hono<AppEnv>().post("/", async (c) => {
  const actor = actorOf(await requireServer(c));
  const body = await readBody(c, broadcastBody);
  const id = body.id ?? randomId();
  const message = { ...body, id, keyed: body.id !== undefined, data: accepted(encodeData(body.data)) };
  const results = await mapBounded([...new Set(body.rooms)], (room) => sayIn(c, actor, room, message));
  return c.json({ results });
});

/** One room that fails does not take the others with it. */
async function sayIn(
  c: AppContext,
  actor: Actor,
  room: string,
  { ephemeral, event, data, from, id, keyed }: Say,
): Promise<{ room: string; seq?: number; error?: Refusal }> {
  try {
    const stub = roomStub(c, room);
    const outcome = ephemeral
      ? await stub.signal(actor, { event, data, from })
      : await stub.publish(actor, { event, data, from, id, keyed });
    if (!outcome.ok) return { room, error: outcome.refusal };
    return outcome.value === undefined ? { room } : { room, seq: outcome.value.seq };
  } catch (error) {
    reportFailure("broadcast_failed", { room, error });
    return { room, error: refusalOf(error) ?? refuse("internal", "this room could not be reached") };
  }
}
