// Counts what the thread of an object does for an opening and a wake: statements, rows, calls, imports of keys. What
// that takes in time differs by machine, and is a figure of `npm run bench`.

import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { configOf } from "../../src/config/config.ts";
import { measure } from "./support/meter.ts";
import { interceptSql, sleep } from "./support/objects.ts";
import { join, roomObject, uniqueName, userObject } from "./support/worker.ts";

/** Of them, two read the version, and one each the state, the newest notification, the rooms; two write. */
const WAKE_STATEMENTS = 7;

type Stub = ReturnType<typeof roomObject> | ReturnType<typeof userObject>;

/** The statements that an object runs from now on, until it sleeps. */
async function statementsOf(stub: Stub): Promise<string[]> {
  const statements: string[] = [];
  await interceptSql(stub, (query, run) => {
    statements.push(query);
    return run();
  });
  return statements;
}

describe("a user's first opening of a room", () => {
  it("[L230][L231] reads one row of the room about them, and writes one; the next reads and writes none", async () => {
    const room = uniqueName("opening");
    await join(room, "ada");
    const statements = await statementsOf(roomObject(room));
    const user = uniqueName("bo");
    const first = await join(room, user);
    const ofUsers = () =>
      statements.splice(0).flatMap((query) => (/\busers\b/.test(query) ? [query.split(" ")[0]] : []));
    expect(ofUsers()).toEqual(["SELECT", "INSERT"]);
    first.close(1000);
    await first.closed;
    await join(room, user);
    expect(ofUsers()).toEqual([]);
  });

  it("[L232] is one call to their object, and none when they come again", async () => {
    const room = uniqueName("calls");
    const user = uniqueName("bo");
    const meter = await measure(userObject(user));
    const first = await join(room, user);
    expect((await meter.take()).requests).toBe(1);
    first.close(1000);
    await first.closed;
    await sleep(roomObject(room));
    await join(room, user);
    expect((await meter.take()).requests).toBe(0);
  });

  it("[L233] wakes their object to seven statements, none of which reads the inbox", async () => {
    const user = uniqueName("bo");
    await join(uniqueName("before"), user);
    await sleep(userObject(user));
    const statements = await statementsOf(userObject(user));
    await join(uniqueName("after"), user);
    expect(statements.filter((query) => /watermark|ORDER BY/.test(query))).toEqual([]);
    expect(statements.length).toBeLessThanOrEqual(WAKE_STATEMENTS);
  });

  it("[L231] of a room without tables makes them before it opens, so that a revocation finds the room", async () => {
    const room = uniqueName("new");
    const statements = await statementsOf(roomObject(room));
    const socket = await join(room, uniqueName("bo"));
    const made = statements.findIndex((query) => query.startsWith("INSERT INTO users"));
    expect(made).toBeGreaterThan(0);
    socket.close(1000);
    await socket.closed;
  });
});

describe("a connect", () => {
  it("[L234] imports no key, as the first one did", async () => {
    const room = uniqueName("keys");
    await join(room, "ada");
    const imports = vi.spyOn(crypto.subtle, "importKey");
    onTestFinished(() => imports.mockRestore());
    for (const user of ["bo", "cy", "di"]) await join(room, user);
    // The tests sign with a key of their own.
    expect(imports.mock.calls.filter(([, , , , usages]) => usages.includes("verify"))).toEqual([]);
  });

  it("[L235] finds the settings read, as does each object that starts", () => {
    expect(configOf(env)).toBe(configOf(env));
  });
});
