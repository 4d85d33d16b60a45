// When the React binding opens and leaves rooms: real components beside the real client, whose server the test plays.

import { Activity, act, StrictMode, Suspense, use } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, it, vi } from "vitest";
import { EdgeRooms, useConnection, useRoom, useRoomEvent } from "../../client/react/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import { batch, caughtUp, connected, message } from "../unit/client/support/frames.ts";
import { Boundary, now, Room, reactWorld, Texts, texts, textsOf } from "./support/react-for-test.tsx";

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

  it("[V25] a name that is none of a room reaches the boundary, and leaves the old room", async () => {
    const { render, advance, goLive, text, openSockets, sockets } = reactWorld();
    const page = (name: string, key: number) => (
      <Boundary key={key}>
        <Room name={name}>{texts}</Room>
      </Boundary>
    );
    const isNoName = expect.stringMatching(/^caught .*is no name of a room/);
    vi.spyOn(console, "error").mockImplementation(() => {});
    await render(page("lobby", 1));
    await advance(0);
    await goLive({ head: 1 }, batch(message(1)));
    await render(page("no name!", 1));
    await advance(0);
    expect([text(), openSockets()]).toEqual([isNoName, []]);
    await render(page("no name!", 2));
    expect(text()).toEqual(isNoName);
    await render(page("other", 3));
    await advance(0);
    vi.restoreAllMocks();
    expect([openSockets().length, sockets.last.url.pathname]).toEqual([1, "/v1/rooms/other/connect"]);
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
