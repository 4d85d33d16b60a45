// What the bench counts of clients that are cut off, at a size that fits the tests.

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DIALECTS, SECRET } from "../bench/dialect.ts";
import { delivery } from "../bench/scenarios/delivery.ts";
import type { LocalServer } from "../support/local-server.ts";
import { startTestServer } from "./support/world.ts";

const OURS = join(import.meta.dirname, "../../client/index.ts");

let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer({ JWT_SECRET: SECRET, RATE_PER_SECOND: 10_000, RATE_BURST: 10_000 });
});
afterAll(() => server?.stop());

it.each([
  { who: "our client", client: OURS, untold: 0 },
  { who: "our client, whose end the server is not told", client: OURS, untold: 1 },
  { who: "a client that has a cursor and nothing else", untold: 0 },
])("[L260] cut off while messages go out, each gets every message once and in order: $who", async (one) => {
  const { port } = server;
  const subject = { dialect: DIALECTS.edgeRooms, dialectName: "edgeRooms" as const, port, pid: 0, ...one };
  const params = { readers: 8, messages: 600, perSecond: 300, cutMs: 500, untold: one.untold, seed: 1 };
  expect(await delivery(subject, params)).toMatchObject({
    "% delivered": 100,
    duplicates: 0,
    "out of order": 0,
  });
});
