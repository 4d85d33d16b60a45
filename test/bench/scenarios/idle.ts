// (f) What connections cost that only ping.

import { Crowd } from "../crowd.ts";
import { cpuSeconds, residentKb } from "../process-stats.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const PING_EVERY_MS = 25_000;

export const idle: Scenario = async ({ dialect, port, pid }, params) => {
  const count = param(params, "connections");
  const before = residentKb(pid);
  const crowd = new Crowd(dialect, port);
  await crowd.join(newRoom(), count, "?history=0", params.users);
  const joined = residentKb(pid);
  // By now the objects sleep and the connections ping.
  await pause(12_000);
  const ms = param(params, "ms");
  const busyBefore = cpuSeconds(pid);
  const startedAt = performance.now();
  // The pings are spread over a whole interval, of which the measurement sees a part.
  const pings = crowd.sockets.map((socket, at) =>
    setTimeout(() => socket.send('{"type":"ping"}'), (at / count) * PING_EVERY_MS),
  );
  await pause(ms);
  for (const ping of pings) clearTimeout(ping);
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = {
    "KB a connection": (residentKb(pid) - before) / count,
    "KB a connection, when joined": (joined - before) / count,
    "% of a core": ((cpuSeconds(pid) - busyBefore) / seconds) * 100,
  };
  crowd.close();
  return figures;
};
