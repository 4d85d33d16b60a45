// The third user, of a task app: everyone may read the public board, members have the rooms of their projects, and only
// the back end says what became of tasks and projects.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { RoomHandle, RoomsError } from "../../client/index.ts";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import { Guests, startTestServer, tokenFor, waitFor } from "../e2e/support/world.ts";
import type { LocalServer } from "../support/local-server.ts";

const guests = new Guests();
let server: LocalServer;
/** The back end of the app. */
let api: ServerApi;

beforeAll(async () => {
  const vars = { ANONYMOUS_ROOMS: "public_*", SERVER_EVENTS: "task,project" };
  server = await startTestServer(vars, { main: "test/worker/support/moved-clock-worker.ts" });
  api = createServerApi({ url: server.url, apiKey: server.apiKey });
});
afterAll(async () => {
  guests.close();
  await server?.stop();
});

interface Person {
  readonly room: RoomHandle;
  /** The events that came, with what they say. */
  readonly heard: unknown[];
}

/** Enters a room and hears all that is said there. `null`: without a token. */
async function enter(user: string | null, name: string, rooms: Readonly<Record<string, string>> = {}) {
  const client = guests.client(server.url, user ?? "", {
    getToken: () => (user === null ? null : tokenFor(user, 3_600, rooms)),
  });
  const room = client.room(name, { history: 0 });
  const heard: unknown[] = [];
  room.onEvent("*", ({ event, data }) => heard.push([event, data]));
  await waitFor(`${user} is in ${name}`, () => room.state.status === "connected");
  return { room, heard } satisfies Person;
}

const hears = ({ room, heard }: Person, ...events: readonly unknown[]) =>
  waitFor(`${events.length} events in ${room.name}`, () => heard.length >= events.length).then(() =>
    expect(heard).toEqual(events),
  );

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    ({ code }: RoomsError) => code,
  );

it("[O67] members hear their projects, everyone the public board, and the numbers agree", async () => {
  const ofApollo = { project_apollo: "write" };
  const ofBoth = { ...ofApollo, project_gemini: "write" };
  const [reader, ada, adaToo, bob, cleo] = await Promise.all([
    enter(null, "public_board"),
    enter("ada", "project_apollo", ofBoth),
    enter("ada", "project_gemini", ofBoth),
    enter("bob", "project_apollo", ofApollo),
    enter("cleo", "project_gemini", { project_gemini: "moderate" }),
  ]);
  const everyone = [reader, ada, adaToo, bob, cleo];
  const apollo = api.room("project_apollo");

  await apollo.publish({ event: "task.created", data: { id: 1, title: "Ship it" }, id: "task-1-created" });
  await apollo.publish({ event: "comment.added", data: { task: 1 }, from: { id: "cleo" } });
  await api.broadcast({
    rooms: ["project_gemini", "public_board"],
    event: "project.renamed",
    data: "Gemini",
  });
  const inApollo: unknown[][] = [
    ["task.created", { id: 1, title: "Ship it" }],
    ["comment.added", { task: 1 }],
  ];
  const renamed = ["project.renamed", "Gemini"];
  await Promise.all([hears(ada, ...inApollo), hears(bob, ...inApollo)]);
  await Promise.all([adaToo, cleo, reader].map((person) => hears(person, renamed)));

  // A queue that delivers twice says it once.
  const again = await apollo.publish({ event: "task.created", data: {}, id: "task-1-created" });
  expect(again).toMatchObject({ seq: 1, duplicate: true });

  // What only the back end says, nobody can forge: no member, no moderator, not over HTTP. A comment anybody may write.
  const forged = { event: "task.deleted" };
  expect(await codeOf(bob.room.send({ id: 1 }, forged))).toBe("forbidden");
  expect(await codeOf(cleo.room.send({ id: 1 }, forged))).toBe("forbidden");
  expect(await codeOf(bob.room.edit(1, { id: 1, title: "Forged" }))).toBe("forbidden");
  expect(await postAs(await tokenFor("bob", 3_600, ofApollo), "project_apollo", forged)).toBe(403);
  expect(await codeOf(reader.room.send({ text: "Hello" }))).toBe("forbidden");
  await bob.room.send({ task: 1, text: "Mine" }, { event: "comment.added" });
  inApollo.push(["comment.added", { task: 1, text: "Mine" }]);
  await Promise.all([hears(ada, ...inApollo), hears(bob, ...inApollo)]);

  // Who is removed from a project hears nothing more of it, with a token that still names it.
  await apollo.kick("bob", { banSeconds: 86_400, reason: "left the team" });
  await waitFor("bob is out", () => bob.room.state.status === "disconnected");
  expect(bob.room.state).toMatchObject({ error: { code: "banned" } });
  await apollo.publish({ event: "task.moved", data: { id: 1, column: "done" } });
  inApollo.push(["task.moved", { id: 1, column: "done" }]);
  await hears(ada, ...inApollo);
  expect(bob.heard).toEqual(inApollo.slice(0, -1));
  expect(await postAs(await tokenFor("bob", 3_600, ofApollo), "project_apollo", {})).toBe(403);

  // What the registry says is right within a minute.
  await fetch(`${server.url}/test/clock?ms=60001`);
  expect(await api.stats()).toMatchObject({
    connections: everyone.length - 1,
    anonymous: 1,
    members: 3,
    sessions: 0,
    rooms: { known: 3, occupied: 3 },
    totals: { messages: 6 },
    unconfirmed: 0,
  });
  const { rooms } = await api.rooms({ prefix: "project_", active: true });
  expect(rooms.map(({ room, members, connections, head }) => [room, members, connections, head])).toEqual([
    ["project_apollo", 1, 1, 4],
    ["project_gemini", 2, 2, 1],
  ]);
  reader.room.leave();
  await waitFor("the public board is empty", async () => (await api.stats()).rooms.occupied === 2);
  expect(await api.stats()).toMatchObject({ connections: everyone.length - 2, anonymous: 0 });
});

async function postAs(token: string, room: string, body: object): Promise<number> {
  const { status } = await fetch(`${server.url}/v1/rooms/${room}/messages`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ data: null, ...body }),
  });
  return status;
}
