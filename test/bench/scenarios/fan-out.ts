// (a) Ten senders keep messages of 100 bytes in flight to a crowd.

import { Crowd, percentile } from "../crowd.ts";
import { Senders } from "../senders.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const SENDERS = 10;
const WARM_UP_MS = 800;

export const fanOut: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, param(params, "receivers"), "?history=0");
  const inFlight = param(params, "inFlight");
  const senders = await Senders.start(dialect, { port, room, senders: SENDERS, inFlight });
  await pause(WARM_UP_MS);
  crowd.reset();
  senders.accepted = 0;
  const startedAt = performance.now();
  await pause(param(params, "ms"));
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = {
    "deliveries/s": crowd.delivered / seconds,
    "accepted/s": senders.accepted / seconds,
    "p50 ms": percentile(crowd.latenciesMs, 0.5),
    "p99 ms": percentile(crowd.latenciesMs, 0.99),
    "MB/s": crowd.bytes / seconds / 1e6,
  };
  senders.stop();
  crowd.close();
  return figures;
};
