// Access to the inside of objects: settings of one object, its writes, its sockets' attachments, and the clock. What
// changes an object or the clock is undone after the test.

import {
  evictDurableObject,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import { objectsOf, socketsOf } from "./at-relays.ts";
import { roomObject, userObject } from "./worker.ts";

export type Settings = Readonly<Record<string, string | number>>;
export type AnyStub =
  | ReturnType<typeof roomObject>
  | ReturnType<typeof userObject>
  | ReturnType<typeof env.RELAYS.getByName>;

/** Gives one object its own settings. Call it before the object is first used, or right after an eviction. */
export const configure = (stub: AnyStub, settings: Settings): Promise<void> =>
  runInDurableObject<DurableObject, void>(stub, (object) => {
    Reflect.set(object, "env", { ...env, ...settings });
  });

/** With its relay, where all sockets are at relays. */
export async function configureRoom(room: string, settings: Settings): Promise<void> {
  for (const object of objectsOf(room)) await configure(object, settings);
}

/** The alarms of a room and, where all sockets are at relays, of its relay go off, also if none is set. */
export async function goOff(room: string): Promise<void> {
  for (const object of objectsOf(room))
    await runInDurableObject<DurableObject, void>(object, (instance) => instance.alarm?.());
}

/** The alarm that sweeps the sockets of a room goes off. Answers whether it was set. */
export const sweepSockets = (room: string): Promise<boolean> => runDurableObjectAlarm(socketsOf(room));

export const configureUser = (user: string, settings: Settings) => configure(userObject(user), settings);

const realNow = Date.now.bind(Date);

/** Moves the clock of the Worker and its objects ahead until the test ends. Timers and alarms are not moved. */
export function advanceClock(ms: number): void {
  const spy = vi.spyOn(Date, "now").mockImplementation(() => realNow() + ms);
  onTestFinished(() => spy.mockRestore());
}

/** Sets the clock of the Worker and its objects to `at`, by default the start of the current second, and returns it. */
export function stopClock(at = Math.ceil(realNow() / 1_000) * 1_000): number {
  const spy = vi.spyOn(Date, "now").mockImplementation(() => at);
  onTestFinished(() => spy.mockRestore());
  return at;
}

/** When the runtime last answered a heartbeat on a socket of an object, by its own clock, which no test stops. */
export const lastHeartbeat = (stub: AnyStub): Promise<number> =>
  runInDurableObject<DurableObject, number>(stub, (_, state) => {
    const answers = state.getWebSockets().map((ws) => state.getWebSocketAutoResponseTimestamp(ws));
    return Math.max(...answers.map((answeredAt) => answeredAt?.getTime() ?? 0));
  });

/** Puts an object to sleep as the runtime does, with its sockets open. */
export const sleep = (stub: AnyStub) => evictDurableObject(stub, { webSockets: "hibernate" });

/** Ends an object and its sockets, and drops what it had only in memory. */
export const crash = (stub: AnyStub) => evictDurableObject(stub, { webSockets: "close" });

/** All that is there of a room sleeps: its object, and its relay's. */
export async function sleepRoom(room: string): Promise<void> {
  for (const object of objectsOf(room)) await sleep(object);
}

/** All that is there of a room ends, and its sockets close. */
export async function crashRoom(room: string): Promise<void> {
  for (const object of objectsOf(room)) await crash(object);
}

/** Passes every statement of an object through `around`, until the object sleeps. */
export const interceptSql = (
  stub: AnyStub,
  around: (query: string, run: () => unknown) => unknown,
): Promise<void> =>
  runInDurableObject<DurableObject, void>(stub, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const value = new Proxy(exec, {
      apply: (target, self, args) => around(String(args[0]), () => Reflect.apply(target, self, args)),
    });
    Object.defineProperty(sql, "exec", { configurable: true, value });
  });

export interface Writes {
  readonly statements: string[];
  rows(): number;
}

type Cursor = SqlStorageCursor<Record<string, SqlStorageValue>>;

/** Records what an object writes from now on; `onWrite` is called after each statement. */
export async function recordWrites(stub: AnyStub, onWrite: () => void = () => {}): Promise<Writes> {
  const statements: string[] = [];
  const cursors: Cursor[] = [];
  await interceptSql(stub, (query, run) => {
    const cursor = run() as Cursor;
    cursors.push(cursor);
    if (query.trimStart().startsWith("SELECT")) return cursor;
    statements.push(query);
    onWrite();
    return cursor;
  });
  return { statements, rows: () => cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0) };
}

/** Makes statements fail; returns a function that ends this. */
export async function failWrites(stub: AnyStub, fails: (query: string) => boolean): Promise<() => void> {
  let broken = true;
  // The fault is logged; the test checks what of it reaches a client.
  const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => silenced.mockRestore());
  await interceptSql(stub, (query, run) => {
    if (broken && fails(query)) throw new Error("the disk of the tests is full: DETAIL-OF-THE-FAULT");
    return run();
  });
  return () => {
    broken = false;
  };
}

/** Changes the stored attachments of a sleeping object's sockets. */
export const patchAttachments = (stub: AnyStub, patch: (attachment: object) => object): Promise<void> =>
  runInDurableObject<DurableObject, void>(stub, (_, state) => {
    for (const ws of state.getWebSockets()) ws.serializeAttachment(patch(ws.deserializeAttachment()));
  });

export const storedMessages = (room: string): Promise<number> =>
  runInDurableObject(roomObject(room), (_, state) => {
    const { count } = state.storage.sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM log").one();
    return count;
  });

/** Everything in the tables of an object, as one text. */
export const storedText = (stub: AnyStub): Promise<string> =>
  runInDurableObject<DurableObject, string>(stub, (_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
      )
      .toArray();
    return JSON.stringify(tables.map(({ name }) => [name, ...sql.exec(`SELECT * FROM ${name}`).raw()]));
  });

/** Whether the object of this room was ever created. */
export async function roomExists(room: string): Promise<boolean> {
  const id = env.ROOMS.idFromName(room);
  return (await listDurableObjectIds(env.ROOMS)).some((known) => known.equals(id));
}

export async function userExists(user: string): Promise<boolean> {
  const id = env.USERS.idFromName(user);
  return (await listDurableObjectIds(env.USERS)).some((known) => known.equals(id));
}
