// (k) Many anonymous sockets of one address request pages as fast as they can, and return after each close or refusal.
// The figures show whether members are affected.

import { Crowd, payloadOf, percentile } from "../crowd.ts";
import { API_KEY } from "../dialect.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

/** The members send within the rate of a default configuration. */
const SAY_EVERY_MS = 125;
const ASK_EVERY_MS = 20;
/** The average time. Forty sockets make 600 connects a minute: more than the edge admits from one address. */
const BACK_AFTER_MS = 4_000;
const STORED_AT_ONCE = 50;

/** What each kind adds to the connect, and what it requests. */
const FLOODS = {
  pages: { query: "", limit: 200 },
  "pages of nothing": { query: "&topics=zzz", limit: 200 },
} as const;

export const readerFlood: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const messages = param(params, "messages");
  await fill(port, room, messages);
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, param(params, "receivers"), "?history=0");
  const { path, protocols = [] } = await dialect.connect(room, "talker", "?history=0&presence=off");
  const talker = await RawSocket.open({ port, path, protocols }, { onFrame: () => {}, onClose: () => {} });
  let said = 0;
  const timer = setInterval(() => talker.send(dialect.say(`t${said++}`, payloadOf("talker"))), SAY_EVERY_MS);
  const listen = async () => {
    await pause(500);
    crowd.latenciesMs.length = 0;
    await pause(param(params, "ms"));
    return { p50: percentile(crowd.latenciesMs, 0.5), p99: percentile(crowd.latenciesMs, 0.99) };
  };
  const before = await listen();
  const figures: Record<string, number> = { "p50 ms": before.p50, "p99 ms": before.p99 };
  for (const [kind, { query, limit }] of Object.entries(FLOODS)) {
    const flooders = Array.from(
      { length: param(params, "sockets") },
      () => new Reader(port, `/v1/rooms/${room}/connect?history=0&presence=off${query}`, limit, messages),
    );
    const during = await listen();
    figures[`p50 over before, ${kind}`] = during.p50 / before.p50;
    figures[`p99 over before, ${kind}`] = during.p99 / before.p99;
    figures[`pages a second, ${kind}`] =
      flooders.reduce((sum, flooder) => sum + flooder.stop(), 0) / (param(params, "ms") / 1_000);
    await pause(1_000);
  }
  clearInterval(timer);
  talker.destroy();
  crowd.close();
  return figures;
};

/** Sent by server code, which has no rate limit. */
async function fill(port: number, room: string, messages: number): Promise<void> {
  let left = messages;
  const store = async () => {
    while (left-- > 0) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/rooms/${room}/messages`, {
        method: "POST",
        headers: { Authorization: `Bearer ${API_KEY}` },
        body: `{"data":${payloadOf("server")}}`,
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`not stored: ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: STORED_AT_ONCE }, store));
}

class Reader {
  #running = true;
  #pages = 0;

  constructor(port: number, path: string, limit: number, messages: number) {
    void this.#run(port, path, limit, messages);
  }

  /** Returns the number of pages that it received. */
  stop(): number {
    this.#running = false;
    return this.#pages;
  }

  async #run(port: number, path: string, limit: number, messages: number): Promise<void> {
    let asked = 0;
    while (this.#running) {
      let isOpen = true;
      const socket = await RawSocket.open(
        { port, path, protocols: ["edge-rooms.v1"] },
        {
          onFrame: (frame) => {
            if (frame.includes('"messages":[')) this.#pages++;
          },
          onClose: () => {
            isOpen = false;
          },
        },
      ).catch(() => undefined);
      while (socket !== undefined && isOpen && this.#running) {
        // Each request has a page of its own, so that none is shared.
        const before = Math.ceil(messages * (0.5 + Math.random() / 2));
        socket.send(JSON.stringify({ type: "history", id: `${asked++}`, before, limit }));
        await pause(ASK_EVERY_MS);
      }
      socket?.destroy();
      await pause(BACK_AFTER_MS * (0.5 + Math.random()));
    }
  }
}
