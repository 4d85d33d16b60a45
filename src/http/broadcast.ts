import { Hono } from "hono";
import type { Actor } from "../access/identity.ts";
import { mapBounded } from "../object/bounded.ts";
import { encodeData } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { BROADCAST_BODY, type BroadcastEntry, refuse, type Sender } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { actorOf, requireServer } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { reportFailure } from "./failures.ts";
import { accepted, refusalOf, refusing } from "./refusal-error.ts";
import { noteRefusedCall } from "./refusals.ts";

const broadcastBody = validator(BROADCAST_BODY);

/** What is sent to each room, its data encoded. */
interface Say {
  readonly event: string;
  readonly data: string;
  readonly from?: Sender | undefined;
  readonly id: string;
  readonly keyed: boolean;
  readonly ephemeral?: boolean;
  readonly except?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
}

const exceptOfStored = () =>
  refusing(
    "bad_request",
    "except takes ephemeral: what is stored is in the log of all. Say it `from` this user, whose listeners leave it out",
    { path: ["except"] },
  );

const lifetimeOfSignal = () =>
  refusing("bad_request", "expiresInSeconds is of what is stored, and what is ephemeral is not", {
    path: ["expiresInSeconds"],
  });

export const broadcast = new Hono<AppEnv>().post("/", async (c) => {
  const actor = actorOf(await requireServer(c));
  const body = await readBody(c, broadcastBody);
  if (body.except !== undefined && !body.ephemeral) throw exceptOfStored();
  if (body.expiresInSeconds !== undefined && body.ephemeral) throw lifetimeOfSignal();
  const id = body.id ?? randomId();
  const message = { ...body, id, keyed: body.id !== undefined, data: accepted(encodeData(body.data)) };
  const results = await mapBounded([...new Set(body.rooms)], (room) => sayIn(c, actor, room, message));
  return c.json({ results });
});

/** A room that fails has an error in its result; the others are sent to all the same. */
async function sayIn(
  c: AppContext,
  actor: Actor,
  room: string,
  { ephemeral, event, data, from, id, keyed, except, expiresInSeconds }: Say,
): Promise<BroadcastEntry> {
  try {
    const stub = roomStub(c, room);
    const outcome = ephemeral
      ? await stub.signal(actor, { event, data, from, except })
      : await stub.publish(actor, { event, data, from, id, keyed, expiresInSeconds });
    if (!outcome.ok) {
      noteRefusedCall(c, outcome.refusal, { room });
      return { room, error: outcome.refusal };
    }
    return outcome.value === undefined ? { room } : { room, seq: outcome.value.seq };
  } catch (error) {
    reportFailure("broadcast_failed", { room, error });
    return { room, error: refusalOf(error) ?? refuse("internal", "this room could not be reached") };
  }
}
