// (m) A client that holds many messages: what one more takes, and the memory of each. No server: its socket is here.

import { pathToFileURL } from "node:url";
import { param, pause, type Scenario } from "./scenario.ts";

/** Of the package, as far as it is used here: that of another build too. */
interface ClientModule {
  createClient(options: { readonly url: string }): { room(name: string, options: object): Room };
}

interface Room {
  readonly messages: readonly { readonly seq?: number }[];
  subscribe(fn: () => void): () => void;
  send(data: object): Promise<unknown>;
}

/** The messages of a frame of a replay. */
const PAGE = 500;
const LIVE = 300;

/** The server's end of the client's only socket. */
class FarEnd {
  static last: FarEnd | undefined;
  static readonly OPEN = 1;
  readonly readyState = 1;
  onopen: (() => void) | undefined;
  onmessage: ((event: { readonly data: string }) => void) | undefined;

  constructor() {
    FarEnd.last = this;
    queueMicrotask(() => this.onopen?.());
  }

  send(): void {}

  close(): void {}

  receive(text: string): void {
    this.onmessage?.({ data: text });
  }
}

const eventOf = (seq: number): string =>
  JSON.stringify({
    type: "message",
    seq,
    id: seq.toString(16).padStart(32, "0"),
    event: "chat",
    from: { id: `usr_${seq % 50}`, name: `User number ${seq % 50}` },
    at: 1_790_000_000_000 + seq,
    data: { text: `${seq} ${"x".repeat(100)}`.slice(0, 100) },
  });

const reactionTo = (target: number, seq: number): string =>
  JSON.stringify({
    type: "reaction",
    seq,
    at: 1_790_000_000_000,
    target,
    emoji: "👍",
    user: "usr_1",
    op: "add",
  });

const greeting = (head: number): string =>
  JSON.stringify({
    type: "connected",
    protocol: 1,
    connection: "c_1",
    room: "wall",
    user: null,
    permission: "read",
    expiresAt: null,
    epoch: "e1",
    head,
    floor: 0,
    recovery: "none",
    members: [],
    occupancy: { members: 0, connections: 1 },
    limits: {
      ...{ messageBytes: 32_768, frameBytes: 1_048_576, ratePerSecond: 10, rateBurst: 30, slowModeMs: 0 },
      ...{ listedMembers: 200, pingMs: 25_000, pongMs: 10_000, rooms: 50 },
    },
    reconnect: { minMs: 1_000, maxMs: 30_000 },
    at: 1_790_000_000_000,
  });

const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

async function open(modulePath: string, held: number, options: object) {
  const { createClient }: ClientModule = await import(pathToFileURL(modulePath).href);
  Object.assign(globalThis, { WebSocket: FarEnd });
  const room = createClient({ url: "http://bench.example" }).room("wall", options);
  while (FarEnd.last === undefined) await pause(1);
  const end = FarEnd.last;
  FarEnd.last = undefined;
  await pause(1);
  end.receive(greeting(held));
  const before = heap();
  let jsonBytes = 0;
  for (let seq = 1; seq <= held; seq += PAGE) {
    const events = Array.from({ length: Math.min(PAGE, held - seq + 1) }, (_, at) => eventOf(seq + at));
    for (const event of events) jsonBytes += event.length;
    end.receive(`{"type":"batch","events":[${events.join(",")}]}`);
  }
  end.receive(`{"type":"caughtUp","seq":${held}}`);
  return { room, end, heldBytes: heap() - before, jsonBytes };
}

/** The median of what `LIVE` events take, in milliseconds. */
function timeOf(receive: (n: number) => void): number {
  const times = Array.from({ length: LIVE }, (_, n) => {
    const startedAt = performance.now();
    receive(n);
    return performance.now() - startedAt;
  });
  return times.sort((a, b) => a - b)[LIVE / 2] ?? Number.NaN;
}

export const held: Scenario = async ({ client = "" }, params) => {
  const count = param(params, "messages");
  const { room, end, heldBytes, jsonBytes } = await open(
    client,
    count,
    params.keep ? { keep: params.keep } : {},
  );
  let seq = count;
  const one = () => end.receive(eventOf(++seq));
  const unwatched = timeOf(one);
  let calls = 0;
  const stop = room.subscribe(() => {
    calls += 1;
  });
  const watched = timeOf(one);
  const reacted = timeOf((n) => end.receive(reactionTo(count - n, ++seq)));
  stop();
  let length = 0;
  room.subscribe(() => {
    length += room.messages.length;
  });
  const read = timeOf(one);
  if (calls < LIVE || length < LIVE) throw new Error("it was not notified");
  return {
    "µs a message": watched * 1_000,
    "without a subscriber": unwatched * 1_000,
    "a reaction": reacted * 1_000,
    "all read": read * 1_000,
    "heap over JSON": heldBytes / jsonBytes,
  };
};
