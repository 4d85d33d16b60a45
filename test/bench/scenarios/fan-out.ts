// (a) Ten senders keep messages of 100 bytes in flight to a crowd.

import { Crowd, percentile } from "../crowd.ts";
import { cpuSeconds } from "../process-stats.ts";
import { Senders } from "../senders.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const SENDERS = 10;
const WARM_UP_MS = 800;

export const fanOut: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, param(params, "receivers"), "?history=0&batch=envelopes");
  const inFlight = param(params, "inFlight");
  const senders = await Senders.start(dialect, { port, room, senders: SENDERS, inFlight });
  await pause(WARM_UP_MS);
  crowd.reset();
  senders.accepted = 0;
  const startedAt = performance.now();
  const cpuBefore = cpuSeconds(pid);
  await pause(param(params, "ms"));
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = {
    "deliveries/s": crowd.delivered / seconds,
    "accepted/s": senders.accepted / seconds,
    "p50 ms": percentile(crowd.latenciesMs, 0.5),
    "p99 ms": percentile(crowd.latenciesMs, 0.99),
    "MB/s": crowd.bytes / seconds / 1e6,
    "frames/s": crowd.frames / seconds,
    // Wall-clock figures also depend on what else the machine does; this one does not.
    "CPU s/M deliveries": (cpuSeconds(pid) - cpuBefore) / (crowd.delivered / 1e6),
  };
  senders.stop();
  crowd.close();
  return figures;
};
