// (t) What a message, a join, a return and a wake cost the thread of the server: its CPU time, so the figures stand on a
// busy machine too. Few receive, so that it is the message and not its fan-out.

import { Crowd } from "../crowd.ts";
import { threadMs } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { Senders } from "../senders.ts";
import { type Figures, newRoom, param, pause, type Scenario, type Subject } from "./scenario.ts";
import { store } from "./storms.ts";

const WARM_UP_MS = 1_000;
/** The runtime unloads an object after 10 s without work. */
const ASLEEP_AFTER_MS = 12_000;

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds of CPU that the thread of the server takes for it. */
async function cpuOf(pid: number, run: () => Promise<unknown>): Promise<number> {
  const before = threadMs(pid);
  await run();
  return threadMs(pid) - before;
}

/** Each sender in a room of its own with one reader, so each flush has as many messages as one sender has in flight. */
export const cpuOfMessages: Scenario = async ({ dialect, port, pid }, params) => {
  const inFlight = param(params, "inFlight");
  const crowds: Crowd[] = [];
  const all: Senders[] = [];
  for (let n = 0; n < param(params, "rooms"); n++) {
    const room = newRoom();
    const crowd = new Crowd(dialect, port);
    await crowd.join(room, 1, "?history=0");
    crowds.push(crowd);
    all.push(await Senders.start(dialect, { port, room, senders: 1, inFlight }));
  }
  await pause(WARM_UP_MS);
  for (const senders of all) senders.accepted = 0;
  const cpu = await cpuOf(pid, () => pause(param(params, "ms")));
  const accepted = all.reduce((sum, senders) => sum + senders.accepted, 0);
  for (const senders of all) senders.stop();
  for (const crowd of crowds) crowd.close();
  return { "CPU ms of 1,000": (cpu / accepted) * 1_000, stored: accepted };
};

/** First openings of users whose objects are awake, then of the same users whose objects sleep; then returns. */
export const cpuOfJoins: Scenario = async (subject, params) => {
  const count = param(params, "members");
  const join = async (room: string, query: string) => {
    const crowd = new Crowd(subject.dialect, subject.port);
    const cpu = await cpuOf(subject.pid, () => crowd.join(room, count, query));
    crowd.close();
    await pause(WARM_UP_MS);
    return (cpu / count) * 1_000;
  };
  await join(newRoom(), "?history=0");
  const awake = await join(newRoom(), "?history=0");
  await pause(ASLEEP_AFTER_MS);
  const asleep = await join(newRoom(), "?history=0");
  const room = newRoom();
  const cursor = await store(subject.dialect, subject.port, room, 200, 100);
  await join(room, "?history=0&presence=off");
  const [plain, resumed] = [
    await join(room, "?history=0&presence=off"),
    await join(room, `?since=${cursor}&presence=off`),
  ];
  return {
    "CPU ms of 1,000 first openings": awake,
    "of users asleep": asleep,
    "plain connects": plain,
    resumes: resumed,
    "resume / plain": resumed / plain,
  };
};

/** Rooms with many messages and with ten, each woken by a message of a member whose socket has outlived the sleep. */
export const cpuOfWakes: Scenario = async (subject, params) => {
  const sizes = [10, param(params, "messages")];
  const sleepers: { readonly sleeper: Sleeper; readonly size: number }[] = [];
  for (let n = 0; n < param(params, "rooms"); n++)
    for (const size of sizes) {
      const room = newRoom();
      await store(subject.dialect, subject.port, room, size, 0);
      sleepers.push({ sleeper: await Sleeper.open(subject, room), size });
    }
  await pause(ASLEEP_AFTER_MS);
  const taken = new Map<number, number[]>(sizes.map((size) => [size, []]));
  for (const { sleeper, size } of sleepers)
    taken.get(size)?.push(await cpuOf(subject.pid, () => sleeper.wake()));
  const [few = Number.NaN, many = Number.NaN] = sizes.map((size) => median(taken.get(size) ?? []));
  const figures: Figures = { "CPU ms, 10 stored": few, "CPU ms, many stored": many, "many / 10": many / few };
  return figures;
};

class Sleeper {
  readonly #say: () => void;
  #heard = Promise.withResolvers<void>();

  private constructor(say: () => void) {
    this.#say = say;
  }

  static async open({ dialect, port }: Subject, room: string): Promise<Sleeper> {
    const { path, protocols = [] } = await dialect.connect(room, "sleeper", "?history=0&presence=off");
    const ready = Promise.withResolvers<void>();
    const onFrame = (frame: Buffer) => {
      if (dialect.isReady(frame)) ready.resolve();
      if (frame.includes(dialect.accepted("sleeper"))) sleeper.#heard.resolve();
    };
    const socket = await RawSocket.open({ port, path, protocols }, { onFrame, onClose: () => {} });
    const sleeper = new Sleeper(() => socket.send(dialect.say("first", "1")));
    await ready.promise;
    return sleeper;
  }

  /** Settles when the room is awake and has answered, and what it does after the answer is done. */
  async wake(): Promise<void> {
    this.#say();
    await this.#heard.promise;
    await pause(50);
  }
}
