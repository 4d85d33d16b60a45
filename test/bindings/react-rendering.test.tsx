// How the React binding renders: on a server, while it hydrates, and beside a transition.

import { act, type ReactNode, StrictMode, Suspense, startTransition, use, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { expect, it, onTestFinished, vi } from "vitest";
import type { RoomHandle } from "../../client/index.ts";
import {
  EdgeRooms,
  useConnection,
  useMessages,
  useNotifications,
  useRoom,
} from "../../client/react/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import { batch, caughtUp, connected, message } from "../unit/client/support/frames.ts";
import { reactWorld } from "./support/react-for-test.tsx";

const useLobby = () => useRoom("lobby", { releaseAfterMs: 0 });

const Count = ({ room }: { room: RoomHandle }) => <p>{useMessages(room).messages.length}</p>;

const Page = ({ children }: { children?: ReactNode }) => {
  const room = useLobby();
  const { unread } = useNotifications();
  return (
    <main title={useConnection(room).status}>
      <Count room={room} />
      <i>{unread}</i>
      {children}
    </main>
  );
};

const onServer = (children: ReactNode) => {
  const { client, clock, sockets } = clientForTest();
  const html = renderToString(<EdgeRooms client={client}>{children}</EdgeRooms>);
  return { html, clock, sockets };
};

it("[V14] a server renders a room that connects, opens nothing, and leaves nothing behind", async () => {
  const { html, clock, sockets } = onServer(<Page />);
  await clock.advance(60_000);
  expect(html).toBe('<main title="connecting"><p>0</p><i>0</i></main>');
  expect([sockets.count, clock.pending]).toEqual([0, 0]);
});

it.each([false, true])(
  "[V14] hydrates what the server rendered, and then shows the room; StrictMode: %s",
  async (isStrict) => {
    const { hydrate, client, clock, sockets, container, faults, advance } = reactWorld();
    // Another page of this client has filled it.
    client.room("lobby");
    await clock.advance(0);
    sockets.last.deliver(connected({ head: 7 }), batch(message(6), message(7)), caughtUp(7));
    const { html } = onServer(<Page />);
    const shown: string[] = [];
    const observer = new MutationObserver(() => shown.push(container.querySelector("p")?.textContent ?? ""));
    observer.observe(container, { childList: true, subtree: true, characterData: true });
    vi.spyOn(console, "error").mockImplementation((...fault) => void shown.push(String(fault)));
    await hydrate(
      html,
      isStrict ? (
        <StrictMode>
          <Page />
        </StrictMode>
      ) : (
        <Page />
      ),
    );
    await advance(0);
    observer.disconnect();
    vi.restoreAllMocks();
    expect(container.innerHTML).toBe('<main title="connected"><p>2</p><i>0</i></main>');
    expect([faults, new Set(shown)]).toEqual([[], new Set(["0", "2"])]);
  },
);

it("[V14] what a lazy boundary has not hydrated yet stays as the server rendered it", async () => {
  const { hydrate, client, clock, sockets, container, faults } = reactWorld();
  client.room("lobby");
  await clock.advance(0);
  sockets.last.deliver(connected({ head: 7 }), batch(message(7)), caughtUp(7));
  let load = () => {};
  const loading = new Promise<void>((resolve) => {
    load = resolve;
  });
  const Loaded = () => <b>lazy</b>;
  const Lazy = () => {
    use(loading);
    return <Loaded />;
  };
  const Whole = ({ part: Part }: { part: () => ReactNode }) => (
    <p>
      <i>{useMessages(useLobby()).messages.length}</i>
      <Suspense fallback="wait">
        <Part />
      </Suspense>
    </p>
  );
  const { html } = onServer(<Whole part={Loaded} />);
  await hydrate(html, <Whole part={Lazy} />);
  const node = container.querySelector("b");
  expect([container.querySelector("i")?.textContent, node?.textContent]).toEqual(["0", "lazy"]);
  await act(async () => load());
  expect(container.textContent).toBe("1lazy");
  expect([container.querySelector("b") === node, faults]).toEqual([true, []]);
});

it("[V13] messages that keep coming do not start a transition over", async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = false;
  const { client, clock, sockets } = clientForTest();
  const { promise: fault, reject } = Promise.withResolvers<never>();
  const root = createRoot(document.createElement("div"), { onUncaughtError: reject });
  onTestFinished(() => {
    root.unmount();
    globalThis.IS_REACT_ACT_ENVIRONMENT = true;
    client.close();
  });
  const ROWS = [...Array(20).keys()];
  const MOST = 400;
  let rows = 0;
  let seq = 0;
  const Row = ({ room }: { room: RoomHandle }) => {
    rows += 1;
    if (rows > MOST) throw new Error("The transition starts over without end.");
    // Longer than React works at a stretch. Meanwhile a message comes.
    const until = performance.now() + 6;
    while (performance.now() < until);
    setImmediate(() => sockets.last.deliver(message(++seq)));
    return useMessages(room).messages.length;
  };
  let show = () => {};
  const ended = new Promise<void>((resolve) => {
    const App = () => {
      const room = useLobby();
      const [isShown, setShown] = useState(false);
      show = () => startTransition(() => setShown(true));
      useEffect(() => {
        if (isShown) resolve();
      }, [isShown]);
      return [<Count key="count" room={room} />, isShown && ROWS.map((n) => <Row key={n} room={room} />)];
    };
    const ready = new Promise<void>((mounted) => {
      const Mounted = () => {
        useEffect(mounted, []);
        return null;
      };
      root.render(
        <EdgeRooms client={client}>
          <App />
          <Mounted />
        </EdgeRooms>,
      );
    });
    ready
      .then(async () => {
        await clock.advance(0);
        sockets.last.deliver(connected(), caughtUp(0));
        show();
      })
      .catch(reject);
  });
  await Promise.race([ended, fault]);
  // Each once in the transition, and once with what came meanwhile.
  expect(rows).toBeLessThanOrEqual(3 * ROWS.length);
});
