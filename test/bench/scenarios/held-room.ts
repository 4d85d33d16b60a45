// A room whose server is in the same program: filled with messages, then sent one after the other. Runs in Node and, without
// its types, in a page.

/** Of the package, as far as it is used here: that of another build too. */
export interface ClientModule {
  createClient(options: { readonly url: string }): { room(name: string, options: object): Room };
}

interface Room {
  readonly messages: readonly { readonly seq?: number }[];
  subscribe(fn: () => void): () => void;
  send(data: object): Promise<unknown>;
  react(seq: number, emoji: string): Promise<unknown>;
}

/** The messages of a frame of a replay. */
const PAGE = 500;
const LIVE = 300;
const PENDING = 200;

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

/** Ids as the client makes them, and texts of 100 to 300 bytes. */
const hex = (n: number): string => ((n * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, "0");

const eventOf = (seq: number): string =>
  JSON.stringify({
    type: "message",
    seq,
    id: hex(seq) + hex(seq + 1) + hex(seq + 2) + hex(seq + 3),
    event: "chat",
    from: { id: `usr_${hex(seq % 50)}`, name: `User number ${seq % 50}` },
    at: 1_790_000_000_000 + seq,
    data: { text: `${seq} ${"words ".repeat(50)}`.slice(0, 100 + ((seq * 37) % 201)) },
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

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

/** The median of what `LIVE` events take, in microseconds, after as many that have the engine ask for its memory. */
function timeOf(receive: (n: number) => void): number {
  const all = Array.from({ length: 2 * LIVE }, (_, n) => {
    const startedAt = performance.now();
    receive(n);
    return performance.now() - startedAt;
  });
  const times = all.slice(LIVE);
  return (times.sort((a, b) => a - b)[LIVE / 2] ?? Number.NaN) * 1_000;
}

/** Connects; `fill` brings the messages and returns the bytes of their JSON; `times` then measures what one more takes. */
export async function heldRoom({ createClient }: ClientModule, count: number, options: object) {
  Object.assign(globalThis, { WebSocket: FarEnd });
  const room = createClient({ url: "http://bench.example" }).room("wall", options);
  while (FarEnd.last === undefined) await turn();
  const end = FarEnd.last;
  FarEnd.last = undefined;
  await turn();
  end.receive(greeting(count));
  let seq = 0;
  const one = () => end.receive(eventOf(++seq));
  return {
    fill(): number {
      let jsonBytes = 0;
      while (seq < count) {
        const events = Array.from({ length: Math.min(PAGE, count - seq) }, () => eventOf(++seq));
        for (const event of events) jsonBytes += event.length;
        end.receive(`{"type":"batch","events":[${events.join(",")}]}`);
      }
      end.receive(`{"type":"caughtUp","seq":${count}}`);
      return jsonBytes;
    },
    times() {
      const unwatched = timeOf(one);
      let [calls, length] = [0, 0];
      const stop = room.subscribe(() => {
        calls += 1;
      });
      const watched = timeOf(one);
      const reacted = timeOf((n) => end.receive(reactionTo(count - n, ++seq)));
      stop();
      room.subscribe(() => {
        length += room.messages.length;
      });
      const read = timeOf(one);
      for (let n = 0; n < PENDING; n += 1) void room.send({ text: `pending ${n}` });
      void room.react(1, "👍");
      const pending = timeOf(one);
      if (calls < LIVE || length < LIVE) throw new Error("it was not notified");
      return {
        "µs a message": watched,
        "without a subscriber": unwatched,
        "a reaction": reacted,
        "all read": read,
        [`all read, ${PENDING} pending`]: pending,
      };
    },
  };
}
