// The Vue binding: real components beside the real client, which talks to a server that the test plays.

import { expect, it, onTestFinished, vi } from "vitest";
import {
  type App,
  type Component,
  createApp,
  createSSRApp,
  defineComponent,
  effectScope,
  h,
  KeepAlive,
  nextTick,
  type Ref,
  ref,
  Suspense,
} from "vue";
import { renderToString } from "vue/server-renderer";
import {
  edgeRooms,
  useConnection,
  useMembers,
  useMessages,
  useNotifications,
  useRoom,
  useRoomEvent,
  useSend,
  useSnapshot,
  useTyping,
  useUnread,
} from "../../client/vue/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import type { Frame } from "../unit/client/support/fake-sockets.ts";
import {
  batch,
  caughtUp,
  connected,
  member,
  message,
  notification,
  refusal,
  sessionConnected,
} from "../unit/client/support/frames.ts";
import { countedRoom } from "./support/counted-room.ts";

const now = { releaseAfterMs: 0 };

function vueWorld() {
  const world = clientForTest();
  const { client, clock, sockets } = world;
  const container = document.createElement("div");
  let app: App | undefined;
  const warnings: string[] = [];
  onTestFinished(() => {
    app?.unmount();
    client.close();
    expect(warnings).toEqual([]);
  });
  const start = (created: App) => {
    app = created;
    app.config.warnHandler = (text) => warnings.push(text);
    app.use(edgeRooms, client).mount(container);
  };
  const advance = async (ms: number) => {
    await clock.advance(ms);
    await nextTick();
  };
  const deliver = async (frames: readonly Frame[], socket = sockets.last) => {
    socket.deliver(...frames);
    await clock.settle();
    await nextTick();
  };
  return {
    ...world,
    container,
    warnings,
    mount: (root: Component) => start(createApp(root)),
    hydrate: (html: string, root: Component) => {
      container.innerHTML = html;
      start(createSSRApp(root));
    },
    unmount: () => app?.unmount(),
    text: () => container.textContent,
    advance,
    deliver,
    goLive: (greeting: Frame = {}, ...replayed: Frame[]) => {
      const frame = connected(greeting);
      return deliver([frame, ...replayed, caughtUp(Number(frame.head))]);
    },
    openSockets: () => sockets.all.filter(({ closedWith }) => closedWith === undefined),
  };
}

/** Shows the texts of a room, and counts its renders. */
const textsOf = (name: () => string, renders = { count: 0 }) =>
  defineComponent(() => {
    const { messages } = useMessages(useRoom(name, now));
    return () => {
      renders.count += 1;
      return h("p", messages.value.map(({ data }) => Object(data).text).join());
    };
  });

/** A component that shows one of two, the first kept alive. */
const either = (first: Component, isFirst: Ref<boolean>) =>
  defineComponent(() => () => h(KeepAlive, null, { default: () => h(isFirst.value ? first : Empty) }));
const Empty = defineComponent(() => () => h("i", "empty"));

it("[V1] opens a room while a component is mounted, and leaves it with the last", async () => {
  const { mount, unmount, advance, goLive, sockets, text, openSockets } = vueWorld();
  const Texts = textsOf(() => "lobby");
  mount(() => [h(Texts), h(Texts)]);
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  expect([sockets.count, text()]).toEqual([1, "text 1text 1"]);
  unmount();
  await advance(0);
  expect(openSockets()).toEqual([]);
});

it("[V4] a ref or getter that changes leaves the old room, and shows nothing of it", async () => {
  const { mount, advance, goLive, deliver, sockets, text, openSockets } = vueWorld();
  const name = ref("lobby");
  mount(textsOf(() => name.value));
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  name.value = "other";
  await nextTick();
  expect(text()).toBe("");
  await advance(0);
  const [lobby, other] = sockets.all;
  expect(openSockets()).toEqual([other]);
  await deliver([connected({ room: "other" }), batch(message(1, { data: { text: "new" } })), caughtUp(1)]);
  await deliver([message(2)], lobby);
  expect(text()).toBe("new");
});

it("[V5] kept alive and not shown it is left and does not render, and shown again it shows what is newest", async () => {
  const { mount, advance, goLive, deliver, text, openSockets, client } = vueWorld();
  const isFirst = ref(true);
  const renders = { count: 0 };
  const other = client.room("lobby");
  mount(
    either(
      textsOf(() => "lobby", renders),
      isFirst,
    ),
  );
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  isFirst.value = false;
  await nextTick();
  renders.count = 0;
  for (let seq = 2; seq <= 20; seq++) await deliver([message(seq, { data: { text: "x" } })]);
  expect([renders.count, text()]).toEqual([0, "empty"]);
  isFirst.value = true;
  await nextTick();
  await nextTick();
  expect(text()).toBe(`text 1${",x".repeat(19)}`);
  isFirst.value = false;
  await nextTick();
  other.leave();
  await advance(0);
  expect(openSockets()).toEqual([]);
});

it("[V5] within Suspense a component that waits holds its room, and one that is dropped releases it", async () => {
  const { mount, advance, goLive, text, openSockets } = vueWorld();
  const isShown = ref(true);
  let load = () => {};
  const loading = new Promise<void>((resolve) => {
    load = resolve;
  });
  const Waiting = defineComponent(async () => {
    const { messages } = useMessages(useRoom("lobby", now));
    await loading;
    return () => h("p", `${messages.value.length}`);
  });
  mount(() => isShown.value && h(Suspense, null, { default: () => h(Waiting), fallback: () => "wait" }));
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  expect([text(), openSockets().length]).toEqual(["wait", 1]);
  load();
  await advance(0);
  expect(text()).toBe("1");
  isShown.value = false;
  await advance(0);
  expect(openSockets()).toEqual([]);
});

it("[V15] throws outside of a scope and without a client, and ends with an effect scope", async () => {
  const { client, clock, sockets } = clientForTest();
  const room = client.peek("lobby");
  expect(() => useMessages(room)).toThrow("before the first await");
  expect(() => useRoom("lobby")).toThrow("app.use(edgeRooms, client)");
  const scope = effectScope();
  const part = scope.run(() => useMessages(room));
  const release = room.hold();
  await clock.advance(0);
  sockets.last.deliver(connected(), caughtUp(0), message(1));
  expect(part?.messages.value.length).toBe(1);
  scope.stop();
  sockets.last.deliver(message(2));
  expect(part?.messages.value.length).toBe(1);
  release();
  client.close();
});

it("[V16] components that come and go leave no subscription behind", async () => {
  const { mount, client } = vueWorld();
  const { room, live } = countedRoom(client.room("lobby"));
  const isShown = ref(true);
  const Count = defineComponent(() => {
    const { messages } = useMessages(room);
    return () => `${messages.value.length}`;
  });
  mount(() => isShown.value && h(Count));
  for (let n = 0; n < 50; n++) {
    expect(live()).toBeGreaterThan(0);
    isShown.value = false;
    await nextTick();
    expect(live()).toBe(0);
    isShown.value = true;
    await nextTick();
  }
});

it("[V6] typing renders no list of messages, and a turn renders it once", async () => {
  const { mount, advance, goLive, deliver } = vueWorld();
  const renders = { count: 0 };
  let typists = 0;
  const Typing = defineComponent(() => {
    const { typing } = useTyping(useRoom("lobby", now));
    return () => {
      typists += 1;
      return h("i", `${typing.value.length}`);
    };
  });
  const Texts = textsOf(() => "lobby", renders);
  mount(() => [h(Texts), h(Typing)]);
  await advance(0);
  await goLive();
  await deliver([message(1)]);
  renders.count = 0;
  typists = 0;
  for (let n = 0; n < 100; n++) {
    const from = { id: `usr_${n + 2}` };
    await deliver([{ type: "signal", event: "typing", from, data: { isTyping: true }, at: 1 }]);
  }
  expect([renders.count, typists > 90]).toEqual([0, true]);
  await deliver([batch(...Array.from({ length: 50 }, (_, n) => message(n + 2)))]);
  expect(renders.count).toBe(1);
});

it("[V7] a selector that filters renders with a change of its result only", async () => {
  const { mount, advance, goLive, deliver, text } = vueWorld();
  let renders = 0;
  mount(
    defineComponent(() => {
      const tasks = useSnapshot(useRoom("lobby", now), ({ messages }) =>
        messages.filter(({ event }) => event === "task"),
      );
      return () => {
        renders += 1;
        return `${tasks.value.length}`;
      };
    }),
  );
  await advance(0);
  await goLive();
  renders = 0;
  for (let seq = 1; seq <= 20; seq++) await deliver([message(seq)]);
  expect([renders, text()]).toEqual([0, "0"]);
  await deliver([message(21, { event: "task" })]);
  expect([renders, text()]).toEqual([1, "1"]);
});

it("[V8][V9][V10] pages, sends, members, unread and the connection are shown", async () => {
  const { mount, advance, goLive, deliver, sockets, text } = vueWorld();
  let part: (ReturnType<typeof useMessages> & ReturnType<typeof useSend>) | undefined;
  mount(
    defineComponent(() => {
      const room = useRoom("lobby", now);
      const { messages, ...pages } = useMessages(room);
      const send = useSend(room);
      part = { messages, ...pages, ...send };
      const [{ members, occupancy }, unread] = [useMembers(room), useUnread(room)];
      const [own, best] = [useConnection(room), useConnection()];
      return () =>
        [
          [
            messages.value.length,
            pages.hasOlder.value,
            pages.isLoadingOlder.value,
            pages.olderError.value?.code,
          ],
          [send.pending.value.length, send.failed.value.length],
          [members.value.length, occupancy.value.members, unread.value, own.value.status, best.value.status],
        ].join(" | ");
    }),
  );
  expect(text()).toBe("0,true,false, | 0,0 | 0,0,0,connecting,connecting");
  await advance(0);
  await part?.loadOlder();
  await goLive(
    { head: 9, members: [member("Bo")], occupancy: { members: 1, connections: 1 } },
    batch(message(9)),
  );
  expect(text()).toBe("1,true,false,offline | 0,0 | 1,1,0,connected,connected");
  void part?.loadOlder(2);
  void part?.loadOlder(2);
  await advance(0);
  expect(text()).toMatch(/^1,true,true, /);
  const asked = sockets.last.sentOf("history");
  expect(asked.length).toBe(1);
  await deliver([{ type: "ok", id: asked[0]?.id, messages: [message(8)], seq: 8 }, message(10)]);
  expect(text()).toMatch(/^3,false,false, \| 0,0 \| 1,1,1,/);
  part?.send("a").catch(() => {});
  await advance(0);
  expect(text()).toContain("| 1,0 |");
  await deliver([refusal(sockets.last.sentOf("send").at(-1), "forbidden")]);
  expect(text()).toContain("| 0,1 |");
  part?.discard(part.failed.value[0]?.id ?? "");
  await nextTick();
  expect(text()).toContain("| 0,0 |");
});

it("[V11][V12] events and new notifications call their functions while the component is shown", async () => {
  const { mount, advance, deliver, sockets, text } = vueWorld();
  const heard: unknown[] = [];
  const isFirst = ref(true);
  const Ear = defineComponent(() => {
    useRoomEvent(useRoom("lobby", now), "task", ({ event }, { replay }) => heard.push([event, replay]), {
      own: false,
    });
    const { notifications, unread } = useNotifications({ onNew: ({ id }) => heard.push(id) });
    return () => `${notifications.value.map(({ id }) => id).join()} ${unread.value}`;
  });
  mount(either(Ear, isFirst));
  await advance(0);
  const find = (path: string) => {
    const found = sockets.all.find(({ url }) => url.pathname.endsWith(path));
    if (found === undefined) throw new Error(`nothing was dialed at ${path}`);
    return found;
  };
  const [inbox, room] = [find("/v1/connect"), find("/lobby/connect")];
  await deliver([sessionConnected({ head: 1 }), batch(notification(1)), caughtUp(1), notification(2)], inbox);
  await deliver([connected({ head: 1 }), batch(message(1, { event: "task" })), caughtUp(1)], room);
  await deliver(
    [message(2, { event: "task.done" }), message(3, { event: "task", from: { id: "usr_1" } })],
    room,
  );
  expect([text(), ...heard.splice(0)]).toEqual(["n2,n1 2", "n2", ["task", true], ["task.done", false]]);
  isFirst.value = false;
  await nextTick();
  await deliver([message(4, { event: "task" })], room);
  await deliver([notification(3)], inbox);
  expect(heard).toEqual([]);
});

const Page = defineComponent(() => {
  const room = useRoom("lobby", now);
  const [{ messages }, connection, { unread }] = [useMessages(room), useConnection(room), useNotifications()];
  return () => h("p", { title: connection.value.status }, `${messages.value.length} ${unread.value}`);
});

async function onServer(): Promise<string> {
  const { client, clock, sockets } = clientForTest();
  const html = await renderToString(createSSRApp(Page).use(edgeRooms, client));
  await clock.advance(60_000);
  expect([sockets.count, clock.pending]).toEqual([0, 0]);
  return html;
}

it("[V14] a server opens nothing, and a browser hydrates what it rendered", async () => {
  const html = await onServer();
  expect(html).toBe('<p title="connecting">0 0</p>');
  const { hydrate, client, clock, sockets, container, advance } = vueWorld();
  // Another page of this client has filled it.
  client.room("lobby");
  await clock.advance(0);
  sockets.last.deliver(connected({ head: 7 }), batch(message(7)), caughtUp(7));
  const faults = vi.spyOn(console, "error").mockImplementation(() => {});
  hydrate(html, Page);
  const node = container.firstElementChild;
  expect(container.innerHTML).toBe(html);
  await advance(0);
  expect(container.innerHTML).toBe('<p title="connected">1 0</p>');
  expect([container.firstElementChild === node, faults.mock.calls]).toEqual([true, []]);
  faults.mockRestore();
});
