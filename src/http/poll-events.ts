// Long polling: a room socket, held by the Worker for one answer. The room sleeps while it waits, and the waiting of a
// Worker is not billed. A call to the room that waits would keep the room awake.

import type { AppContext } from "./app-context.ts";
import { callInRoom } from "./call-actor.ts";
import { openRoomSocket, refusalIn } from "./connect.ts";
import { Poll } from "./poll.ts";
import { RefusalError } from "./refusal-error.ts";
import { readInteger, readSocketQuery } from "./request-url.ts";
import { pageText, rawJson } from "./responses.ts";

const MAX_WAIT_S = 30;
/** How often a space is written to a client that waits. */
const SIGN_OF_LIFE_MS = 5_000;

export async function pollEvents(c: AppContext): Promise<Response> {
  const arrivedAt = Date.now();
  const { room, actor } = await callInRoom(c, "read");
  const waitS = readInteger(c, "wait", 0, MAX_WAIT_S) ?? 0;
  const { presence, ...query } = readSocketQuery(c);
  const { kind } = actor.identity;
  const response = await openRoomSocket(c, room, {
    ...query,
    actor,
    presence: presence && kind !== "anonymous",
    counted: waitS > 0 && kind !== "server",
    speaksOurProtocol: false,
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
  if (!poll.hasAnswer && waitMs > 0) return waitingAnswer(poll, waitMs);
  poll.end();
  return rawJson(textOf(poll));
}

/**
 * An answer that has begun: spaces, which JSON may begin with, and then the page. The runtime reports a client that has
 * gone only when a write fails, and a proxy drops a silent answer: the spaces serve both. The status is sent with the
 * first space, so if the room ends the poll later, the page is empty and has an `error`.
 */
export function waitingAnswer(poll: Poll, waitMs: number): Response {
  const encoder = new TextEncoder();
  let clientIsThere = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const attempt = (write: () => void) => {
        try {
          if (clientIsThere) write();
        } catch (error) {
          // The client has gone. If the stream has ended already, this does nothing.
          clientIsThere = false;
          controller.error(error);
          poll.end();
        }
      };
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      attempt(() => write(" "));
      const timer = setInterval(() => attempt(() => write(" ")), SIGN_OF_LIFE_MS);
      void poll.heard(waitMs).then(() => {
        clearInterval(timer);
        attempt(() => {
          write(textOf(poll));
          controller.close();
        });
      });
    },
    cancel() {
      clientIsThere = false;
      poll.end();
    },
  });
  return rawJson(body);
}

function textOf(poll: Poll): string {
  const { events, ...rest } = poll.answer();
  return pageText("events", events, rest);
}
