// (u) A room whose readers are at relays: how long they take to come in, and messages of one sender to all of them. Each
// must come to each reader once, and no connection may be closed.

import { Crowd, percentile } from "../crowd.ts";
import { cpuSeconds } from "../process-stats.ts";
import { Senders } from "../senders.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

export const relayed: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  const receivers = param(params, "receivers");
  const startedAt = performance.now();
  await crowd.join(room, receivers, "?history=0");
  const joinedS = (performance.now() - startedAt) / 1_000;
  const senders = await Senders.start(dialect, { port, room, senders: 1, inFlight: 1 });
  await pause(1_000);
  crowd.reset();
  senders.accepted = 0;
  const before = cpuSeconds(pid);
  await pause(param(params, "ms"));
  const { accepted } = senders;
  senders.stop();
  // What is under way arrives.
  await pause(2_000);
  const figures = {
    "joins/s": receivers / joinedS,
    "messages/s": (1_000 * accepted) / param(params, "ms"),
    "deliveries a message": crowd.delivered / accepted,
    "CPU µs a delivery": (1e6 * (cpuSeconds(pid) - before)) / crowd.delivered,
    "p50 ms": percentile(crowd.latenciesMs, 0.5),
    "p99 ms": percentile(crowd.latenciesMs, 0.99),
    closed: crowd.closes.length,
  };
  crowd.close();
  return figures;
};
