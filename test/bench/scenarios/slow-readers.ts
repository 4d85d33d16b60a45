// (j) A few of many receivers stop reading for a while. The figures show whether others are affected and how the
// server's memory grows.

import { Crowd, percentile } from "../crowd.ts";
import { residentKb } from "../process-stats.ts";
import { Senders } from "../senders.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const SENDERS = 10;
const SLOW_CONSUMER = 4503;

export const slowReaders: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const receivers = param(params, "receivers");
  const slow = param(params, "slow");
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, receivers, "?history=0&presence=off&batch=envelopes");
  const inFlight = param(params, "inFlight");
  const senders = await Senders.start(dialect, { port, room, senders: SENDERS, inFlight });
  const rate = async (ms: number) => {
    crowd.reset();
    await pause(ms);
    return { deliveries: crowd.delivered / (ms / 1_000), p99: percentile(crowd.latenciesMs, 0.99) };
  };
  await rate(1_000);
  const before = await rate(4_000);
  const memoryBefore = residentKb(pid);
  // Not those whose latency is measured.
  const stopped = crowd.sockets.filter((_, at) => at % 20 === 7).slice(0, slow);
  for (const socket of stopped) socket.pause();
  const during = await rate(param(params, "ms"));
  const memoryDuring = residentKb(pid);
  senders.stop();
  for (const socket of stopped) socket.resume();
  await pause(2_000);
  const returned = new Crowd(dialect, port);
  const startedAt = performance.now();
  await returned.join(room, slow, "?history=200&presence=off");
  const figures = {
    "p99 ms": during.p99,
    "p99 over before": during.p99 / before.p99,
    "deliveries/s a reader over before":
      during.deliveries / (receivers - slow) / (before.deliveries / receivers),
    "MB more": (memoryDuring - memoryBefore) / 1_024,
    "closed as slow": crowd.closes.filter((code) => code === SLOW_CONSUMER).length,
    "back after ms": performance.now() - startedAt,
  };
  returned.close();
  crowd.close();
  return figures;
};
