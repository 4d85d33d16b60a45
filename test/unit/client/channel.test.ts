// A channel over a transport that has only the methods of the port: what long polling, or a socket shared by tabs, must
// implement.

import { expect, it } from "vitest";
import { Channel } from "../../../client/connection/channel.ts";
import { lost } from "../../../client/connection/transport/connection-end.ts";
import { TokenSource } from "../../../client/connection/transport/token-source.ts";
import type {
  ConnectionState,
  Link,
  LinkEvents,
  NoConnection,
  OpenRequest,
  Transport,
} from "../../../client/connection/transport/transport.ts";
import { UserGuard } from "../../../client/connection/transport/user-guard.ts";
import type { ChannelEvents } from "../../../client/connection/types.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { offline } from "../../../client/util/errors.ts";
import { Listeners } from "../../../client/util/listeners.ts";
import { ServerTime } from "../../../client/util/server-time.ts";
import { type IncomingFrame, knownFrame } from "../../../client/util/wire.ts";
import { type Command, ROOM_CONNECTED, SEQUENCED_EVENTS } from "../../../src/protocol/index.ts";
import type { Frame } from "./support/fake-sockets.ts";
import { caughtUp, connected, message } from "./support/frames.ts";

/** Passes objects on, and records the calls. */
class ObjectTransport implements Transport {
  readonly canAskForNoTopics = true;
  readonly requests: OpenRequest[] = [];
  readonly sent: Command[] = [];
  readonly closings: string[] = [];
  releases = 0;
  waiting: { resolve(none?: NoConnection): void; onState(state: ConnectionState): void } | undefined;
  isReady = true;
  #events: LinkEvents | undefined;

  ready(_signal: AbortSignal, onState: (state: ConnectionState) => void) {
    if (this.isReady) return undefined;
    return new Promise<NoConnection | undefined>((resolve) => {
      this.waiting = { resolve, onState };
    });
  }

  open(events: LinkEvents): Link {
    this.#events = events;
    this.requests.push(events.request());
    const end = (why: string) => {
      this.closings.push(why);
      link.isOpen = false;
    };
    const link = {
      isOpen: true,
      send: (command: Command) => this.sent.push(command) > 0,
      drop: (reason: Parameters<LinkEvents["onEnd"]>[0]) => {
        end("dropped");
        events.onEnd(reason);
      },
      close: end,
    };
    return link;
  }

  restart(): void {}

  release(): void {
    this.releases += 1;
  }

  deliver(...frames: Frame[]): void {
    for (const value of frames) {
      const frame = this.#events && knownFrame(value, this.#events.frames);
      if (frame !== undefined) this.#events?.onFrame(frame);
    }
    this.#events?.onTurn();
  }

  end(next: "retry" | "again"): void {
    this.#events?.onEnd({ ...lost(offline("gone")), next });
  }
}

function channelForTest() {
  const clock = new FakeClock();
  const transport = new ObjectTransport();
  const heard: IncomingFrame[] = [];
  const states: string[] = [];
  let ids = 0;
  const ports = {
    ...{
      clock,
      random: () => 0.5,
      newId: () => `id${++ids}`,
      origin: undefined,
      onWake: () => () => {},
      onSuspend: () => () => {},
      tabStore: {},
    },
    dial: () => {
      throw new Error("a transport needs no socket");
    },
    fetch: () => Promise.reject(new TypeError("nor a network")),
  };
  const context = {
    ...{ ports, base: "wss://rooms.example.com", batchMs: 0, peers: new Listeners<void>(), log: () => {} },
    dial: () => ports.dial,
    isSwallowed: async () => false,
    serverTime: new ServerTime(clock),
    users: new UserGuard("end", () => {}),
    ...{
      tokens: new TokenSource(
        ports,
        () => null,
        () => {},
      ),
      maxAttempts: 5,
      reconnect: undefined,
    },
  };
  const events: ChannelEvents = {
    onConnected: () => {},
    onFloor: () => {},
    onFrame: (frame) => heard.push(frame),
    onPermission: () => {},
    onLive: () => {},
    onState: ({ status }) => states.push(status),
    onRefused: () => {},
    onError: () => {},
    onUserChanged: () => {},
    onTurn: () => {},
    onSent: () => {},
  };
  const options = {
    ...{ name: "a log", topics: null, history: 5, skipsNumbers: false },
    ...{ frames: { ...SEQUENCED_EVENTS, connected: ROOM_CONNECTED }, logEvents: SEQUENCED_EVENTS },
  };
  const channel = new Channel(context, transport, options, events);
  return { channel, clock, transport, heard, states };
}

it("[C86] a channel exchanges objects with its transport and needs no socket", async () => {
  const { channel, clock, transport, heard, states } = channelForTest();
  channel.start();
  expect(transport.requests).toEqual([{ since: undefined, replaces: undefined, history: 5, topics: null }]);
  transport.deliver(connected({ head: 1 }), message(1), caughtUp(1));
  const asked = channel.ask({ type: "ping", id: "p" }).catch(({ code }) => code);
  transport.deliver(message(2));
  expect([heard.map(({ type }) => type), transport.sent]).toEqual([
    ["message", "caughtUp", "message"],
    [{ type: "ping", id: "p" }],
  ]);
  // A gap: the channel ends the connection, and the next one begins at the cursor.
  transport.deliver(message(4));
  expect([await asked, transport.closings]).toEqual(["offline", ["dropped"]]);
  await clock.advance(500);
  expect(transport.requests.at(-1)).toMatchObject({ since: "e1.2", replaces: "c_1" });
  channel.close();
  expect([states, transport.closings.at(-1), transport.releases]).toEqual([
    ["connecting", "connected", "reconnecting", "connecting", "disconnected"],
    "leaving",
    1,
  ]);
  expect(clock.pending).toBe(0);
});

it("[C86] a transport states what it waits for, and which end does not count as a failure", async () => {
  const { channel, clock, transport, states } = channelForTest();
  transport.isReady = false;
  channel.start();
  transport.waiting?.onState({ status: "connecting", attempt: 3 });
  expect([channel.state, transport.requests.length]).toEqual([{ status: "connecting", attempt: 3 }, 0]);
  transport.isReady = true;
  transport.waiting?.resolve();
  await clock.settle();
  for (let round = 1; round <= 10; round++) {
    expect([transport.requests.length, channel.state]).toEqual([round, { status: "connecting", attempt: 1 }]);
    transport.end("again");
    await clock.settle();
  }
  transport.isReady = false;
  transport.end("retry");
  await clock.advance(500);
  transport.waiting?.resolve({ error: offline("no leader"), isFinal: false });
  await clock.settle();
  expect(channel.state).toMatchObject({ status: "disconnected", error: { message: "no leader" } });
  expect([states.at(-1), transport.releases, clock.pending]).toEqual(["disconnected", 1, 0]);
});
