// What the bench measures, and on which servers.

import { join } from "node:path";
import type { Order } from "./load.ts";
import {
  bun,
  calls,
  clientOf,
  edgeRooms,
  floor,
  gatheringFloor,
  openingFloor,
  party,
  socketIo,
  socketIoRecovery,
  storingFloor,
  type Target,
  withBackEnd,
  ws,
} from "./servers.ts";

export interface Plan {
  readonly name: string;
  readonly order: Pick<Order, "scenario" | "params">;
  readonly targets: readonly Target[];
  readonly quick?: boolean;
  /** It takes long, and is run if `--only` names it. */
  readonly onRequest?: true;
  /** By default four minutes. */
  readonly withinMs?: number;
}

/** The memory of an isolate there. */
const CLOUDFLARE = { heapMb: 128 };
const ROOT = join(import.meta.dirname, "../..");

/** `other`: the folder of another checkout, whose server and client are measured too. `seed`: of what is done at random. */
export function plansFor(other: string | undefined, seed: number): readonly Plan[] {
  const us = edgeRooms();
  /** The server of the other checkout. */
  const beside: readonly Target[] =
    other === undefined ? [] : [{ ...edgeRooms({ checkout: other }), name: "that beside" }];
  const everybody = [us, ...beside, socketIo, party, ws, bun];
  const ms = 1_500;

  const builtIn = (directory: string) => join(directory, "dist/package/dist/index.js");
  const clients = [
    clientOf("this client", builtIn(ROOT)),
    ...(other === undefined ? [] : [clientOf("that beside", builtIn(other))]),
  ];

  const fanOut = (
    receivers: number,
    inFlight: number,
    targets: readonly Target[],
    inQuick = false,
  ): Plan => ({
    name: `(a) fan-out, ${receivers} × ${inFlight} in flight`,
    order: { scenario: "fanOut", params: { receivers, inFlight, ms } },
    targets,
    quick: inQuick,
  });

  /** Our client, and one of a page of code; the peers have their own. */
  const withReaders: readonly Target[] = [
    { ...us, client: builtIn(ROOT) },
    { ...us, name: "Edge Rooms, a cursor" },
  ];
  const delivery = (name: string, untold: number, targets: readonly Target[]): Plan => ({
    name: `(q) delivery to 20 ${name}`,
    order: {
      scenario: "delivery",
      params: { readers: 20, messages: 10_000, perSecond: 700, cutMs: 2_000, untold, seed },
    },
    targets,
  });

  return [
    fanOut(10, 100, everybody),
    fanOut(100, 100, everybody, true),
    fanOut(100, 1_000, [us, ...beside, bun]),
    fanOut(1_000, 100, [...everybody, gatheringFloor]),
    fanOut(1_000, 1_000, everybody, true),
    {
      name: "(b) quiet room, 100 receivers",
      order: { scenario: "quietRoom", params: { receivers: 100, ms } },
      targets: [us, ...beside, socketIo],
      quick: true,
    },
    {
      name: "(c) join storm, 1,000",
      order: { scenario: "joinStorm", params: { members: 1_000 } },
      targets: [us, ...beside, openingFloor, floor()],
    },
    {
      name: "(d) resume storm, 1,000",
      order: { scenario: "resumeStorm", params: { members: 1_000 } },
      targets: [us, ...beside],
    },
    {
      name: "(e) replay of 10,000",
      order: { scenario: "replay", params: { messages: 10_000 } },
      targets: [us, ...beside],
    },
    ...[0, 200].map((users) => ({
      name: `(f) idle, 5,000 connections${users > 0 ? ` of ${users} members` : ""}`,
      order: { scenario: "idle" as const, params: { connections: 5_000, users, ms: 8_000 } },
      targets: [edgeRooms(CLOUDFLARE), floor(CLOUDFLARE)],
    })),
    {
      name: "(g) notify 1,000 users",
      order: { scenario: "inbox", params: { users: 1_000 } },
      targets: [us, ...beside],
    },
    {
      name: "(h) cold wake, 10,000 stored",
      order: { scenario: "coldWake", params: { messages: 10_000 } },
      targets: [us, ...beside],
    },
    {
      name: "(i) compression, 100 receivers, 1 KB",
      order: { scenario: "compression", params: { receivers: 100, ms } },
      targets: [us, { ...edgeRooms({ flags: ["enable_request_signal"] }), name: "compressed" }],
    },
    {
      name: "(j) slow readers, 10 of 1,000",
      order: { scenario: "slowReaders", params: { receivers: 1_000, slow: 10, inFlight: 100, ms: 60_000 } },
      targets: [us],
    },
    {
      name: "(k) flood by one user, 100 receivers",
      order: { scenario: "flood", params: { receivers: 100, ms: 4_000 } },
      targets: [edgeRooms({ vars: { RATE_PER_SECOND: "10", RATE_BURST: "30" } })],
    },
    {
      name: "(k) flood by 40 readers of one address, 100 receivers",
      order: {
        scenario: "readerFlood",
        params: { receivers: 100, sockets: 40, messages: 10_000, ms: 6_000 },
      },
      targets: [edgeRooms({ vars: { RATE_PER_SECOND: "10", RATE_BURST: "30", ANONYMOUS_ROOMS: "bench*" } })],
    },
    {
      name: "(l) 500 returning, gaps of 1 to 2 MB",
      order: { scenario: "returning", params: { members: 500 } },
      targets: [edgeRooms(CLOUDFLARE)],
    },
    ...[10_000, 100_000].map((messages) => ({
      name: `(m) a client that holds ${messages / 1_000},000`,
      order: { scenario: "held" as const, params: { messages } },
      targets: clients,
      quick: true,
    })),
    ...[10_000, 100_000].map((messages) => ({
      name: `(m) a client in Chromium that holds ${messages / 1_000},000`,
      order: { scenario: "heldInBrowser" as const, params: { messages } },
      targets: clients,
    })),
    {
      name: "(m) a client of one topic that holds 10,000",
      order: { scenario: "held", params: { messages: 10_000, topic: 1 } },
      targets: clients,
    },
    {
      name: "(m) a client that keeps 1,000 of 100,000",
      order: { scenario: "held", params: { messages: 100_000, keep: 1_000 } },
      targets: clients.slice(0, 1),
    },
    {
      name: "(n) replay of 10,000 in Chromium",
      order: { scenario: "browserReplay", params: { messages: 10_000 } },
      targets: clients.map(({ name, client }) => ({ ...us, name, client })),
    },
    ...[200, 2_000].map((tokens) => ({
      name: `(o) an answer of ${tokens} tokens, 100 readers`,
      order: { scenario: "streams" as const, params: { readers: 100, tokens, perSecond: 50 } },
      targets: [us],
      quick: tokens === 200,
    })),
    {
      name: "(p) fan-out, 100 × 100, with a back end",
      order: { scenario: "fanOut", params: { receivers: 100, inFlight: 100, ms } },
      targets: [
        us,
        withBackEnd("told", (url) => ({ WEBHOOK_URL: url })),
        withBackEnd("asked", (url) => ({ BEFORE_PUBLISH_URL: url })),
      ],
    },
    {
      name: "(r) times of the model, 1,000 receivers",
      order: { scenario: "crowdTimes", params: { receivers: 1_000, flushes: 100, everyMs: 40 } },
      targets: [us, ...beside],
    },
    {
      name: "(r) times of the model, 50 calls at a time",
      order: { scenario: "callTimes", params: { called: 50, rounds: 100 } },
      targets: [calls],
    },
    {
      name: "(s) 9,000 held for ten minutes",
      order: { scenario: "heldCrowd", params: { connections: 9_000, users: 200, minutes: 10 } },
      targets: [edgeRooms(CLOUDFLARE)],
      onRequest: true,
      withinMs: 20 * 60_000,
    },
    ...[
      { name: "(t) CPU of messages, one a flush", params: { rooms: 8, inFlight: 1, ms: 4_000 } },
      { name: "(t) CPU of messages, 100 in flight", params: { rooms: 1, inFlight: 100, ms: 4_000 } },
    ].map(({ name, params }) => ({
      name,
      order: { scenario: "cpuOfMessages" as const, params },
      targets: [us, ...beside, storingFloor, floor()],
    })),
    {
      name: "(t) CPU of joins, 1,000",
      order: { scenario: "cpuOfJoins", params: { members: 1_000 } },
      targets: [us, ...beside],
    },
    {
      name: "(t) CPU of a wake, 10,000 stored",
      order: { scenario: "cpuOfWakes", params: { messages: 10_000, rooms: 5 } },
      targets: [us, ...beside],
    },
    {
      name: "(u) 2,000 readers at 4 relays, and in the room itself",
      order: { scenario: "relayed", params: { receivers: 2_000, ms: 5_000 } },
      targets: [
        edgeRooms({ vars: { RELAY_ABOVE: "0", RELAY_CONNECTIONS: "500" } }),
        { ...edgeRooms({ vars: { RELAY_ABOVE: "off" } }), name: "without relays" },
      ],
    },
    {
      name: "(u) 9,000 readers at 4 relays, and in the room itself",
      order: { scenario: "pacedRelayed", params: { receivers: 9_000, users: 500, ms: 10_000 } },
      targets: [
        edgeRooms({ vars: { RELAY_ABOVE: "0", RELAY_CONNECTIONS: "2500" } }),
        { ...edgeRooms({ vars: { RELAY_ABOVE: "off" } }), name: "without relays" },
      ],
    },
    delivery("cut off for 2 s", 0, [...withReaders, socketIoRecovery, socketIo, party]),
    delivery("cut off, the server untold", 1, withReaders.slice(0, 1).concat(socketIoRecovery)),
  ];
}
