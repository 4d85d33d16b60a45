// Long polling: a room socket, held by the Worker for one answer. The room sleeps while it waits, and the waiting of a
// Worker is not billed. A call to the room that waits would keep the room awake.

import { EVENTS_QUERY } from "../protocol/index.ts";
import type { AppContext } from "./app-context.ts";
import { callInRoom } from "./call-actor.ts";
import { openRoomSocket, refusalIn } from "./connect.ts";
import { Poll } from "./poll.ts";
import { RefusalError } from "./refusal-error.ts";
import { readQuery, readSocketQuery } from "./request-url.ts";
import { pageText, rawJson } from "./responses.ts";
import { waitingText } from "./waiting-text.ts";
import { isShared, watchEvents } from "./watch-events.ts";

export async function pollEvents(c: AppContext): Promise<Response> {
  if (isShared(c)) return watchEvents(c);
  const arrivedAt = Date.now();
  const { room, actor } = await callInRoom(c, "read");
  const { wait: waitS = 0 } = readQuery(c, EVENTS_QUERY);
  const { presence, ...query } = readSocketQuery(c);
  const { kind } = actor.identity;
  const response = await openRoomSocket(c, room, {
    ...query,
    actor,
    presence: presence && kind !== "anonymous",
    counted: waitS > 0 && kind !== "server",
    speaksOurProtocol: false,
    isCall: true,
  });
  const socket = response.webSocket;
  if (socket === null) throw new RefusalError(await refusalIn(response));
  const poll = new Poll(socket);
  const { signal } = c.req.raw;
  signal.addEventListener("abort", () => poll.end());
  if (signal.aborted) poll.end();
  const refusal = await poll.replayed();
  if (refusal !== undefined) throw new RefusalError(refusal);
  const waitMs = arrivedAt + waitS * 1_000 - Date.now();
  if (!poll.hasAnswer && waitMs > 0) return rawJson(waitingText(poll, waitMs, () => textOf(poll)));
  poll.end();
  return rawJson(textOf(poll));
}

function textOf(poll: Poll): string {
  const { events, ...rest } = poll.answer();
  return pageText("events", events, rest);
}
