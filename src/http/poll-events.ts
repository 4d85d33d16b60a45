// Long polling: a room socket that lasts for one answer, held by the Worker. The room sleeps while it waits, and a
// Worker's waiting is not billed; a call that waits would keep the room awake.

import {
  formatCursor,
  type Member,
  parseCloseReason,
  type Refusal,
  type RoomConnected,
  refuse,
  type SequencedEvent,
  type ServerEvent,
  type ServerFrame,
} from "../protocol/index.ts";
import { caughtUp } from "../realtime/answers.ts";
import type { AppContext } from "./app-env.ts";
import { callInRoom } from "./call-actor.ts";
import { openRoomSocket, refusalIn } from "./connect.ts";
import { pageJson } from "./json.ts";
import { readInteger, readSocketQuery } from "./query.ts";
import { RefusalError } from "./refusal-error.ts";

const MAX_WAIT_S = 30;
/** A room that is there answers sooner, whatever it has to replay. */
const GREETING_WITHIN_MS = 10_000;

export async function pollEvents(c: AppContext): Promise<Response> {
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
  const outcome = await gather(socket, waitS * 1_000, c.req.raw.signal);
  if ("refusal" in outcome) throw new RefusalError(outcome.refusal);
  const { events, ...rest } = outcome;
  return pageJson("events", events, rest);
}

interface Polled {
  /** As the texts that came, as `data` may be nested deeper than the engine encodes. */
  readonly events: readonly string[];
  readonly cursor: string;
  readonly recovery: RoomConnected["recovery"];
  readonly more?: true;
  /** What the caller holds at or below it may have changed or gone without a record. */
  readonly floor: number;
  readonly members: RoomConnected["members"];
  readonly occupancy: RoomConnected["occupancy"];
}

type Ending = Polled | { readonly refusal: Refusal };

/** What such a socket was sent, taken out of its batches. */
class Poll {
  #connected: RoomConnected | undefined;
  readonly #events: string[] = [];
  /** Those that did not fit in the first frame. */
  readonly #members: Member[] = [];
  #seq = 0;
  #caughtUp: "not yet" | "partly" | "wholly" = "not yet";

  take(text: string): void {
    const frame: ServerFrame = JSON.parse(text);
    if (frame.type === "connected") {
      if ("room" in frame) this.#connected = frame;
      return;
    }
    if (frame.type === "members" && this.#caughtUp === "not yet") {
      this.#members.push(...frame.members);
      return;
    }
    const events = frame.type === "batch" ? frame.events : [frame];
    const inner = frame.type === "batch" ? text.slice(text.indexOf(OPEN) + OPEN.length, -CLOSE.length) : text;
    const told = withoutLast(inner, events.at(-1));
    if (told !== "") this.#events.push(told);
    for (const event of events) this.#follow(event);
  }

  /** `waiting`: nothing came yet, and what comes next is live. */
  get progress(): "replaying" | "waiting" | "done" {
    if (this.#caughtUp === "not yet") return "replaying";
    // Of a partial replay nothing more comes unasked, also where the filter left nothing of it.
    return this.#caughtUp === "partly" || this.#events.length > 0 ? "done" : "waiting";
  }

  ending(): Ending {
    if (this.#connected === undefined || this.#caughtUp === "not yet")
      return { refusal: refuse("overloaded", "the room did not answer in time") };
    const { epoch, recovery, floor, members, occupancy } = this.#connected;
    return {
      events: this.#events,
      cursor: formatCursor({ epoch, seq: this.#seq }),
      recovery,
      ...(this.#caughtUp === "partly" && { more: true }),
      floor,
      members: [...members, ...this.#members],
      occupancy,
    };
  }

  #follow(event: ServerEvent): void {
    if (event.type === "caughtUp") {
      this.#caughtUp = event.more ? "partly" : "wholly";
      this.#seq = event.seq;
    } else if (this.#caughtUp !== "not yet" && isSequenced(event)) this.#seq = event.seq;
  }
}

/** What stands around the events of a batch. */
const OPEN = '"events":[';
const CLOSE = "]}";

/** The events of a frame without `caughtUp`, which comes last if at all. */
function withoutLast(events: string, last: ServerEvent | undefined): string {
  if (last?.type !== "caughtUp") return events;
  return events.slice(0, -caughtUp(last.seq, last.more).length).replace(/,$/, "");
}

const isSequenced = (event: ServerEvent): event is SequencedEvent =>
  ["message", "messageUpdated", "messageDeleted", "reaction"].includes(event.type);

/** Reads to `caughtUp`; where that brought nothing, on to the first event, or till `waitMs` have passed. */
function gather(socket: WebSocket, waitMs: number, gaveUp: AbortSignal): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const poll = new Poll();
  let timer = setTimeout(() => end(poll.ending()), GREETING_WITHIN_MS);
  let waits = false;
  const end = (ending: Ending) => {
    clearTimeout(timer);
    // Not 1000, so that the member stays through the grace time between two polls.
    socket.close(1001, "polled");
    resolve(ending);
  };
  socket.addEventListener("message", ({ data }) => {
    poll.take(String(data));
    const { progress } = poll;
    if (progress === "done" || (progress === "waiting" && waitMs === 0)) end(poll.ending());
    else if (progress === "waiting" && !waits) {
      waits = true;
      clearTimeout(timer);
      timer = setTimeout(() => end(poll.ending()), waitMs);
    }
  });
  socket.addEventListener("close", ({ reason }) => {
    const { code, ...wait } = parseCloseReason(reason) ?? { code: "overloaded" };
    end({ refusal: refuse(code, "the room closed the connection", wait) });
  });
  gaveUp.addEventListener("abort", () => end(poll.ending()));
  socket.accept();
  if (gaveUp.aborted) end(poll.ending());
  return promise;
}
