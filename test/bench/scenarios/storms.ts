// (c) A crowd that has been there before joins one room. (d) A crowd returns with one cursor.

import { Crowd } from "../crowd.ts";
import type { Dialect } from "../dialect.ts";
import { threadMs } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

/** So long a server takes to see that a crowd has gone. */
const GONE_MS = 1_000;

async function timeToJoin(dialect: Dialect, port: number, room: string, count: number, query: string) {
  const crowd = new Crowd(dialect, port);
  const startedAt = performance.now();
  await crowd.join(room, count, query);
  const figures = { ms: performance.now() - startedAt, frames: crowd.frames };
  crowd.close();
  return figures;
}

export const joinStorm: Scenario = async ({ dialect, port, pid }, params) => {
  const count = param(params, "members");
  // All connect once before, so that tokens are signed and the server is warm.
  await timeToJoin(dialect, port, newRoom(), count, "?history=0");
  // The first crowd has gone.
  await pause(GONE_MS);
  const before = threadMs(pid);
  const { ms, frames } = await timeToJoin(dialect, port, newRoom(), count, "?history=0");
  return { ms, "CPU ms": threadMs(pid) - before, "frames a member": frames / count };
};

export const resumeStorm: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const count = param(params, "members");
  const cursor = await store(dialect, port, room, 200, 100);
  await timeToJoin(dialect, port, room, count, "?history=0&presence=off");
  const plain = await timeToJoin(dialect, port, room, count, "?history=0&presence=off");
  const resumed = await timeToJoin(dialect, port, room, count, `?since=${cursor}&presence=off`);
  return { "plain ms": plain.ms, "resumed ms": resumed.ms, ratio: resumed.ms / plain.ms };
};

/** Stores `count` messages, and returns the cursor `back` messages before the last. */
export async function store(dialect: Dialect, port: number, room: string, count: number, back: number) {
  const { path, protocols = [] } = await dialect.connect(room, "writer", "?history=0&presence=off");
  const done = Promise.withResolvers<void>();
  let epoch = "";
  let stored = 0;
  const writer = await RawSocket.open(
    { port, path, protocols },
    {
      onFrame(frame) {
        epoch ||= /"epoch":"(\w+)"/.exec(frame.toString("latin1"))?.[1] ?? "";
        stored += (frame.toString("latin1").match(/"type":"ok"/g) ?? []).length;
        if (stored >= count) done.resolve();
      },
      onClose: () => done.reject(new Error("the writer was closed")),
    },
  );
  for (let sent = 0; sent < count; sent += 100) {
    const commands = Array.from({ length: Math.min(100, count - sent) }, (_, at) =>
      dialect.say(`w${sent + at}`, `{"text":"${"x".repeat(80)}"}`),
    );
    writer.send(`{"type":"batch","commands":[${commands.join(",")}]}`);
  }
  await done.promise;
  writer.destroy();
  return `${epoch}.${count - back}`;
}
