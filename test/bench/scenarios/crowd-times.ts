// (r) What the model of a crowd is made of (src/tools/crowd-times.ts): the server's CPU time for a frame to one socket, for a
// message in it, for a message in a room, for a connect, and for a call between objects.

import { Crowd, payloadOf } from "../crowd.ts";
import { cpuSeconds } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, type Params, param, pause, type Scenario, type Subject } from "./scenario.ts";

const MANY = 20;
/** A frame that follows so late takes several times longer: nothing on the way is warm. */
const SELDOM = { flushes: 12, everyMs: 1_000 };
/** Each has several connections, so that most of those who connect are known to the room. */
const USERS = 100;

/** In a room of many readers and in one of a single reader, one message a flush, and twenty. */
export const crowdTimes: Scenario = async (subject, params) => {
  const readers = param(params, "receivers");
  // Their objects are made, and all is compiled.
  const room = newRoom();
  (await crowdOf(subject, readers, room)).crowd.close();
  const connecting = cpuSeconds(subject.pid);
  const full = await crowdOf(subject, readers, room);
  const connectUs = ((cpuSeconds(subject.pid) - connecting) / readers) * 1e6;
  const toAll = {
    one: await flushUs(subject, full, params, 1),
    many: await flushUs(subject, full, params, MANY),
  };
  const seldom = await flushUs(subject, full, SELDOM, 1);
  full.crowd.close();
  const empty = await crowdOf(subject, 1);
  const toOne = {
    one: await flushUs(subject, empty, params, 1),
    many: await flushUs(subject, empty, params, MANY),
  };
  empty.crowd.close();
  const frame = { one: (toAll.one - toOne.one) / readers, many: (toAll.many - toOne.many) / readers };
  return {
    "µs a frame and socket": frame.one,
    "µs a frame and socket, one a second": (seldom - toOne.one) / readers,
    "µs a message more in it": (frame.many - frame.one) / (MANY - 1),
    "µs a flush": toOne.one,
    "µs a message more in it, at the room": (toOne.many - toOne.one) / (MANY - 1),
    "µs a connect": connectUs,
  };
};

interface Held {
  readonly room: string;
  readonly crowd: Crowd;
}

async function crowdOf({ dialect, port }: Subject, count: number, room = newRoom()): Promise<Held> {
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, count, "?history=0&presence=off", USERS);
  return { room, crowd };
}

/** CPU time of the server for one flush of `messages`, which a sender sends in one frame. */
async function flushUs(
  { dialect, port, pid }: Subject,
  { room, crowd }: Held,
  params: Params,
  messages: number,
): Promise<number> {
  const flushes = param(params, "flushes");
  const everyMs = param(params, "everyMs");
  const { path, protocols = [] } = await dialect.connect(room, "talker", "?history=0&presence=off");
  const talker = await RawSocket.open({ port, path, protocols }, { onFrame: () => {}, onClose: () => {} });
  await pause(500);
  crowd.reset();
  const expected = crowd.sockets.length * messages * flushes;
  const before = cpuSeconds(pid);
  for (let flush = 0; flush < flushes; flush++) {
    const says = Array.from({ length: messages }, (_, at) =>
      dialect.say(`${messages}.${flush}.${at}`, payloadOf("talker")),
    );
    talker.send(says.length === 1 ? (says[0] ?? "") : `{"type":"batch","commands":[${says.join(",")}]}`);
    await pause(everyMs);
  }
  while (crowd.delivered < expected) await pause(everyMs);
  const seconds = cpuSeconds(pid) - before;
  talker.destroy();
  if (crowd.frames > flushes * crowd.sockets.length * 1.02) throw new Error("a flush was more than a frame");
  return (seconds / flushes) * 1e6;
}

/** Of both ends of a call, as they are in one process here. */
export const callTimes: Scenario = async ({ port, pid }, params) => {
  const [called, rounds] = [param(params, "called"), param(params, "rounds")];
  const call = (times: number) =>
    fetch(`http://127.0.0.1:${port}/?called=${called}&rounds=${times}&bytes=200`).then((answer) =>
      answer.text(),
    );
  await call(2);
  const before = cpuSeconds(pid);
  const startedAt = performance.now();
  await call(rounds);
  return {
    "µs a call, both ends": ((cpuSeconds(pid) - before) / called / rounds) * 1e6,
    "ms until all have answered": (performance.now() - startedAt) / rounds,
  };
};
