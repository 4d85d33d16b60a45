// (q) What arrives at clients that are cut off while messages go out: how much, how often, and in which order.

import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { Network, NOWHERE } from "../../e2e/support/network.ts";
import { countIn, RawSocket } from "../raw-socket.ts";
import { Receipts } from "../receipts.ts";
import { type Reader, readerOf } from "../reconnecting.ts";
import { newRoom, type Params, param, pause, type Scenario, type Subject } from "./scenario.ts";

const STEP_MS = 20;
const MAX_IN_FLIGHT = 100;
/** A client may wait for some seconds before it tries again. What nothing came of for so long is lost. */
const QUIET_MS = 8_000;
/** A busy machine takes its time. */
const SETTLED_WITHIN_MS = 80_000;

export const delivery: Scenario = async (subject, params) => {
  const [count, perSecond] = [param(params, "messages"), param(params, "perSecond")];
  const room = newRoom();
  const readers = await openReaders(subject, params, room);
  const sender = await openSender(subject, room);
  const random = seededRandom(param(params, "seed"));
  // Each is cut off once, at any message after which there are enough for the time until it is mended.
  const lastCut = count - (perSecond * param(params, "cutMs")) / 1_000;
  const cuts = readers.map(({ line }) => ({ line, at: Math.floor(random() * lastCut) }));
  // Where a server or the machine is slower, less is sent: nothing is lost for being overloaded.
  const atOnce = Math.ceil((perSecond * STEP_MS) / 1_000);
  for (let sent = 0; sent < count; await pause(STEP_MS)) {
    if (sent - sender.accepted() > MAX_IN_FLIGHT) continue;
    const upTo = Math.min(count, sent + atOnce);
    for (const { line, at } of cuts) if (at >= sent && at < upTo) void cutOff(line, subject.port, params);
    while (sent < upTo) sender.send(sent++);
  }
  await settled(readers, count);
  if (sender.accepted() !== count) throw new Error(`the server took ${sender.accepted()} of ${count}`);
  const total = (pick: (one: Receipts) => number) =>
    readers.reduce((sum, { receipts }) => sum + pick(receipts), 0);
  for (const { client, line } of readers) {
    client.close();
    void line.close();
  }
  const expected = count * readers.length;
  const figures = {
    "% delivered": (100 * total((one) => one.delivered)) / expected,
    missing: expected - total((one) => one.delivered),
    duplicates: total((one) => one.duplicates),
    "out of order": total((one) => one.outOfOrder),
    "% of readers with all": (100 * total((one) => (one.delivered === count ? 1 : 0))) / readers.length,
    seed: param(params, "seed"),
  };
  if (
    subject.dialectName === "edgeRooms" &&
    figures.missing + figures.duplicates + figures["out of order"] > 0
  )
    throw new Error(`not each once and in order: ${JSON.stringify(figures)}`);
  return figures;
};

interface CutReader {
  readonly client: Reader;
  readonly line: Network;
  readonly receipts: Receipts;
}

const openReaders = ({ dialectName, port, client }: Subject, params: Params, room: string) =>
  Promise.all(
    Array.from({ length: param(params, "readers") }, async (_, at): Promise<CutReader> => {
      const line = await Network.to(port);
      const receipts = new Receipts(param(params, "messages"));
      const place = { port: line.port, room, user: `user${at}` };
      const reader = await readerOf(dialectName, client)(place, (n) => receipts.take(n));
      return { client: reader, line, receipts };
    }),
  );

async function cutOff(line: Network, port: number, params: Params): Promise<void> {
  line.leadTo(NOWHERE);
  line.cut(params.untold === 1 ? "untold" : "rst");
  await pause(param(params, "cutMs"));
  line.leadTo(port);
}

async function settled(readers: readonly CutReader[], count: number): Promise<void> {
  const since = performance.now();
  const isDone = () => readers.every(({ receipts }) => receipts.delivered === count);
  const lastAt = () => Math.max(since, ...readers.map(({ receipts }) => receipts.lastAt));
  while (!isDone() && performance.now() - lastAt() < QUIET_MS) {
    if (performance.now() - since > SETTLED_WITHIN_MS) break;
    await pause(STEP_MS);
  }
  // What came twice may come late.
  await pause(500);
}

/** The sender's own line is whole. */
async function openSender({ dialect, port }: Subject, room: string) {
  const { path, protocols = [] } = await dialect.connect(room, "sender", "?history=0");
  const { promise, resolve } = Promise.withResolvers<void>();
  const marker = dialect.accepted("sender");
  let accepted = 0;
  const socket = await RawSocket.open(
    { port, path, protocols },
    {
      onFrame(frame, own) {
        const answer = dialect.respond(frame);
        if (answer !== undefined) own.send(answer);
        if (dialect.isReady(frame)) resolve();
        accepted += countIn(frame, marker);
      },
      onClose: () => {},
    },
  );
  await promise;
  return {
    send: (n: number) => socket.send(dialect.say(`n${n}`, `{"n":${n},"by":"sender"}`)),
    accepted: () => accepted,
  };
}
