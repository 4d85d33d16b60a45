// What the back end is told of where a log is imported, and where a user is erased.

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { until } from "../support/until.ts";
import { advanceClock, configureRoom, configureUser, crash, sleep, storedText } from "./support/objects.ts";
import { startToldBackEnd, taken } from "./support/told-back-end.ts";
import { call, callAsServer, fill, join, roomObject, uniqueName, userObject } from "./support/worker.ts";

const down = () => new Response(null, { status: 503 });

async function toldRoom(more: Readonly<Record<string, string | number>> = {}) {
  const backEnd = startToldBackEnd();
  const room = uniqueName("told");
  const settings = { ...backEnd.settings, ...more };
  await configureRoom(room, settings);
  return { ...backEnd, settings, room, stub: roomObject(room) };
}

/** No batch begins sooner after the last one. */
const paced = () => new Promise((resolve) => setTimeout(resolve, 1_100));

/** Without a webhook: its log is for an import. */
async function exportedLog(): Promise<string> {
  const room = uniqueName("source");
  const path = `/v1/rooms/${room}`;
  for (let n = 1; n <= 3; n++)
    await callAsServer("POST", `${path}/messages`, { data: `old ${n}`, id: `old${n}`, from: { id: "ada" } });
  await callAsServer("PATCH", `${path}/messages/1`, { data: "old and edited" });
  return new TextDecoder().decode(await (await callAsServer("GET", `${path}/export`)).arrayBuffer());
}

const importInto = (room: string, body: BodyInit) =>
  call(`/v1/rooms/${room}/import`, {
    method: "POST",
    headers: { Authorization: `Bearer ${env.API_KEYS}`, "Content-Type": "application/x-ndjson" },
    body,
  });

describe("an import", () => {
  it("[Z86] is not told, and takes nothing with it that was not told", async () => {
    const file = await exportedLog();
    const { room, stub, settings, events, types, answerWith } = await toldRoom();
    answerWith(down);
    await join(room, "ada");
    expect((await importInto(room, file)).status).toBe(200);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "new" });
    await crash(stub);
    await configureRoom(room, settings);
    answerWith(taken);
    advanceClock(300_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await until(() => expect(types()).toContain("message.stored"));
    expect(types()).toEqual([
      ...["room.occupied", "member.joined", "member.left", "room.vacated"],
      "message.stored",
    ]);
    expect(events.at(-1)).toMatchObject({ message: { data: "new" } });
  });

  it("[Z86] is not told while it is under way", async () => {
    const file = await exportedLog();
    const { room, stub, types, requests, answerWith } = await toldRoom();
    const late = Promise.withResolvers<Response>();
    answerWith(() => late.promise);
    await join(room, "ada");
    await until(() => expect(requests).toHaveLength(1));
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const importing = importInto(room, readable);
    const end = file.lastIndexOf("{");
    await writer.write(new TextEncoder().encode(file.slice(0, end)));
    await until(async () => expect(await storedText(stub)).toContain("old 3"));
    answerWith(taken);
    late.resolve(new Response(null, { status: 204 }));
    await paced();
    await writer.write(new TextEncoder().encode(file.slice(end)));
    await writer.close();
    expect((await importing).status).toBe(200);
    await until(() => expect(types()).toContain("room.vacated"));
    expect(types()).toEqual(["room.occupied", "member.joined", "member.left", "room.vacated"]);
  });

  it("[Z86] an answer that comes after it moves nothing in the new log", async () => {
    const file = await exportedLog();
    const { room, stub, settings, types, requests, answerWith } = await toldRoom();
    const late = Promise.withResolvers<Response>();
    answerWith(() => (requests.length === 1 ? late.promise : down()));
    await join(room, "ada");
    await until(() => expect(requests).toHaveLength(1));
    expect((await importInto(room, file)).status).toBe(200);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "new" });
    await until(() => expect(requests.length).toBeGreaterThanOrEqual(2));
    late.resolve(new Response(null, { status: 204 }));
    await until(() => expect(types()).toContain("member.joined"));
    await crash(stub);
    await configureRoom(room, settings);
    answerWith(taken);
    advanceClock(300_000);
    await runDurableObjectAlarm(stub);
    await until(() => expect(types()).toContain("message.stored"));
  });
});

describe("the erasure of a user", () => {
  it("[Z87] leaves nothing of what they said in what waits for the back end", async () => {
    const { room, stub, events, types, answerWith } = await toldRoom({
      HISTORY_LIMIT: 100,
      RATE_BURST: 1_000,
    });
    answerWith(down);
    const user = uniqueName("ada");
    const ada = await join(room, user, { name: "SECRET-NAME" });
    const bo = await join(room, "bo");
    for (let n = 0; n < 5; n++) await ada.ask({ type: "send", id: `s${n}`, data: `SECRET ${n}` });
    await bo.ask({ type: "send", id: "bo", data: "of bo" });
    await ada.ask({ type: "react", id: "r", seq: 6, emoji: "👍" });
    await fill(bo, 100);
    expect(await storedText(stub)).toContain("SECRET 1");
    await callAsServer("DELETE", `/v1/users/${user}`);
    expect((await storedText(stub)).includes("SECRET")).toBe(false);
    answerWith(taken);
    advanceClock(300_000);
    await runDurableObjectAlarm(stub);
    await until(() => expect(types().filter((type) => type === "message.stored")).toHaveLength(106));
    const text = JSON.stringify(events);
    expect(text).not.toContain("SECRET");
    expect(text).not.toContain("👍");
    const first = events.find((event) => event.type === "message.stored");
    expect(first).toMatchObject({
      message: { seq: 1, from: { id: user }, data: null, deletedAt: expect.any(Number) },
    });
    expect(text).toContain("of bo");
  });

  it("[Z87] a request under way then moves nothing in the inbox that begins anew", async () => {
    const backEnd = startToldBackEnd();
    const user = uniqueName("told");
    await configureUser(user, backEnd.settings);
    const late = Promise.withResolvers<Response>();
    backEnd.answerWith(() => late.promise);
    const notify = (id: string) => callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id });
    for (let n = 0; n < 3; n++) await notify(`old${n}`);
    await until(() => expect(backEnd.requests).toHaveLength(1));
    await callAsServer("DELETE", `/v1/users/${user}`);
    backEnd.answerWith(taken);
    late.resolve(new Response(null, { status: 204 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await sleep(userObject(user));
    await configureUser(user, backEnd.settings);
    await notify("new");
    await until(() =>
      expect(backEnd.events.at(-1)).toMatchObject({
        type: "notification.stored",
        notification: { id: "new" },
      }),
    );
  });
});
