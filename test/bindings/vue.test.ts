// The Vue binding: real components beside the real client, which talks to a server that the test plays.

import { expect, it } from "vitest";
import { defineComponent, effectScope, h, nextTick, onErrorCaptured, ref, Suspense } from "vue";
import {
  type MessagesPart,
  type SendPart,
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
import { either, now, textsOf, vueWorld } from "./support/vue-for-test.ts";

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

it("[C256] the latest messages change with them alone, and follow their number", async () => {
  const { mount, advance, goLive, deliver, text } = vueWorld();
  const latest = ref(2);
  let renders = 0;
  mount(
    defineComponent(() => {
      const { messages } = useMessages(useRoom("lobby", now), () => ({ latest: latest.value }));
      return () => {
        renders += 1;
        return h("p", messages.value.map(({ seq }) => seq).join());
      };
    }),
  );
  await advance(0);
  await goLive({ head: 5 }, batch(...[1, 2, 3, 4, 5].map((seq) => message(seq))));
  expect(text()).toBe("4,5");
  renders = 0;
  await deliver([deletion(6, 1)]);
  expect(renders).toBe(0);
  await deliver([batch(message(7), message(8))]);
  expect([text(), renders]).toEqual(["7,8", 1]);
  latest.value = 4;
  await nextTick();
  expect(text()).toBe("4,5,7,8");
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

it("[V22] a store outlives the component that made it, and is not paused with it", async () => {
  const { mount, advance, goLive, deliver, text } = vueWorld();
  let made: ReturnType<typeof useMessages> | undefined;
  const store = () => {
    made ??= effectScope(true).run(() => effectScope().run(() => useMessages(useRoom("lobby", now))));
    return made;
  };
  const isFirst = ref(true);
  const First = defineComponent(() => {
    const part = store();
    return () => h("p", `${part?.messages.value.length}`);
  });
  const Either = either(First, isFirst);
  const Other = defineComponent(() => () => h("b", `${made?.messages.value.length}`));
  mount(() => [h(Either), h(Other)]);
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  isFirst.value = false;
  await advance(60_000);
  await deliver([message(2)]);
  expect(text()).toBe("empty2");
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

it("[V7][V24] a selector follows the state that it reads, and one that throws reaches the component above", async () => {
  const { mount, advance, goLive, deliver, text } = vueWorld();
  const kind = ref("chat");
  const caught: string[] = [];
  const Selected = defineComponent(() => {
    const texts = useSnapshot(useRoom("lobby", now), ({ messages }) => {
      if (messages.length > 2) throw new Error("cannot select");
      return messages.filter(({ event }) => event === kind.value).map(({ data }) => Object(data).text);
    });
    return () => texts.value.join();
  });
  mount(
    defineComponent(() => {
      onErrorCaptured((error) => {
        caught.push(error.message);
        return false;
      });
      return () => h(Selected);
    }),
  );
  await advance(0);
  await goLive({ head: 2 }, batch(message(1), message(2, { event: "task" })));
  expect(text()).toBe("text 1");
  kind.value = "task";
  await nextTick();
  expect(text()).toBe("text 2");
  await deliver([message(3)]);
  expect(caught).toEqual(["cannot select"]);
});

it("[V25] a name that is none of a room is caught above, at first and later, and leaves the old room", async () => {
  const { mount, advance, goLive, sockets, openSockets, text, warnings } = vueWorld();
  const caught: string[] = [];
  const isNoName = expect.stringMatching(/is no name of a room/);
  const [name, isShown] = [ref("no name!"), ref(true)];
  const Texts = textsOf(() => name.value);
  mount(
    defineComponent(() => {
      onErrorCaptured((error) => {
        caught.push(error.message);
        return false;
      });
      return () => isShown.value && h(Texts);
    }),
  );
  expect(caught.splice(0)).toEqual([isNoName]);
  // Vue says that what has no setup has no template.
  expect(warnings.splice(0).length).toBe(1);
  isShown.value = false;
  await nextTick();
  name.value = "lobby";
  isShown.value = true;
  await advance(0);
  await goLive({ head: 1 }, batch(message(1)));
  expect([openSockets().length, text(), caught]).toEqual([1, "text 1", []]);
  name.value = "no name, again!";
  await advance(0);
  expect([...new Set(caught.splice(0))]).toEqual([isNoName]);
  expect([openSockets(), text()]).toEqual([[], ""]);
  name.value = "other";
  await advance(0);
  expect([openSockets().length, sockets.last.url.pathname, caught]).toEqual([
    1,
    "/v1/rooms/other/connect",
    [],
  ]);
});

it("[V8][V9][V10] pages, sends, members, unread and the connection are shown", async () => {
  const { mount, advance, goLive, deliver, sockets, text } = vueWorld();
  let part: (MessagesPart & SendPart) | undefined;
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

it("[V26] a room is the same while its name is, whatever else the getter reads", async () => {
  const { mount } = vueWorld();
  const [user, handles] = [ref("ada"), new Set<unknown>()];
  const Team = defineComponent(() => {
    const room = useRoom(() => (user.value === "" ? "none" : "team"), now);
    return () => {
      handles.add(room.value);
      return user.value;
    };
  });
  mount(Team);
  user.value = "bob";
  await nextTick();
  expect(handles.size).toBe(1);
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
