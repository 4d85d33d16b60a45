// (l) Many return at once to a room of large messages, each with its own cursor and a gap of 1 to 2 MB.

import type { Dialect } from "../dialect.ts";
import { residentKb } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const MESSAGE_BYTES = 2_000;
const GAP = 500;
const LOOK_EVERY_MS = 5;
const WITHIN_MS = 100_000;

export const returning: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const count = param(params, "members");
  const epoch = await fill(dialect, port, room, count + GAP);
  // The stored messages leave memory first.
  await pause(1_000);
  const before = residentKb(pid);
  let peak = before;
  const looking = setInterval(() => {
    try {
      peak = Math.max(peak, residentKb(pid));
    } catch {
      // If the server has died, the number of live connections shows it.
      clearInterval(looking);
    }
  }, LOOK_EVERY_MS);
  const startedAt = performance.now();
  const greeted: number[] = [];
  const results = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      comeBack(
        dialect,
        port,
        room,
        { user: `user${at}`, since: `${epoch}.${at}`, gap: count + GAP - at },
        () => greeted.push(performance.now() - startedAt),
      ),
    ),
  );
  clearInterval(looking);
  return {
    live: results.filter((result) => result === "live").length,
    "not whole": results.filter((result) => result === "gap").length,
    closed: results.filter((result) => result === "closed").length,
    "last greeted ms": Math.max(...greeted),
    "all live ms": performance.now() - startedAt,
    "peak MB more": (peak - before) / 1_024,
  };
};

interface Returning {
  readonly user: string;
  readonly since: string;
  /** The number of messages that it has missed. */
  readonly gap: number;
}

async function comeBack(
  dialect: Dialect,
  port: number,
  room: string,
  { user, since, gap }: Returning,
  onGreeted: () => void,
): Promise<"live" | "gap" | "closed"> {
  const { path, protocols = [] } = await dialect.connect(room, user, `?since=${since}&presence=off`);
  const { promise, resolve } = Promise.withResolvers<"live" | "gap" | "closed">();
  let events = 0;
  let pages = 0;
  const timer = setTimeout(() => resolve("closed"), WITHIN_MS);
  try {
    const socket = await RawSocket.open(
      { port, path, protocols },
      {
        onFrame(frame, own) {
          const text = frame.toString("latin1");
          if (text.startsWith('{"type":"connected"')) onGreeted();
          events += (text.match(/"type":"message"/g) ?? []).length;
          const reached = /"seq":(\d+),(?:"floor":\d+,)?"more":true}$/.exec(text)?.[1];
          if (reached !== undefined) {
            own.send(`{"type":"history","id":"p${pages++}","after":${reached},"limit":1000}`);
          } else if (/^{"type":"caughtUp","seq":\d+(,"floor":\d+)?}$/.test(text)) {
            resolve(events === gap ? "live" : "gap");
          }
        },
        onClose: () => resolve("closed"),
      },
    );
    const result = await promise;
    socket.destroy();
    return result;
  } catch {
    return "closed";
  } finally {
    clearTimeout(timer);
  }
}

/** Stores `count` large messages, and returns the epoch. */
async function fill(dialect: Dialect, port: number, room: string, count: number): Promise<string> {
  const { path, protocols = [] } = await dialect.connect(room, "writer", "?history=0&presence=off");
  const done = Promise.withResolvers<void>();
  let epoch = "";
  let stored = 0;
  const writer = await RawSocket.open(
    { port, path, protocols },
    {
      onFrame(frame) {
        const text = frame.toString("latin1");
        epoch ||= /"epoch":"(\w+)"/.exec(text)?.[1] ?? "";
        stored += (text.match(/"type":"ok"/g) ?? []).length;
        if (stored >= count) done.resolve();
      },
      onClose: () => done.reject(new Error("the writer was closed")),
    },
  );
  const data = `{"text":"${"x".repeat(MESSAGE_BYTES)}"}`;
  for (let sent = 0; sent < count; sent += 100) {
    const commands = Array.from({ length: Math.min(100, count - sent) }, (_, at) =>
      dialect.say(`w${sent + at}`, data).replace(/}$/, ',"echo":false}'),
    );
    writer.send(`{"type":"batch","commands":[${commands.join(",")}]}`);
  }
  await done.promise;
  writer.destroy();
  return epoch;
}
