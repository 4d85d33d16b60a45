// Exports and imports over the entrypoint for other Workers: streams on both ways.

import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { RoomsBinding } from "../../client/server/index.ts";
import { fill, join, uniqueName } from "./support/worker.ts";

const rooms: RoomsBinding = exports.Rooms({ props: { name: "backup" } });

/** An RPC promise is a proxy: what looks at its properties, as `expect` does, makes promises that nobody awaits. */
const failure = (call: Promise<unknown> | ReadableStream): Promise<unknown> =>
  (async () => call)().then(
    () => "it did not fail",
    (error: unknown) => error,
  );

it("[Z259] a room goes over the binding as a stream, and into another one", async () => {
  const [from, to] = [uniqueName("rpc"), uniqueName("rpc")];
  await fill(await join(from, "ada"), 30, (n) => ({ text: `${n} ${"👍".repeat(100)}` }));
  const bytes = await rooms.room(from).export().bytes();
  expect(await rooms.room(to).import(bytes)).toMatchObject({ messages: 30 });
  const [old, moved] = await Promise.all([from, to].map((name) => rooms.room(name).messages()));
  expect(moved?.messages).toHaveLength(30);
  expect(moved?.messages).toEqual(old?.messages);
  const text = await new Response(await rooms.room(from).export().bytes()).text();
  const lines = text.trimEnd().split("\n");
  expect(lines.at(-1)).toContain('"type":"end"');
  const list: object[] = lines.map((line) => JSON.parse(line));
  expect(await rooms.room(uniqueName("rpc")).import(list)).toMatchObject({ messages: 30 });
});

it("[Z259] what refuses an export or an import has its code", async () => {
  const name = uniqueName("rpc");
  await rooms.room(name).publish({ data: 1 });
  expect(await failure(rooms.room("no room").export().bytes())).toMatchObject({ code: "bad_request" });
  expect(await failure(rooms.user("").export().bytes())).toMatchObject({ code: "bad_request" });
  const lines = await rooms.room(name).export().bytes();
  expect(await failure(rooms.room(name).import(lines))).toMatchObject({ name: "RoomsError" });
  expect(await failure(rooms.room(uniqueName("rpc")).import("no line\n"))).toMatchObject({
    code: "bad_request",
  });
});

it("[Z259] an export that nobody reads on ends", async () => {
  const name = uniqueName("rpc");
  await fill(await join(name, "ada"), 30);
  const reader = (await rooms.room(name).export().bytes()).getReader();
  await reader.read();
  await reader.cancel();
  expect(await rooms.room(name).info()).toMatchObject({ head: 30 });
});
