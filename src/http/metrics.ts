// For Prometheus, and what reads its format. For server code only.

import { PROMETHEUS_TYPE, prometheusText } from "../metrics/prometheus.ts";
import type { AppContext } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { requireRegistry } from "./registry.ts";
import { PRIVATE } from "./responses.ts";

export async function metrics(c: AppContext): Promise<Response> {
  await requireServer(c);
  const registry = requireRegistry(c);
  const [{ shards, missing }, counters] = await Promise.all([registry.sums(), registry.counters()]);
  // A scrape that fails is a gap; counters that fall would be taken for a restart.
  if (missing > 0) throw new Error("a part of the registry does not answer");
  const sum = (of: (shard: (typeof shards)[number]) => number) =>
    shards.reduce((total, shard) => total + of(shard), 0);
  const text = prometheusText(counters, {
    rooms: sum(({ rooms }) => rooms.known),
    rooms_occupied: sum(({ rooms }) => rooms.active),
    connections: sum(({ rooms }) => rooms.counts.connections),
    members: sum(({ rooms }) => rooms.counts.members),
    users: sum(({ users }) => users.known),
    users_online: sum(({ users }) => users.active),
    sessions: sum(({ users }) => users.counts.sessions),
    unconfirmed: sum(({ rooms, users }) => rooms.unconfirmed + users.unconfirmed),
  });
  return new Response(text, { headers: { "Content-Type": PROMETHEUS_TYPE, ...PRIVATE } });
}
