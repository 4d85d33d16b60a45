// The state that each release stored, under the code of today: test/fixtures has one folder a release. Its answers must
// be the same, and its connections must go on, or come back, without a gap.

import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { until } from "../support/until.ts";
import { AT, ROOM } from "./fixtures/old-world.ts";
import { type Answered, answers } from "./fixtures/questions.ts";
import { namespaces } from "./fixtures/stored-state.ts";
import { stopClock } from "./support/objects.ts";
import type { Frame, TestSocket } from "./support/test-socket.ts";
import { callAsServer, join, openRoom, openSession, userObject } from "./support/worker.ts";

/** By path from here. */
const FILES = import.meta.glob<string>("../fixtures/*/*", { query: "?raw", import: "default", eager: true });

interface Release {
  readonly version: string;
  readonly answered: readonly Answered[];
  readonly objects: readonly StoredObject[];
}

interface StoredObject {
  readonly binding: string;
  readonly name: string;
  readonly sql: string;
  /** The newest socket first. */
  readonly attachments: readonly object[];
}

function releaseOf(version: string): Release {
  const file = (name: string) => FILES[`../fixtures/${version}/${name}`];
  const objects = Object.keys(FILES).flatMap((path) => {
    const [, of, binding = "", name = ""] = /fixtures\/([^/]+)\/([A-Z_]+)\.(.+)\.sql$/.exec(path) ?? [];
    if (of !== version) return [];
    const attachments = JSON.parse(file(`${binding}.${name}.sockets.json`) ?? "[]");
    return [{ binding, name, sql: file(`${binding}.${name}.sql`) ?? "", attachments }];
  });
  return { version, objects, answered: JSON.parse(file("answers.json") ?? "[]") };
}

const VERSIONS = Array.from(new Set(Object.keys(FILES).map((path) => path.split("/")[2] ?? "")));

const inside = (stub: DurableObjectStub, run: (context: DurableObjectState) => void | Promise<void>) =>
  runInDurableObject<DurableObject, void>(stub, (_, context) => run(context));

const stubOf = ({ binding, name }: Pick<StoredObject, "binding" | "name">) => {
  const namespace = namespaces().find(([own]) => own === binding)?.[1];
  if (namespace === undefined) throw new Error(`there is no binding ${binding} any more`);
  return namespace.getByName(name);
};

/** Opens as many sockets as the object had. The first one is the oldest. */
async function socketsFor({ binding, name, attachments }: StoredObject): Promise<TestSocket[]> {
  const sockets: TestSocket[] = [];
  for (const _ of attachments)
    sockets.push(binding === "ROOMS" ? await join(name, "nobody") : await openSession(name));
  return sockets;
}

/**
 * Puts the state in place of what the objects have, with sockets that are new to the runtime and old to the objects,
 * and lets them sleep: the code of today wakes with it. Answers the sockets by object, the newest first.
 */
async function restore({ objects }: Release): Promise<ReadonlyMap<string, readonly TestSocket[]>> {
  const opened = new Map<string, TestSocket[]>();
  // The object of the test before is gone, with its sockets.
  await reset();
  for (const object of objects) opened.set(object.name, (await socketsFor(object)).reverse());
  for (const { name, sql, attachments, ...object } of objects) {
    const stub = stubOf({ name, ...object });
    await inside(stub, async (context) => {
      await context.storage.deleteAll();
      context.storage.sql.exec(sql);
      const sockets = context.getWebSockets();
      expect(sockets, `sockets of ${name}`).toHaveLength(attachments.length);
      for (const [at, socket] of sockets.entries()) socket.serializeAttachment(attachments[at]);
    });
    await evictDurableObject(stub, { webSockets: "hibernate" });
  }
  return opened;
}

/** The `connected` of a new reader. */
const greeting = async (): Promise<Frame> => (await join(ROOM, null)).next("connected");

const publish = async (data: string): Promise<void> => {
  const response = await callAsServer("POST", `/v1/rooms/${ROOM}/messages`, { data });
  expect(response.ok).toBe(true);
};

/** What came of the message with this `seq`, on the old connection or, if that was ended, on the next one. */
async function received(
  socket: TestSocket,
  seq: number,
  comeBack: () => Promise<TestSocket>,
): Promise<unknown> {
  const isIt = (frame: Frame) => frame.seq === seq;
  const ended = Promise.race([socket.closed, socket.next("left")]).then(() => undefined);
  const message = await Promise.race([socket.next("message", isIt), ended]);
  return (message ?? (await (await comeBack()).next("message", isIt))).data;
}

describe.each(VERSIONS)("what %s stored", (version) => {
  it("[X19] is answered as it was then: messages, receipts, bans, inbox, preferences, revoked tokens", async () => {
    stopClock(AT);
    const { answered, ...release } = releaseOf(version);
    await restore({ answered, ...release });
    expect(answered).not.toHaveLength(0);
    const now = await answers(answered);
    for (const [at, then] of answered.entries()) expect(now[at], then.path).toMatchObject(then);
  });

  it("[X20] has connections that go on, or come back, without a gap", async () => {
    stopClock(AT);
    const sockets = await restore(releaseOf(version));
    const { epoch, head } = await greeting();
    const first = Number(head) + 1;
    for (const text of ["one", "two"]) await publish(text);
    const since = `?since=${epoch}.${head}`;
    for (const socket of sockets.get(ROOM) ?? []) {
      const comeBack = () => openRoom(ROOM, "dora", { query: since });
      expect(await received(socket, first, comeBack)).toBe("one");
      expect(await received(socket, first + 1, comeBack)).toBe("two");
    }
    for (const user of ["carol", "frank"]) {
      const [session] = sockets.get(user) ?? [];
      if (session === undefined) throw new Error(`${user} had no session`);
      const comeBack = async () => {
        const next = await openSession(user);
        await next.ask({ type: "join", id: "joins-again", room: ROOM, since: `${epoch}.${head}` });
        return next;
      };
      expect(await received(session, first, comeBack)).toBe("one");
      expect(await received(session, first + 1, comeBack)).toBe("two");
    }
  });

  it("[X20] has connections and a push subscription that say and hear as before", async () => {
    stopClock(AT);
    const pushedTo: string[] = [];
    vi.stubGlobal("fetch", async (input: RequestInfo) => {
      pushedTo.push(String(input));
      return new Response(null, { status: 201 });
    });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const sockets = await restore(releaseOf(version));
    const { head } = await greeting();
    const [reader, bo, ada] = sockets.get(ROOM) ?? [];
    const [session] = sockets.get("carol") ?? [];
    const say = (socket: TestSocket | undefined, id: string, more = {}) =>
      socket?.ask({ type: "send", id, data: id, ...more });
    expect(await say(ada, "from-ada")).toMatchObject({ type: "ok", seq: Number(head) + 1 });
    // What was stored before is not stored again.
    expect(await say(bo, "of-bo", { retryOf: "0.0" })).toMatchObject({ type: "ok", duplicate: true });
    expect(await say(reader, "from-a-reader")).toMatchObject({ type: "error", code: "forbidden" });
    expect(await say(session, "from-carol", { room: ROOM })).toMatchObject({
      type: "ok",
      seq: Number(head) + 2,
    });
    expect(await bo?.next("message", ({ data }) => data === "from-carol")).toMatchObject({
      from: { id: "carol" },
    });
    await callAsServer("POST", "/v1/notify", { user: "carol", title: "new", message: "" });
    expect(await session?.next("notification")).toMatchObject({ title: "new" });
    // Nothing is pushed to a user who is here.
    session?.close(1000);
    await session?.closed;
    await callAsServer("POST", "/v1/notify", { user: "carol", title: "newer", message: "" });
    await runInDurableObject(userObject("carol"), (object) => object.alarm());
    await until(() => expect(pushedTo).toContain("https://fcm.googleapis.com/fcm/send/of-carol"));
  });
});
