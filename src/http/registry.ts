// What the registry knows: statistics, and the lists of rooms and users. For server code only.

import {
  type Infer,
  isUserId,
  ROOMS_QUERY,
  type RoomsResult,
  type StatsResult,
  USERS_QUERY,
  type UsersResult,
} from "../protocol/index.ts";
import { Registry } from "../registry/runtime/registry.ts";
import type { AppContext } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { refusing } from "./refusal-error.ts";
import { readQuery } from "./request-url.ts";

const DEFAULT_PAGE = 50;

export async function stats(c: AppContext): Promise<Response> {
  await requireServer(c);
  const { shards, missing } = await requireRegistry(c).sums();
  const sum = (of: (shard: (typeof shards)[number]) => number) =>
    shards.reduce((total, shard) => total + of(shard), 0);
  return c.json({
    connections: sum(({ rooms }) => rooms.counts.connections),
    anonymous: sum(({ rooms }) => rooms.counts.anonymous),
    members: sum(({ rooms }) => rooms.counts.members),
    sessions: sum(({ users }) => users.counts.sessions),
    rooms: { known: sum(({ rooms }) => rooms.known), occupied: sum(({ rooms }) => rooms.active) },
    users: { known: sum(({ users }) => users.known), online: sum(({ users }) => users.active) },
    totals: {
      messages: sum(({ rooms }) => rooms.counts.messages),
      notifications: sum(({ users }) => users.counts.notifications),
      since: Math.min(...shards.map(({ since }) => since)),
    },
    at: Date.now(),
    unconfirmed: sum(({ rooms, users }) => rooms.unconfirmed + users.unconfirmed),
    missing,
  } satisfies StatsResult);
}

export async function listRooms(c: AppContext): Promise<Response> {
  await requireServer(c);
  const query = pageOf(readQuery(c, ROOMS_QUERY));
  const { entries, next, unconfirmed } = await requireRegistry(c).listRooms(query);
  return c.json({
    rooms: entries.map(({ name, counts, since, at }) => ({ room: name, ...counts, since, at })),
    ...(next !== undefined && { next }),
    unconfirmed,
  } satisfies RoomsResult);
}

export async function listUsers(c: AppContext): Promise<Response> {
  await requireServer(c);
  const query = pageOf(readUsersQuery(c));
  const { entries, next, unconfirmed } = await requireRegistry(c).listUsers(query);
  return c.json({
    users: entries.map(({ name, counts, since, at }) => ({ user: name, ...counts, since, at })),
    ...(next !== undefined && { next }),
    unconfirmed,
  } satisfies UsersResult);
}

function readUsersQuery(c: AppContext): Infer<typeof USERS_QUERY> {
  const query = readQuery(c, USERS_QUERY);
  for (const name of ["prefix", "after"] as const) {
    const { [name]: text } = query;
    // Also what no id may be: a blank, a dot.
    if (text !== undefined && !isUserId(text) && !isUserId(`${text}x`))
      throw refusing("bad_request", `${name} must be a user id or the beginning of one`, { path: [name] });
  }
  return query;
}

const pageOf = ({ prefix = "", after = "", limit = DEFAULT_PAGE, active }: Infer<typeof USERS_QUERY>) => ({
  ...{ prefix, after, limit },
  active: active === true,
});

export function requireRegistry(c: AppContext): Registry {
  const { REGISTRY } = c.env;
  if (REGISTRY === undefined)
    throw refusing("not_found", "there are no statistics and lists here (the binding REGISTRY)");
  return new Registry(REGISTRY, c.get("config").placement);
}
