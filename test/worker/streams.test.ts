import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { advanceClock, crash, recordWrites, sleep } from "./support/objects.ts";
import type { Frame, TestSocket } from "./support/test-socket.ts";
import { join, openSession, roomObject, uniqueName } from "./support/worker.ts";

const append = (seq: number, n: number, text = `${n} `) => ({ type: "append", seq, n, text });
const ack = { id: "a", ack: true };

async function open(socket: TestSocket): Promise<number> {
  const { seq } = await socket.ask({ type: "send", id: `o${Math.random()}`, data: {}, stream: true });
  return Number(seq);
}

/** The text as a reader has it with the `upTo`-th append: it is sent what was appended, or the whole. */
async function readTo(reader: TestSocket, upTo: number): Promise<string> {
  const isRead = ({ type, n }: Frame) => (type === "append" || type === "stream") && n === upTo;
  await reader.nextOf(isRead, `append ${upTo}`);
  let text = "";
  for (const frame of reader.received)
    if (frame.type === "stream") text = String(Reflect.get(Object(frame.data), "text"));
    else if (frame.type === "append") text += frame.text;
  return text;
}

it("[Y17] an answer of many appends writes few rows, as the runtime counts them", async () => {
  const room = uniqueName("stream");
  const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
  const writes = await recordWrites(roomObject(room));
  const seq = await open(ada);
  for (let n = 1; n <= 2_000; n++) {
    ada.send(append(seq, n));
    if (n % 100 === 0) await ada.ask({ ...append(seq, n), ...ack });
    if (n % 800 === 0) advanceClock(n * 10);
  }
  await ada.ask({ type: "finish", id: "f", seq, status: "complete" });
  const text = Array.from({ length: 2_000 }, (_, at) => `${at + 1} `).join("");
  expect(await bo.next("messageUpdated")).toMatchObject({ message: { data: { text }, stream: "complete" } });
  expect(writes.rows()).toBeLessThanOrEqual(5);
});

it("[Y19][Y22] an open message outlives a sleep and a crash, and the alarm ends it", async () => {
  const room = uniqueName("stream");
  const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
  const seq = await open(ada);
  ada.send(append(seq, 1, "one "));
  await bo.next("append");
  advanceClock(2_000);
  await ada.ask({ type: "ping", id: "p" });
  await sleep(roomObject(room));
  expect(await ada.ask({ ...append(seq, 2, "two "), ...ack })).toMatchObject({ n: 2 });
  expect(await readTo(bo, 2)).toBe("one two ");
  advanceClock(4_000);
  await ada.ask({ type: "ping", id: "p" });
  await crash(roomObject(room));
  const cy = await join(room, "cy");
  expect(await cy.next("stream")).toEqual({ type: "stream", seq, n: 2, data: { text: "one two " } });
  const alarm = await runInDurableObject(roomObject(room), (_, state) => state.storage.getAlarm());
  expect(alarm).toBeLessThanOrEqual(Date.now() + 4_000 + 60_000);
  advanceClock(70_000);
  await runDurableObjectAlarm(roomObject(room));
  expect(await cy.next("messageUpdated")).toMatchObject({
    message: { stream: "interrupted", data: { text: "one two " } },
  });
});

it("[Y22] an object that sleeps between its alarms ends a message of which nobody is heard", async () => {
  const room = uniqueName("stream");
  const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
  const seq = await open(ada);
  ada.send(append(seq, 1, "one "));
  await bo.next("append");
  advanceClock(2_000);
  await ada.ask({ type: "ping", id: "p" });
  for (const ms of [62_000, 123_000]) {
    await sleep(roomObject(room));
    advanceClock(ms);
    await runDurableObjectAlarm(roomObject(room));
  }
  expect(await bo.next("messageUpdated")).toMatchObject({ message: { stream: "interrupted" } });
});

it("[Y11][Y12] a session is told of open messages as a socket is", async () => {
  const room = uniqueName("stream");
  const user = uniqueName("ada");
  const ada = await join(room, user);
  const seq = await open(ada);
  ada.send(append(seq, 1));
  await ada.next("append");
  const session = await openSession(uniqueName("bo"));
  await session.ask({ type: "join", id: "j", room });
  expect(await session.next("stream")).toEqual({ type: "stream", room, seq, n: 1, data: { text: "1 " } });
  ada.send(append(seq, 2));
  expect(await session.next("append")).toMatchObject({ room, seq, n: 2, text: "2 " });
  const epoch = ada.received.find(({ type }) => type === "connected")?.epoch;
  await session.ask({ type: "join", id: "k", room, since: `${epoch}.${seq}`, have: `${seq}:1` });
  expect(await session.next("append")).toMatchObject({ room, seq, n: 2, text: "2 " });
});
