// (k) One user sends as fast as the line allows, and returns after each close. The figures show whether others are
// affected.

import { Crowd, payloadOf, percentile } from "../crowd.ts";
import type { Dialect } from "../dialect.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

/** The members send within the rate of a default configuration. */
const EVERY_MS = 125;
/** 20 MB per second. */
const BURST_BYTES = 200_000;
const BURST_EVERY_MS = 10;

const FLOODS = {
  sends: () => `{"type":"send","id":"${Math.random()}","data":${payloadOf("flooder")}}`,
  batches: () => `{"type":"batch","commands":[${Array(100).fill('{"type":"read","id":"r"}').join()}]}`,
  "large frames": () =>
    `{"type":"batch","commands":[${Array(20_000).fill('{"type":"send","id":"x"}').join()}]}`,
} as const;

export const flood: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const ms = param(params, "ms");
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, param(params, "receivers"), "?history=0&batch=envelopes");
  const talker = await open(dialect, port, room, "talker", () => {});
  let said = 0;
  const timer = setInterval(() => talker.send(dialect.say(`t${said++}`, payloadOf("talker"))), EVERY_MS);
  const listen = async () => {
    await pause(300);
    crowd.latenciesMs.length = 0;
    await pause(ms);
    const at = (share: number) => percentile(crowd.latenciesMs, share);
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  };
  const before = await listen();
  const figures: Record<string, number> = {
    "p50 ms": before.p50,
    "p90 ms": before.p90,
    "p99 ms": before.p99,
  };
  for (const [kind, frame] of Object.entries(FLOODS)) {
    const flooder = new Flooder(dialect, port, room, frame());
    const during = await listen();
    figures[`p50 over before, ${kind}`] = during.p50 / before.p50;
    figures[`p90 over before, ${kind}`] = during.p90 / before.p90;
    figures[`p99 over before, ${kind}`] = during.p99 / before.p99;
    figures[`closed, ${kind}`] = flooder.stop();
  }
  clearInterval(timer);
  talker.destroy();
  crowd.close();
  return figures;
};

class Flooder {
  #running = true;
  #closed = 0;

  constructor(dialect: Dialect, port: number, room: string, frame: string) {
    void this.#run(dialect, port, room, frame);
  }

  /** Returns how often the user was closed. */
  stop(): number {
    this.#running = false;
    return this.#closed;
  }

  async #run(dialect: Dialect, port: number, room: string, frame: string): Promise<void> {
    while (this.#running) {
      let isOpen = true;
      const socket = await open(dialect, port, room, "flooder", () => {
        isOpen = false;
      }).catch(() => undefined);
      while (socket !== undefined && isOpen && this.#running) {
        for (let bytes = 0; bytes < BURST_BYTES; bytes += frame.length) socket.send(frame);
        await pause(BURST_EVERY_MS);
      }
      if (!isOpen) this.#closed++;
      socket?.destroy();
      await pause(100);
    }
  }
}

async function open(
  dialect: Dialect,
  port: number,
  room: string,
  user: string,
  onClose: () => void,
): Promise<RawSocket> {
  const { path, protocols = [] } = await dialect.connect(room, user, "?history=0&presence=off");
  return RawSocket.open({ port, path, protocols }, { onFrame: () => {}, onClose });
}
