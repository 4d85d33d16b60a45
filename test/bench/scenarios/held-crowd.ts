// (s) Many connections that are held for long, with a message a second: memory must not grow.

import { Crowd, payloadOf, percentile } from "../crowd.ts";
import { cpuSeconds, residentKb } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const EVERY_MS = 1_000;
const MINUTE_MS = 60_000;
const PING_EVERY_MS = 25_000;
/** Of so many the percentiles are taken. */
const MAX_LATENCIES = 20_000;

export const heldCrowd: Scenario = async ({ dialect, port, pid }, params) => {
  const count = param(params, "connections");
  const room = newRoom();
  const before = residentKb(pid);
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, count, "?history=0", param(params, "users"));
  const { path, protocols = [] } = await dialect.connect(room, "talker", "?history=0");
  const talker = await RawSocket.open({ port, path, protocols }, { onFrame: () => {}, onClose: () => {} });
  await pause(2_000);
  crowd.reset();
  const stopPinging = keepPinging(crowd);
  const busyBefore = cpuSeconds(pid);
  const startedAt = performance.now();
  const memoryMb: number[] = [residentKb(pid) / 1_024];
  const minutes = param(params, "minutes");
  let said = 0;
  while (performance.now() - startedAt < minutes * MINUTE_MS) {
    talker.send(dialect.say(`h${said}`, payloadOf("talker")));
    said += 1;
    await pause(Math.max(0, startedAt + said * EVERY_MS - performance.now()));
    if (crowd.latenciesMs.length > MAX_LATENCIES) crowd.latenciesMs.splice(0, MAX_LATENCIES / 2);
    if (performance.now() - startedAt >= memoryMb.length * MINUTE_MS) memoryMb.push(residentKb(pid) / 1_024);
  }
  await pause(EVERY_MS);
  stopPinging();
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = {
    ...Object.fromEntries(memoryMb.map((mb, minute) => [`MB at ${minute} min`, mb])),
    "KB a connection": (memoryMb[0] ?? 0) * (1_024 / count) - before / count,
    "% of a core": ((cpuSeconds(pid) - busyBefore) / seconds) * 100,
    "% delivered": (100 * crowd.delivered) / (said * count),
    closes: crowd.closes.length,
    "p50 ms": percentile(crowd.latenciesMs, 0.5),
    "p99 ms": percentile(crowd.latenciesMs, 0.99),
  };
  talker.destroy();
  crowd.close();
  return figures;
};

/** As clients do, so that nobody is swept. Each second a part of them pings. */
function keepPinging({ sockets }: Crowd): () => void {
  const parts = PING_EVERY_MS / EVERY_MS;
  let part = 0;
  const timer = setInterval(() => {
    for (let at = part; at < sockets.length; at += parts) sockets[at]?.send('{"type":"ping"}');
    part = (part + 1) % parts;
  }, EVERY_MS);
  return () => clearInterval(timer);
}
