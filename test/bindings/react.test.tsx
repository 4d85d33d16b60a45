// The React binding: real components beside the real client, which talks to a server that the test plays.

import { Activity, act, Component, type ReactNode, StrictMode, Suspense, use } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, it, vi } from "vitest";
import type { OutboxItem, RoomHandle } from "../../client/index.ts";
import {
  EdgeRooms,
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
} from "../../client/react/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
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
import { reactWorld } from "./support/react-for-test.tsx";

const typingOf = (user: string) => ({
  type: "signal",
  event: "typing",
  from: { id: user },
  data: { isTyping: true },
  at: 1,
});

const textsOf = (room: RoomHandle) =>
  useMessages(room)
    .messages.map(({ data }) => Object(data).text)
    .join();

const Texts = ({ room }: { room: RoomHandle }) => <p>{textsOf(room)}</p>;

const now = { releaseAfterMs: 0 };

const Room = ({ name, children }: { name: string; children: (room: RoomHandle) => ReactNode }) =>
  children(useRoom(name, now));

const texts = (room: RoomHandle) => <Texts room={room} />;

class Boundary extends Component<{ readonly children: ReactNode }, { readonly fault?: Error }> {
  override state: { readonly fault?: Error } = {};
  static getDerivedStateFromError = (fault: Error) => ({ fault });
  override render() {
    return this.state.fault === undefined ? this.props.children : `caught ${this.state.fault.message}`;
  }
}

describe("useRoom", () => {
  it("[V1] opens a room while a component is mounted, and leaves it one turn after the last has gone", async () => {
    const { render, advance, goLive, deliver, sockets, text, openSockets } = reactWorld();
    await render([
      <Room key="1" name="lobby">
        {texts}
      </Room>,
      <Room key="2" name="lobby">
        {texts}
      </Room>,
    ]);
    await advance(0);
    await goLive({ head: 1 }, batch(message(1)));
    await deliver([message(2)]);
    expect([sockets.count, text()]).toEqual([1, "text 1,text 2".repeat(2)]);
    await render([
      <Room key="2" name="lobby">
        {texts}
      </Room>,
    ]);
    await advance(10_000);
    expect(openSockets().length).toBe(1);
    await render(null);
    expect(openSockets().length).toBe(1);
    await advance(0);
    expect(openSockets()).toEqual([]);
  });

  it("[V1] stays for a time that can be set, so that a page left and entered again keeps the room", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { render, advance, goLive, sockets, text, openSockets } = reactWorld();
      const Page = () => <Texts room={useRoom("lobby")} />;
      await render(<Page />);
      await advance(0);
      await goLive({ head: 1 }, batch(message(1)));
      await render(null);
      vi.advanceTimersByTime(2_900);
      await advance(0);
      await render(<Page />);
      vi.advanceTimersByTime(10_000);
      await advance(0);
      expect([sockets.count, openSockets().length, text()]).toEqual([1, 1, "text 1"]);
      await render(null);
      vi.advanceTimersByTime(3_100);
      await advance(0);
      expect(openSockets()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("[V2] a render that never commits opens nothing", async () => {
    const { render, advance, sockets, clock } = reactWorld();
    const never = new Promise<void>(() => {});
    let renders = 0;
    const Suspended = () => {
      renders += 1;
      const shown = textsOf(useRoom("lobby", now));
      use(never);
      return <p>{shown}</p>;
    };
    for (let round = 0; round < 3; round++) {
      await render(
        <Suspense key={round} fallback="wait">
          <Suspended />
        </Suspense>,
      );
    }
    await advance(60_000);
    expect(renders).toBeGreaterThan(2);
    expect([sockets.count, clock.pending]).toEqual([0, 0]);
  });

  it("[V2] a room that is only looked at shows what others hold, also after it was left and opened again", async () => {
    const { render, advance, goLive, deliver, client, sockets, text } = reactWorld();
    const room = client.peek("lobby");
    const heard: unknown[] = [];
    const Looking = () => {
      useRoomEvent(room, "chat", ({ data }) => heard.push(Object(data).text));
      return useConnection(room).status + textsOf(room);
    };
    await render(<Looking />);
    await advance(60_000);
    expect([text(), sockets.count]).toEqual(["disconnected", 0]);
    for (const seq of [1, 2]) {
      const other = client.room("lobby");
      await advance(0);
      await goLive({ head: seq - 1 });
      await deliver([message(seq)]);
      expect(text()).toBe(`connectedtext ${seq}`);
      other.leave();
      await advance(0);
      expect(text()).toBe("disconnected");
    }
    expect(heard).toEqual(["text 1", "text 2"]);
  });

  it("[V2] without a client above it throws", async () => {
    const root = createRoot(document.createElement("div"), { onUncaughtError: () => {} });
    await expect(act(async () => root.render(<Room name="lobby">{texts}</Room>))).rejects.toThrow(
      "<EdgeRooms client",
    );
  });

  it("[V3] StrictMode joins once, and moving a component does not leave", async () => {
    const { render, advance, goLive, sockets, openSockets } = reactWorld();
    const at = (place: number) => (
      <StrictMode>
        <div>{place === 1 && <Room name="lobby">{texts}</Room>}</div>
        <b>{place === 2 && <Room name="lobby">{texts}</Room>}</b>
      </StrictMode>
    );
    await render(at(1));
    await advance(0);
    await goLive();
    await render(at(2));
    await advance(60_000);
    expect([sockets.count, openSockets().length]).toEqual([1, 1]);
  });

  it("[V4] another name leaves the old room, and shows nothing of it", async () => {
    const { render, advance, goLive, deliver, sockets, text, openSockets } = reactWorld();
    const seen: string[] = [];
    const Page = ({ name }: { name: string }) => {
      const room = useRoom(name, now);
      const shown = textsOf(room);
      seen.push(`${name} ${shown}`);
      return shown;
    };
    await render(<Page name="lobby" />);
    await advance(0);
    await goLive({ head: 1 }, batch(message(1)));
    seen.length = 0;
    await render(<Page name="other" />);
    await advance(0);
    const [lobby, other] = sockets.all;
    expect(openSockets()).toEqual([other]);
    await deliver([connected({ room: "other" }), batch(message(1, { data: { text: "new" } })), caughtUp(1)]);
    await deliver([message(2)], lobby);
    expect(text()).toBe("new");
    expect(seen).not.toContain("other text 1");
  });

  it("[V4] another client leaves the room of the old one", async () => {
    const [first, second] = [clientForTest(), clientForTest()];
    const { render, advance, text } = reactWorld();
    const page = ({ client }: typeof first) => (
      <EdgeRooms client={client}>
        <Room name="lobby">{texts}</Room>
      </EdgeRooms>
    );
    await render(page(first));
    await act(() => first.clock.advance(0));
    await act(async () => first.sockets.last.deliver(connected(), caughtUp(0), message(1)));
    expect(text()).toBe("text 1");
    await render(page(second));
    await act(() => first.clock.advance(0));
    await act(() => second.clock.advance(0));
    expect([text(), first.sockets.last.closedWith, second.sockets.count]).toEqual(["", 1000, 1]);
    await advance(0);
    first.client.close();
    second.client.close();
  });

  it("[V5] hidden by an Activity it is left, and shown again it shows what is newest", async () => {
    const { render, advance, goLive, deliver, openSockets, client, container } = reactWorld();
    const page = (mode: "visible" | "hidden") => (
      <Activity mode={mode}>
        <Room name="lobby">{texts}</Room>
      </Activity>
    );
    // Somebody else holds it, so that it goes on while this page is hidden.
    const other = client.room("lobby");
    await render(page("visible"));
    await advance(0);
    await goLive({ head: 1 }, batch(message(1)));
    await render(page("hidden"));
    await deliver([message(2)]);
    expect(container.textContent).toBe("text 1");
    await render(page("visible"));
    expect(container.textContent).toBe("text 1,text 2");
    await render(page("hidden"));
    other.leave();
    await advance(0);
    expect(openSockets()).toEqual([]);
  });

  it("[V5] a boundary that suspends again keeps the room", async () => {
    const { render, advance, goLive, deliver, sockets, openSockets, text } = reactWorld();
    let resolve = () => {};
    const wait = new Promise<void>((done) => {
      resolve = done;
    });
    const Maybe = ({ suspends }: { suspends: boolean }) => (suspends ? use(wait) : null) ?? null;
    const page = (suspends: boolean) => (
      <Suspense fallback="wait">
        <Room name="lobby">{texts}</Room>
        <Maybe suspends={suspends} />
      </Suspense>
    );
    await render(page(false));
    await advance(0);
    await goLive();
    await render(page(true));
    expect(text()).toContain("wait");
    await advance(60_000);
    await deliver([message(1)]);
    expect([sockets.count, openSockets().length]).toEqual([1, 1]);
    resolve();
    await render(page(false));
    expect(text()).toBe("text 1");
  });
});

describe("what a component shows", () => {
  it("[V6] typing, members and state render no list of messages, and a turn renders it once", async () => {
    const { render, advance, goLive, deliver } = reactWorld();
    let lists = 0;
    let typists = 0;
    const List = ({ room }: { room: RoomHandle }) => {
      lists += 1;
      return useMessages(room).messages.length;
    };
    const Typing = ({ room }: { room: RoomHandle }) => {
      typists += 1;
      return useTyping(room).typing.length;
    };
    await render(
      <Room name="lobby">{(room) => [<List key="1" room={room} />, <Typing key="2" room={room} />]}</Room>,
    );
    await advance(0);
    await goLive({ members: [member("usr_2")] });
    await deliver([message(1)]);
    [lists, typists] = [0, 0];
    for (let n = 0; n < 100; n++) await deliver([typingOf(`usr_${n + 2}`)]);
    expect([lists, typists > 90]).toEqual([0, true]);
    await deliver([batch(...Array.from({ length: 50 }, (_, n) => message(n + 2)))]);
    expect(lists).toBe(1);
  });

  it("[V16] components that come and go, and render again, leave no subscription behind", async () => {
    const { render, client } = reactWorld();
    const { room, live, ever } = countedRoom(client.room("lobby"));
    const page = (shown: ReactNode) => <StrictMode>{shown}</StrictMode>;
    for (let n = 0; n < 50; n++) {
      await render(page(<Texts room={room} />));
      expect(live()).toBeGreaterThan(0);
      await render(page(null));
      expect(live()).toBe(0);
    }
    await render(<Texts room={room} />);
    const before = ever();
    for (let n = 0; n < 10; n++) await render(<Texts room={room} />);
    expect(ever()).toBe(before);
  });

  it("[V7] an inline selector that filters renders with a change of its result only, also after its props changed", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    let renders = 0;
    const Only = ({ room, event }: { room: RoomHandle; event: string }) => {
      renders += 1;
      return useSnapshot(room, ({ messages }) => messages.filter((held) => held.event === event)).length;
    };
    const page = (event: string) => <Room name="lobby">{(room) => <Only room={room} event={event} />}</Room>;
    await render(page("task"));
    await advance(0);
    await goLive();
    renders = 0;
    for (let seq = 1; seq <= 20; seq++) await deliver([message(seq), typingOf("usr_2")]);
    expect([renders, text()]).toEqual([0, "0"]);
    await deliver([message(21, { event: "task" })]);
    expect([renders, text()]).toEqual([1, "1"]);
    await render(page("chat"));
    expect(text()).toBe("20");
    await deliver([message(22)]);
    expect(text()).toBe("21");
  });

  it("[V7] a selector that throws reaches the boundary, and the others are called all the same", async () => {
    const { render, advance, goLive, deliver, text, client } = reactWorld();
    const faults: unknown[] = [];
    vi.stubGlobal("reportError", (fault: unknown) => faults.push(fault));
    vi.spyOn(console, "error").mockImplementation(() => {});
    const Second = ({ room }: { room: RoomHandle }) =>
      useSnapshot(room, ({ messages }) => {
        if (messages.length === 2) throw new Error("of the app");
        return messages.length;
      });
    await render(
      <Room name="lobby">
        {(room) => (
          <Boundary>
            {[<Second key="1" room={room} />]}
            <Texts room={room} />
          </Boundary>
        )}
      </Room>,
    );
    await advance(0);
    await goLive();
    await deliver([message(1)]);
    expect(text()).toBe("1text 1");
    await deliver([message(2)]);
    expect([text(), client.state.status, ...faults]).toEqual(["caught of the app", "connected"]);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("[V7] a row that was just removed selects nothing, and does not throw", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    const Row = ({ room, id }: { room: RoomHandle; id: string }) =>
      useSnapshot(room, ({ members }) => Object(members.find((held) => held.id === id)).name);
    const Rows = ({ room }: { room: RoomHandle }) =>
      useMembers(room).members.map(({ id }) => <Row key={id} room={room} id={id} />);
    await render(<Room name="lobby">{(room) => <Rows room={room} />}</Room>);
    await advance(0);
    await goLive({ members: [member("Bo"), member("Cy")] });
    expect(text()).toBe("BoCy");
    await deliver([{ type: "memberLeft", user: "Bo", at: 2 }]);
    expect(text()).toBe("Cy");
  });

  it("[V8] pages: older ones come in front, once each, and the end and faults are shown", async () => {
    const { render, advance, goLive, deliver, sockets, text, container } = reactWorld();
    const List = ({ room }: { room: RoomHandle }) => {
      const { messages, hasOlder, isLoadingOlder, olderError, loadOlder } = useMessages(room);
      const what = [messages.length, hasOlder, isLoadingOlder, olderError?.code].join();
      return (
        <button type="button" onClick={() => loadOlder(2)}>
          {what}
        </button>
      );
    };
    await render(<Room name="lobby">{(room) => <List room={room} />}</Room>);
    const press = () => act(async () => container.querySelector("button")?.click());
    await advance(0);
    await press();
    expect(text()).toBe("0,true,false,offline");
    await goLive({ head: 9 }, batch(message(8), message(9)));
    await press();
    await press();
    await advance(0);
    expect(text()).toBe("2,true,true,");
    expect(sockets.last.sentOf("history").map(({ before, limit }) => [before, limit])).toEqual([[8, 2]]);
    const [page] = sockets.last.sentOf("history");
    await deliver([{ type: "ok", id: page?.id, messages: [message(6), message(7)], seq: 6, more: true }]);
    expect(text()).toBe("4,true,false,");
    await press();
    await advance(0);
    const last = sockets.last.sentOf("history")[1];
    await deliver([{ type: "ok", id: last?.id, messages: [message(5)], seq: 5 }]);
    expect(text()).toBe("5,false,false,");
    await deliver([]);
    sockets.last.end(1006);
    await advance(60_000);
    await goLive({ head: 20, recovery: "lost" });
    expect(text()).toBe("0,true,false,");
  });

  it("[V9] sends are pending, failed, tried again and discarded", async () => {
    const { render, advance, goLive, deliver, sockets, text } = reactWorld();
    let part: ReturnType<typeof useSend> | undefined;
    const Composer = ({ room }: { room: RoomHandle }) => {
      part = useSend(room);
      const shown = (items: readonly OutboxItem[]) => items.map(({ data }) => String(data)).join();
      return `${shown(part.pending)}|${shown(part.failed)}`;
    };
    await render(<Room name="lobby">{(room) => <Composer room={room} />}</Room>);
    const run = (fn: () => unknown) => act(async () => void fn());
    await run(() => part?.send("a"));
    await advance(0);
    expect(text()).toBe("a|");
    await goLive();
    const refuse = async () => {
      await advance(0);
      await deliver([refusal(sockets.last.sentOf("send").at(-1), "forbidden")]);
    };
    await refuse();
    expect(text()).toBe("|a");
    await run(() => part?.retry(part.failed[0]?.id ?? ""));
    expect(text()).toBe("a|");
    await refuse();
    await run(() => part?.discard(part.failed[0]?.id ?? ""));
    expect(text()).toBe("|");
  });

  it("[V10] members, the connection and unread ones are shown, of the room and of the client", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    const Bar = ({ room }: { room: RoomHandle }) => {
      const { members, occupancy } = useMembers(room);
      const names = members.map(({ name }) => name).join();
      return [
        names,
        occupancy.members,
        useConnection(room).status,
        useConnection().status,
        useUnread(room),
      ].join(" ");
    };
    await render(<Room name="lobby">{(room) => <Bar room={room} />}</Room>);
    expect(text()).toBe(" 0 connecting connecting 0");
    await advance(0);
    await goLive({ members: [member("Bo")], occupancy: { members: 1, connections: 1 } });
    await deliver([message(1)]);
    expect(text()).toBe("Bo 1 connected connected 1");
  });

  it("[V11] events call the latest function, and none once unmounted", async () => {
    const { render, advance, goLive, deliver } = reactWorld();
    const heard: string[] = [];
    const Ear = ({ room, as }: { room: RoomHandle; as: string }) => {
      useRoomEvent(room, "task", ({ event }, { replay }) => heard.push(`${as} ${event} ${replay}`), {
        own: false,
      });
      return null;
    };
    const page = (as: string) => <Room name="lobby">{(room) => <Ear room={room} as={as} />}</Room>;
    await render(page("one"));
    await advance(0);
    await goLive({ head: 1 }, batch(message(1, { event: "task" })));
    await render(page("two"));
    await deliver([message(2, { event: "task.done" }), message(3, { event: "task", from: { id: "usr_1" } })]);
    await render(<Room name="lobby">{() => null}</Room>);
    await deliver([message(4, { event: "task" })]);
    expect(heard).toEqual(["one task true", "two task.done false"]);
  });

  it("[V12] notifications: the list, the count, and a call for those that are new", async () => {
    const { render, advance, deliver, sockets, text } = reactWorld();
    const toasts: string[] = [];
    const Bell = () => {
      const { notifications, unread } = useNotifications({ onNew: ({ id }) => toasts.push(id) });
      return `${notifications.map(({ id }) => id).join()} ${unread}`;
    };
    await render(
      <StrictMode>
        <Bell />
      </StrictMode>,
    );
    await advance(0);
    expect(sockets.count).toBe(1);
    await deliver([sessionConnected({ head: 1 }), batch(notification(1)), caughtUp(1)]);
    await deliver([notification(2)]);
    expect([text(), ...toasts]).toEqual(["n2,n1 2", "n2"]);
  });
});
