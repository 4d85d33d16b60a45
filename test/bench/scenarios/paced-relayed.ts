// (u) A room with many readers at relays, to which one sender says some messages a second. Readers share the objects of
// a few users, as the machine would else measure how fast it creates files.

import { Crowd, payloadOf, percentile } from "../crowd.ts";
import { cpuSeconds } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const SENDER = "sender";

export const pacedRelayed: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  const receivers = param(params, "receivers");
  const joinsFrom = cpuSeconds(pid);
  const startedAt = performance.now();
  await crowd.join(room, receivers, "?history=0", param(params, "users"));
  const figures: Record<string, number> = {
    "joins/s": (1_000 * receivers) / (performance.now() - startedAt),
    "CPU µs a join": (1e6 * (cpuSeconds(pid) - joinsFrom)) / receivers,
  };
  const { path, protocols = [] } = await dialect.connect(room, SENDER, "?history=0");
  const sender = await RawSocket.open({ port, path, protocols }, { onFrame: () => {}, onClose: () => {} });
  await pause(2_000);
  for (const rate of [1, 10]) {
    crowd.reset();
    const before = cpuSeconds(pid);
    const count = (rate * param(params, "ms")) / 1_000;
    const from = performance.now();
    for (let said = 0; said < count; said++) {
      await pause(Math.max(0, from + (1_000 * said) / rate - performance.now()));
      sender.send(dialect.say(`${rate}-${said}`, payloadOf(SENDER)));
    }
    // What is under way arrives.
    await pause(3_000);
    const cpu = cpuSeconds(pid) - before;
    Object.assign(figures, {
      [`deliveries a message, ${rate}/s`]: crowd.delivered / count,
      [`CPU µs a delivery, ${rate}/s`]: (1e6 * cpu) / crowd.delivered,
      [`p50 ms, ${rate}/s`]: percentile(crowd.latenciesMs, 0.5),
      [`p99 ms, ${rate}/s`]: percentile(crowd.latenciesMs, 0.99),
    });
  }
  figures.closed = crowd.closes.length;
  sender.destroy();
  crowd.close();
  return figures;
};
