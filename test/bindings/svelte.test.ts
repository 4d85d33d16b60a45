// The Svelte binding: real components beside the real client, which talks to a server that the test plays.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Component, flushSync, hydrate, mount, unmount } from "svelte";
import { expect, it, onTestFinished, vi } from "vitest";
import type { Inbox } from "../../client/index.ts";
import { type MessagesPart, type SendPart, useMessages, useRoom } from "../../client/svelte/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import type { Frame } from "../unit/client/support/fake-sockets.ts";
import {
  batch,
  caughtUp,
  connected,
  deletion,
  member,
  message,
  notification,
  refusal,
  sessionConnected,
} from "../unit/client/support/frames.ts";
import { countedRoom } from "./support/counted-room.ts";
import Derived from "./svelte/Derived.svelte";
import Guarded from "./svelte/Guarded.svelte";
import Latest from "./svelte/Latest.svelte";
import Page from "./svelte/Page.svelte";
import Parts from "./svelte/Parts.svelte";
import Stage from "./svelte/Stage.svelte";
import Texts from "./svelte/Texts.svelte";

type Shown = readonly (readonly [Component, Record<string, unknown>])[];

function svelteWorld() {
  const world = clientForTest();
  const { client, clock, sockets } = world;
  const target = document.createElement("div");
  const stages: Record<string, unknown>[] = [];
  const show = (parts: Shown) => {
    if (stages.length === 0) stages.push(mount(Stage, { target, props: { client, first: parts } }));
    else Object(stages[0]).show(parts);
    flushSync();
  };
  onTestFinished(async () => {
    for (const stage of stages) await unmount(stage);
    client.close();
  });
  const settle = async () => {
    await clock.settle();
    flushSync();
  };
  const deliver = async (frames: readonly Frame[], socket = sockets.last) => {
    socket.deliver(...frames);
    await settle();
  };
  return {
    ...world,
    target,
    show,
    hydrate: (html: string, parts: Shown) => {
      target.innerHTML = html;
      stages.push(hydrate(Stage, { target, props: { client, first: parts } }));
      flushSync();
    },
    text: () => target.textContent.trim().replaceAll(/\s+/g, " "),
    advance: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    deliver,
    goLive: (greeting: Frame = {}, ...replayed: Frame[]) => {
      const frame = connected(greeting);
      return deliver([frame, ...replayed, caughtUp(Number(frame.head))]);
    },
    openSockets: () => sockets.all.filter(({ closedWith }) => closedWith === undefined),
    find: (path: string) => {
      const found = sockets.all.find(({ url }) => url.pathname.endsWith(path));
      if (found === undefined) throw new Error(`nothing was dialed at ${path}`);
      return found;
    },
  };
}

it("[C256] the latest messages change with them alone, and follow their number", async () => {
  const { show, advance, goLive, deliver, text } = svelteWorld();
  let reads = 0;
  let setLatest: (count: number) => void = () => {};
  const onRead = () => {
    reads += 1;
  };
  const onMore = (set: typeof setLatest) => {
    setLatest = set;
  };
  show([[Latest, { onRead, onMore }]]);
  await advance(0);
  await goLive({ head: 5 }, batch(...[1, 2, 3, 4, 5].map((seq) => message(seq))));
  expect(text()).toBe("4,5");
  reads = 0;
  await deliver([deletion(6, 1)]);
  expect(reads).toBe(0);
  await deliver([batch(message(7), message(8))]);
  expect([text(), reads]).toEqual(["7,8", 1]);
  setLatest(4);
  flushSync();
  expect(text()).toBe("4,5,7,8");
});

it("[V1] opens a room while a component is mounted, and leaves it with the last", async () => {
  const { show, advance, goLive, deliver, sockets, text, openSockets } = svelteWorld();
  const texts = [Texts, { name: "lobby" }] as const;
  show([texts, texts]);
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  await deliver([message(2)]);
  expect([sockets.count, text()]).toEqual([1, "text 1,text 2text 1,text 2"]);
  show([texts]);
  await advance(10_000);
  expect(openSockets().length).toBe(1);
  show([]);
  await advance(0);
  expect(openSockets()).toEqual([]);
});

it("[V4] a prop that changes leaves the old room, and shows nothing of it", async () => {
  const { show, advance, goLive, deliver, sockets, text, openSockets } = svelteWorld();
  show([[Texts, { name: "lobby" }]]);
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  show([[Texts, { name: "other" }]]);
  expect(text()).toBe("");
  await advance(0);
  const [lobby, other] = sockets.all;
  expect(openSockets()).toEqual([other]);
  await deliver([connected({ room: "other" }), batch(message(1, { data: { text: "new" } })), caughtUp(1)]);
  await deliver([message(2)], lobby);
  expect(text()).toBe("new");
});

it("[V6] typing renders no list of messages, and a turn renders it once", async () => {
  const { show, advance, goLive, deliver } = svelteWorld();
  const onRead = vi.fn();
  show([[Texts, { name: "lobby", onRead }]]);
  await advance(0);
  await goLive();
  await deliver([message(1)]);
  onRead.mockClear();
  for (let n = 0; n < 100; n++) {
    const from = { id: `usr_${n + 2}` };
    await deliver([{ type: "signal", event: "typing", from, data: { isTyping: true }, at: 1 }]);
  }
  expect(onRead).toHaveBeenCalledTimes(0);
  await deliver([batch(...Array.from({ length: 50 }, (_, n) => message(n + 2)))]);
  expect(onRead).toHaveBeenCalledTimes(1);
});

it("[V7][V8][V9][V10][V11][V12] pages, sends, people, the connection, events and notifications", async () => {
  const { show, advance, deliver, find, text } = svelteWorld();
  let parts: { chat: MessagesPart; outbox: SendPart; inbox: Inbox } | undefined;
  const [heard, tasks]: [unknown[], number[]] = [[], []];
  const props = {
    onParts: (made: typeof parts) => {
      parts = made;
    },
    onHeard: (what: unknown) => heard.push(what),
    onTasks: (count: number) => tasks.push(count),
  };
  show([[Parts, props]]);
  expect(text()).toBe("0 true false | 0 0 | 0 0 0 0 | connecting connecting | 0");
  await parts?.chat.loadOlder();
  await advance(0);
  const [room, inbox] = [find("/lobby/connect"), find("/v1/connect")];
  const people = { members: [member("Bo")], occupancy: { members: 1, connections: 1 } };
  await deliver([connected({ head: 9, ...people }), batch(message(9, { event: "task" })), caughtUp(9)], room);
  await deliver([sessionConnected({ head: 1 }), batch(notification(1)), caughtUp(1), notification(2)], inbox);
  expect(text()).toBe("1 true false offline | 0 0 | 1 1 0 0 | connected connected | n2,n1 2");
  void parts?.chat.loadOlder(2);
  void parts?.chat.loadOlder(2);
  await advance(0);
  expect(text()).toMatch(/^1 true true \|/);
  const asked = room.sentOf("history");
  expect(asked.length).toBe(1);
  await deliver([{ type: "ok", id: asked[0]?.id, messages: [message(8)], seq: 8 }, message(10)], room);
  expect(text()).toMatch(/^3 false false \| 0 0 \| 1 1 0 1 /);
  expect(tasks).toEqual([0, 1]);
  parts?.outbox.send("a").catch(() => {});
  await advance(0);
  expect(text()).toContain("| 1 0 |");
  await deliver([refusal(room.sentOf("send").at(-1), "forbidden")], room);
  expect(text()).toContain("| 0 1 |");
  parts?.outbox.discard(parts.outbox.failed[0]?.id ?? "");
  await advance(0);
  expect(text()).toContain("| 0 0 |");
  expect(heard.splice(0)).toEqual([["task", true], "n2"]);
  await deliver(
    [message(11, { event: "task.done" }), message(12, { event: "task", from: { id: "usr_1" } })],
    room,
  );
  show([]);
  await deliver([message(13, { event: "task" })], room);
  expect(heard).toEqual([["task.done", false]]);
});

it("[V24] a selector follows the state that it reads", async () => {
  const { show, advance, goLive, deliver, text, target } = svelteWorld();
  show([[Guarded, { name: "lobby" }]]);
  await advance(0);
  await goLive({ head: 2 }, batch(message(1), message(2, { event: "task" })));
  expect(text()).toBe("chat: text 1");
  target.querySelector("button")?.click();
  flushSync();
  expect(text()).toBe("task: text 2");
  await deliver([message(3, { event: "task" }), message(4)]);
  expect(text()).toBe("task: text 2,text 3");
});

it("[V7][V25] a selector that throws reaches the boundary, and so does a name that is none of a room", async () => {
  const { show, advance, goLive, deliver, text, target, openSockets } = svelteWorld();
  const isNoName = expect.stringMatching(/^caught .*is no name of a room/);
  show([[Guarded, { name: "lobby" }]]);
  await advance(0);
  await goLive();
  await deliver([message(1, { data: { text: "bad" } })]);
  expect(text()).toBe("caught cannot select");
  await deliver([{ type: "messageUpdated", seq: 2, target: 1, data: { text: "good" }, at: 2 }]);
  show([]);
  await advance(0);
  expect(openSockets()).toEqual([]);
  show([[Guarded, { name: "no name!" }]]);
  expect(text()).toEqual(isNoName);
  show([[Guarded, { name: "lobby" }]]);
  target.querySelector("button")?.click();
  await advance(0);
  expect([text(), openSockets().length]).toEqual(["chat:", 1]);
  show([[Guarded, { name: "no name!" }]]);
  await advance(0);
  expect([text(), openSockets().length]).toEqual([isNoName, 0]);
});

it("[V15] throws outside of a component and without a client", () => {
  const { client } = clientForTest();
  expect(() => useMessages(client.peek("lobby"))).toThrow("lifecycle_outside_component");
  expect(() => useRoom("lobby")).toThrow("lifecycle_outside_component");
  const target = document.createElement("div");
  expect(() => mount(Texts, { target, props: { name: "lobby" } })).toThrow("call provideRooms(client)");
});

it("[V16] components that come and go leave no subscription behind, also where a `$derived` is read outside of effects", async () => {
  const { show, advance, client } = svelteWorld();
  const { room, live } = countedRoom(client.room("lobby"));
  const reads: (() => number)[] = [];
  for (let n = 0; n < 50; n++) {
    show([[Derived, { room, onMade: (read: () => number) => reads.push(read) }]]);
    expect([reads.at(-1)?.(), live()]).toEqual([0, 1]);
    show([]);
    await advance(0);
    expect([reads.at(-1)?.(), live()]).toEqual([0, 0]);
  }
});

it("[V14] a server opens nothing, and a browser hydrates what it rendered", async () => {
  const script = join(import.meta.dirname, "support/render-svelte.ts");
  const html = execFileSync(process.execPath, [script], { encoding: "utf8" });
  expect(html.replaceAll(/<!--.*?-->/g, "")).toBe('<p title="connecting">0 0</p>');
  const { hydrate, target, advance, goLive } = svelteWorld();
  const faults = vi.spyOn(console, "warn").mockImplementation(() => {});
  hydrate(html, [[Page, {}]]);
  expect(target.querySelector("p")?.outerHTML).toBe('<p title="connecting">0 0</p>');
  const node = target.querySelector("p");
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  expect([target.querySelector("p") === node, faults.mock.calls]).toEqual([true, []]);
  faults.mockRestore();
});
