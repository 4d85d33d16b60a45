import { describe, expect, it } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import {
  PolledSocket,
  type PollPort,
  type PollStanding,
  type SocketClosing,
} from "../../src/object/polled-socket.ts";
import { BETWEEN_POLLS_MS } from "../../src/protocol/index.ts";

/** One call that waits. */
class Call implements PollPort {
  readonly frames: string[] = [];
  closing: SocketClosing | undefined;
  isOver = false;
  saved: unknown;

  send(frame: string): void {
    this.frames.push(frame);
  }

  end(closing?: SocketClosing): void {
    this.isOver = true;
    this.closing = closing;
  }

  save(state: unknown): void {
    this.saved = state;
  }
}

function polledSocket(woken?: PollStanding) {
  const clock = new FakeClock();
  const events: string[] = [];
  const socket = new PolledSocket(
    {
      after: (delayMs, fn) => clock.after(delayMs, fn),
      onClose: (code) => events.push(`closed ${code}`),
      onSilent: () => events.push("silent"),
      onOver: () => events.push("over"),
    },
    woken,
  );
  const poll = (received: number) => {
    const call = new Call();
    return { call, isKnown: socket.attach(call, received, clock.now()) };
  };
  return { clock, events, socket, poll };
}

describe("the socket of a client that polls", () => {
  it("[H42] keeps each frame until a call says that it came", () => {
    const { socket, poll } = polledSocket();
    const first = poll(0).call;
    for (const frame of ["a", "b"]) socket.send(frame);
    socket.detach(first);
    socket.send("c");
    expect(socket.unsentBytes()).toBe(3);
    // The first answer came in part.
    const second = poll(1).call;
    expect([first.frames, second.frames]).toEqual([
      ["a", "b"],
      ["b", "c"],
    ]);
    socket.send("d");
    expect(poll(4).call.frames).toEqual([]);
    expect([socket.unsentBytes(), second.isOver, second.closing]).toEqual([0, true, undefined]);
  });

  it("[H42] knows no call that has frames which were not sent, or wants those again that it had", () => {
    const { socket, poll } = polledSocket();
    poll(0);
    socket.send("a");
    expect([poll(2).isKnown, poll(1).isKnown, poll(0).isKnown]).toEqual([false, true, false]);
  });

  it("[H42] gives each frame once and in order, whichever answers are lost", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const { socket, poll } = polledSocket();
      const received: string[] = [];
      const sent: string[] = [];
      let { call } = poll(0);
      let from = 0;
      for (let step = 0; step < 60; step++) {
        if (random() < 0.6) {
          sent.push(`${sent.length}`);
          socket.send(`${sent.length - 1}`);
        } else {
          // All of the answer, a part, or nothing.
          const came = call.frames.slice(0, Math.floor(random() * (call.frames.length + 1)));
          received.push(...came.slice(received.length - from));
          if (random() < 0.5) socket.detach(call);
          from = received.length;
          call = poll(from).call;
        }
      }
      received.push(...call.frames.slice(received.length - from));
      expect(received, `seed ${seed}`).toEqual(sent);
    }
  });

  it("[H43] takes each call with commands once, and none out of order", () => {
    const { socket } = polledSocket();
    const missing = undefined;
    expect([1, 1, 2, 4, 3, 2].map((number) => socket.take(number))).toEqual([
      "next",
      "again",
      "next",
      missing,
      "next",
      "again",
    ]);
  });

  it("[H50] counts the calls with commands across a sleep", () => {
    const { socket, poll } = polledSocket();
    socket.save({ version: 1 });
    const { call } = poll(0);
    for (const number of [1, 2]) socket.take(number);
    expect(call.saved).toMatchObject({ poll: { number: 2 } });
    const woken = polledSocket({ received: 0, sent: 0, polledAt: 0, number: 2 }).socket;
    expect([4, 2, 3].map((number) => woken.take(number))).toEqual([undefined, "again", "next"]);
  });

  it("[H50] knows after a sleep which frames it has sent: a client that missed one has no connection any more", () => {
    const { socket, poll } = polledSocket();
    socket.save({ version: 1 });
    const { call } = poll(0);
    for (const frame of ["a", "b"]) socket.send(frame);
    expect(call.saved).toMatchObject({ poll: { received: 0, sent: 2 } });
    for (const [received, isKnown] of [
      [0, false],
      [1, false],
      [2, true],
      [3, true],
      [4, false],
    ] as const) {
      const woken = polledSocket({ received: 0, sent: 2, polledAt: 0, number: 0 });
      woken.socket.wake(new Call());
      woken.socket.send("c");
      const next = woken.poll(received);
      expect([received, next.isKnown, next.call.frames]).toEqual([
        received,
        isKnown,
        received === 2 ? ["c"] : [],
      ]);
    }
  });

  it("[H51] takes no commands once the server has closed it, also before a call was told", () => {
    const { socket, poll } = polledSocket();
    socket.detach(poll(0).call);
    socket.close(4403, "banned");
    expect(socket.take(1)).toBeUndefined();
  });

  it("[H52] says why it is closed until the client can have heard it: a call may be over, or its answer lost", async () => {
    const { clock, events, socket, poll } = polledSocket();
    // The Worker has answered this call already, which is not known here yet.
    const { call } = poll(0);
    socket.send("a");
    socket.close(4403, "kicked");
    socket.detach(call);
    const closing = { code: 4403, reason: "kicked" };
    for (const received of [0, 1]) expect(poll(received).call.closing).toEqual(closing);
    expect(events).toEqual(["closed 4403"]);
    await clock.advance(BETWEEN_POLLS_MS);
    expect([events, clock.pending]).toEqual([["closed 4403", "over"], 0]);
  });

  it("[H44] ends if no call comes for 5 s, and not while one waits", async () => {
    const { clock, events, socket, poll } = polledSocket();
    const { call } = poll(0);
    await clock.advance(60_000);
    socket.detach(call);
    await clock.advance(BETWEEN_POLLS_MS - 1);
    const next = poll(0).call;
    await clock.advance(60_000);
    expect(events).toEqual([]);
    socket.detach(next);
    await clock.advance(BETWEEN_POLLS_MS);
    expect(events).toEqual(["silent", "over"]);
    expect(clock.pending).toBe(0);
  });

  it("[H44] says in the next call why the server closed it, after what came before", async () => {
    const { clock, events, socket, poll } = polledSocket();
    socket.detach(poll(0).call);
    socket.send("a");
    socket.close(4403, "banned");
    socket.send("late");
    const { call } = poll(0);
    expect([call.frames, call.closing]).toEqual([["a"], { code: 4403, reason: "banned" }]);
    await clock.advance(60_000);
    expect(events).toEqual(["closed 4403", "over"]);
  });

  it("[H45] keeps its place through a sleep in the state of the call", () => {
    const { socket, poll } = polledSocket();
    poll(0);
    socket.send("a");
    const { call } = poll(1);
    socket.save({ version: 1 });
    expect(call.saved).toMatchObject({ version: 1, poll: { received: 1 } });
    socket.save(null);
    expect(call.saved).toBeNull();
  });
});
