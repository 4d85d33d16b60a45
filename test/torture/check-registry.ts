// What the registry says after a kill: some who were there come back, others never do and say nothing.

import { Client } from "../../client/core/client.ts";
import { inboxOf } from "../../client/index.ts";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import { systemPorts } from "../../client/util/system-ports.ts";
import { API_KEY, tokenFor } from "../e2e/support/world.ts";
import type { Anomaly } from "./anomaly.ts";
import type { KilledServer } from "./killed-server.ts";

/** What it knew may be a minute old; clients need a moment to come back. */
const RIGHT_WITHIN_MS = 70_000;
const LIVE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 500;

const ROOMS = ["stays", "leaves"] as const;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function checkRegistry(server: KilledServer): Promise<readonly Anomaly[]> {
  const api = createServerApi({ url: server.url, apiKey: API_KEY });
  const clients = ROOMS.map((user) => clientOf(server, user));
  try {
    const before = await differs(LIVE_WITHIN_MS, () => knownOf(api, ROOMS), ROOMS.join());
    await server.kill();
    clients[1]?.close();
    await server.start();
    const after = await differs(RIGHT_WITHIN_MS, () => occupiedOf(api), "1 connection; stays; stays");
    return [before, after].flatMap((what) =>
      what === undefined ? [] : [{ kind: "diverged", where: "the registry", what } as const],
    );
  } finally {
    for (const client of clients) client.close();
  }
}

/** In a room of the same name, and online. */
function clientOf({ url }: KilledServer, user: string): Client {
  const getToken = () => tokenFor(user, 3_600, { "*": "write" });
  const client = new Client(
    { url, getToken, reconnect: { minMs: 20, maxMs: 400 }, log: "off" },
    systemPorts(),
  );
  client.room(user);
  inboxOf(client).on("notification", () => {});
  return client;
}

async function knownOf(api: ServerApi, names: readonly string[]): Promise<string> {
  const [{ rooms }, { users }] = await Promise.all([
    api.rooms({ active: true, limit: 200 }),
    api.users({ active: true, limit: 200 }),
  ]);
  const isKnown = (name: string) =>
    rooms.some(({ room }) => room === name) && users.some(({ user }) => user === name);
  return names.filter(isKnown).join();
}

/** All that is connected. */
async function occupiedOf(api: ServerApi): Promise<string> {
  const [{ connections, rooms, users }, listed, online] = await Promise.all([
    api.stats(),
    api.rooms({ active: true, limit: 200 }),
    api.users({ active: true, limit: 200 }),
  ]);
  const names = listed.rooms.map(({ room }) => room).join();
  const ids = online.users.map(({ user }) => user).join();
  const agree = rooms.occupied === listed.rooms.length && users.online === online.users.length;
  const sums = `${connections} connection${connections === 1 ? "" : "s"}`;
  return `${sums}; ${names}; ${ids}${agree ? "" : `; ${rooms.occupied} rooms, ${users.online} users`}`;
}

/** `undefined`: in time it was as it must be. */
async function differs(ms: number, look: () => Promise<string>, must: string): Promise<string | undefined> {
  const giveUpAt = performance.now() + ms;
  for (;;) {
    const is = await look();
    if (is === must) return undefined;
    if (performance.now() > giveUpAt) return `it says ${is} in place of ${must}`;
    await pause(LOOK_EVERY_MS);
  }
}
