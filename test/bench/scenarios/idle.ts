// (f) What connections cost that only ping.

import { Crowd } from "../crowd.ts";
import { cpuSeconds, residentKb } from "../process-stats.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const PING_EVERY_MS = 25_000;

/**
 * Of few users the first connection each is not counted: it has the user's object opened, which takes more memory than the
 * connection and is elsewhere on Cloudflare. The others join while these objects are still there, so that what they leave is
 * not used again for what is counted.
 */
export const idle: Scenario = async ({ dialect, port, pid }, params) => {
  const { users = 0 } = params;
  const atFirst = residentKb(pid);
  const count = param(params, "connections") - users;
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  if (users > 0) await crowd.join(room, users, "?history=0");
  const before = residentKb(pid);
  const joiningAt = performance.now();
  await crowd.join(room, count, "?history=0", users > 0 ? users : count);
  const joined = residentKb(pid);
  const joinS = (performance.now() - joiningAt) / 1_000;
  // By now the objects sleep and the connections ping.
  await pause(12_000);
  const ms = param(params, "ms");
  const busyBefore = cpuSeconds(pid);
  const startedAt = performance.now();
  // The pings are spread over a whole interval, of which the measurement sees a part.
  const pings = crowd.sockets.map((socket, at) =>
    setTimeout(() => socket.send('{"type":"ping"}'), (at / crowd.sockets.length) * PING_EVERY_MS),
  );
  await pause(ms);
  for (const ping of pings) clearTimeout(ping);
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = {
    "KB a connection": (residentKb(pid) - before) / count,
    "KB a connection, when joined": (joined - before) / count,
    "KB with users' objects": (joined - atFirst) / (count + users),
    "s to join": joinS,
    "% of a core": ((cpuSeconds(pid) - busyBefore) / seconds) * 100,
  };
  crowd.close();
  return figures;
};
