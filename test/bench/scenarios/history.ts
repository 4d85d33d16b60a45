// (e) A long replay to one client. (h) The first frame of a sleeping room with a long log.

import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario, type Subject } from "./scenario.ts";
import { store } from "./storms.ts";

/** The runtime unloads an object after 10 s without work. */
const ASLEEP_AFTER_MS = 12_000;

export const replay: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const count = param(params, "messages");
  const cursor = await store(dialect, port, room, count, count);
  const { path, protocols = [] } = await dialect.connect(room, "reader", `?since=${cursor}&presence=off`);
  const done = Promise.withResolvers<void>();
  let events = 0;
  let pages = 0;
  const startedAt = performance.now();
  const reader = await RawSocket.open(
    { port, path, protocols },
    {
      onFrame(frame, own) {
        const text = frame.toString("latin1");
        events += (text.match(/"type":"message"/g) ?? []).length;
        const reached = /"seq":(\d+),"more":true}$/.exec(text)?.[1];
        if (reached !== undefined) {
          own.send(`{"type":"history","id":"p${pages++}","after":${reached},"limit":1000}`);
        } else if (/^{"type":"caughtUp","seq":\d+}$/.test(text)) done.resolve();
      },
      onClose: () => done.reject(new Error("the reader was closed")),
    },
  );
  await done.promise;
  const ms = performance.now() - startedAt;
  reader.destroy();
  return { ms, events, "events/s": events / (ms / 1_000) };
};

export const coldWake: Scenario = async (subject, params) => {
  const messages = param(params, "messages");
  const [long, short] = [newRoom(), newRoom()];
  await store(subject.dialect, subject.port, long, messages, 0);
  await store(subject.dialect, subject.port, short, 10, 0);
  await pause(ASLEEP_AFTER_MS);
  const cold = await firstFrameMs(subject, long);
  return {
    "cold ms": cold,
    "cold, 10 stored, ms": await firstFrameMs(subject, short),
    "warm ms": await firstFrameMs(subject, long),
  };
};

async function firstFrameMs({ dialect, port }: Subject, room: string): Promise<number> {
  const { path, protocols = [] } = await dialect.connect(room, "early", "?history=0&presence=off");
  const { promise, resolve } = Promise.withResolvers<void>();
  const startedAt = performance.now();
  const socket = await RawSocket.open(
    { port, path, protocols },
    { onFrame: () => resolve(), onClose: () => {} },
  );
  await promise;
  const ms = performance.now() - startedAt;
  socket.destroy();
  return ms;
}
