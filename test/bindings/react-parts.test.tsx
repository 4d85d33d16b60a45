// What the React binding shows of a room: real components beside the real client, whose server the test plays.

import { act, type ReactNode, StrictMode } from "react";
import { describe, expect, it, vi } from "vitest";
import type { OutboxItem, RoomHandle } from "../../client/index.ts";
import {
  type SendPart,
  useConnection,
  useMembers,
  useMessages,
  useNotifications,
  useRoomEvent,
  useSend,
  useSnapshot,
  useTyping,
  useUnread,
} from "../../client/react/index.ts";
import {
  batch,
  caughtUp,
  deletion,
  member,
  message,
  notification,
  refusal,
  sessionConnected,
} from "../unit/client/support/frames.ts";
import { countedRoom } from "./support/counted-room.ts";
import { Boundary, Room, reactWorld, Texts } from "./support/react-for-test.tsx";

const typingOf = (user: string) => ({
  type: "signal",
  event: "typing",
  from: { id: user },
  data: { isTyping: true },
  at: 1,
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

  it("[C256] the latest messages render once for each turn that changes them, and follow their number", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    const shown: string[] = [];
    const List = ({ room, latest }: { room: RoomHandle; latest: number }) => {
      const { messages } = useMessages(room, { latest });
      shown.push(messages.map(({ seq }) => seq).join());
      return shown.at(-1);
    };
    const page = (latest: number) => (
      <Room name="lobby">{(room) => <List room={room} latest={latest} />}</Room>
    );
    await render(page(2));
    await advance(0);
    await goLive({ head: 5 }, batch(...[1, 2, 3, 4, 5].map((seq) => message(seq))));
    expect(text()).toBe("4,5");
    shown.length = 0;
    // Neither what is older than the latest, nor who types, is shown.
    await deliver([deletion(6, 1), typingOf("usr_2")]);
    expect(shown).toEqual([]);
    await deliver([batch(message(7), message(8), message(9))]);
    expect(shown).toEqual(["8,9"]);
    await deliver([deletion(10, 9)]);
    expect(shown).toEqual(["8,9", "8,9"]);
    await render(page(4));
    expect(text()).toBe("5,7,8,9");
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

  it("[V23] an inline selector whose results are never the same renders with changes of the room only", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    let renders = 0;
    const Count = ({ room }: { room: RoomHandle }) => {
      renders += 1;
      if (renders > 50) throw new Error("It renders without end.");
      return useSnapshot(room, ({ members }) => new Set(members.map(({ id }) => id))).size;
    };
    await render(<Room name="lobby">{(room) => <Count room={room} />}</Room>);
    await advance(0);
    await goLive({ members: [member("Bo")] });
    expect(text()).toBe("1");
    renders = 0;
    await deliver([message(1)]);
    expect([renders, text()]).toEqual([1, "1"]);
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
    let part: SendPart | undefined;
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
