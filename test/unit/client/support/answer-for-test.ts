// An answer of this client in a room whose server the test plays.

import type { Answer } from "../../../../client/index.ts";
import { type RoomWorld, roomForTest, type WorldOptions } from "./client-for-test.ts";
import type { Frame } from "./fake-sockets.ts";
import { message, ok, refusal } from "./frames.ts";

/** Of its message. */
export const SEQ = 7;
export const mine = (more: Frame = {}) => message(SEQ, { from: { id: "usr_1", name: "Ada" }, ...more });

/** Stores what was opened, and resolves with its answer. */
export async function stored({ socket, clock }: RoomWorld, opened: Promise<Answer>): Promise<Answer> {
  await clock.advance(0);
  const command = socket().sentOf("send").at(-1);
  const said = { id: command?.id, data: command?.data, stream: "open" };
  socket().deliver(mine(said), ok(command, { seq: SEQ, at: 1 }));
  return opened;
}

export async function answerForTest(options?: WorldOptions) {
  const world = await roomForTest(options, undefined, { head: SEQ - 1 });
  const errors: string[] = [];
  world.room.on("error", ({ code }) => errors.push(code));
  const answer = await stored(world, world.room.stream({ text: "" }));
  const sent = () => world.socket().sentOf("append");
  const said = () => sent().filter(({ n }) => n !== 0);
  return {
    ...world,
    ...{ answer, errors, sent, said },
    /** Answers the last append that asks. */
    async tell(n: number, saved: number, more: Frame = {}) {
      const asking = sent().filter(({ ack }) => ack === true);
      world.socket().deliver(ok(asking.at(-1), { n, saved, ...more }));
      await world.clock.advance(0);
    },
    async refuse(code: string, more: Frame = {}) {
      world.socket().deliver(refusal(undefined, code, { seq: SEQ, ...more }));
      await world.clock.advance(0);
    },
    /** Loses the connection, and comes back. */
    async comeBack() {
      world.socket().end(1006);
      await world.clock.advance(1_000);
      await world.goLive({ head: SEQ, recovery: "complete" });
    },
    /** Appends each in a turn of its own. */
    async say(...texts: string[]) {
      for (const text of texts) {
        answer.append(text);
        await world.clock.advance(0);
      }
    },
    async over(promise: Promise<unknown>): Promise<unknown> {
      const outcome = promise.catch((error: unknown) => error);
      await world.clock.advance(0);
      return outcome;
    },
  };
}

type AnswerWorld = Awaited<ReturnType<typeof answerForTest>>;

/** A finish that was asked for, when all that was appended is known to be taken. */
export async function finishing(world: AnswerWorld, ...args: Parameters<Answer["finish"]>) {
  const promise = world.answer.finish(...args);
  await world.clock.advance(0);
  return { promise, command: () => world.socket().sentOf("finish").at(-1) };
}
