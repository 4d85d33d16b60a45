// The bindings with clients of `edge-rooms/testing`, beside the whole server.

import { act } from "react";
import { createRoot } from "react-dom/client";
import { type Component, flushSync, mount, unmount } from "svelte";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp, defineComponent, h, nextTick } from "vue";
import { EdgeRooms, useMessages, useRoom } from "../../client/react/index.ts";
import type { RoomHandle } from "../../client/room/room-handle.ts";
import { sharingOver } from "../../client/tabs/sharing-over.ts";
import { createTestRooms } from "../../client/testing/index.ts";
import {
  provideRooms,
  useMessages as useVueMessages,
  useRoom as useVueRoom,
} from "../../client/vue/index.ts";
import { FakeBrowserTabs } from "../support/fake-browser-tabs.ts";
import Stage from "./svelte/Stage.svelte";
import Texts from "./svelte/Texts.svelte";

/** What tabs say to each other comes at once. */
const AT_ONCE = {
  now: () => 0,
  elapsed: () => 0,
  after: (_: number, fn: () => void) => {
    queueMicrotask(fn);
    return () => {};
  },
};

async function roomsForTest(way: "its own" | "that of another tab") {
  const rooms = await createTestRooms();
  onTestFinished(() => rooms.close());
  const bob = rooms.client({ user: "bob" }).room("lobby");
  const browser = new FakeBrowserTabs(AT_ONCE);
  const clientOfAda = () =>
    rooms.client({
      user: "ada",
      ...(way === "that of another tab" && { tabs: sharingOver(browser.open().ports) }),
    });
  if (way === "that of another tab") {
    clientOfAda().room("lobby");
    await rooms.settle();
  }
  return { rooms, ada: clientOfAda(), bob };
}

/** What a page shows while bob writes, ada's connection drops, and time passes. */
async function shownDuring(
  { rooms, bob }: { readonly rooms: Awaited<ReturnType<typeof createTestRooms>>; readonly bob: RoomHandle },
  shown: () => string,
  doing: (act: () => Promise<unknown>) => Promise<void>,
): Promise<readonly string[]> {
  const seen: string[] = [];
  const see = async (run: () => Promise<unknown>) => {
    await doing(run);
    seen.push(shown());
  };
  await see(() => rooms.settle());
  await see(async () => {
    await bob.send({ text: "one" });
    await rooms.settle();
  });
  await rooms.dropConnections({ user: "ada" });
  await see(() => bob.send({ text: "two" }));
  await see(() => rooms.clock.advance(3_000));
  return seen;
}

const SEEN = ["", "one", "one", "one,two"];

describe.each(["its own", "that of another tab"] as const)("over a connection: %s", (way) => {
  it("[V50][C269] React shows what happens, each step in act()", async () => {
    const { rooms, ada, bob } = await roomsForTest(way);
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    onTestFinished(() => void Reflect.deleteProperty(globalThis, "IS_REACT_ACT_ENVIRONMENT"));
    const Chat = () =>
      useMessages(useRoom("lobby"))
        .messages.map(({ data }) => textIn(data))
        .join();
    const page = document.createElement("div");
    const root = createRoot(page);
    await act(() =>
      root.render(
        <EdgeRooms client={ada}>
          <Chat />
        </EdgeRooms>,
      ),
    );
    const doing = async (run: () => Promise<unknown>) => {
      await act(run);
    };
    expect(await shownDuring({ rooms, bob }, () => page.textContent ?? "", doing)).toEqual(SEEN);
    await act(() => root.unmount());
  });

  it("[V50][C269] Vue shows what happens", async () => {
    const { rooms, ada, bob } = await roomsForTest(way);
    const Chat = defineComponent(() => {
      const { messages } = useVueMessages(useVueRoom("lobby"));
      return () => messages.value.map(({ data }) => textIn(data)).join();
    });
    const page = document.createElement("div");
    const app = createApp(
      defineComponent(() => {
        provideRooms(ada);
        return () => h(Chat);
      }),
    );
    app.mount(page);
    const doing = async (run: () => Promise<unknown>) => {
      await run();
      await nextTick();
    };
    expect(await shownDuring({ rooms, bob }, () => page.textContent ?? "", doing)).toEqual(SEEN);
    app.unmount();
  });

  it("[V50][C269] Svelte shows what happens", async () => {
    const { rooms, ada, bob } = await roomsForTest(way);
    const target = document.createElement("div");
    const first: [Component, object][] = [[Texts, { name: "lobby" }]];
    const stage = mount(Stage, { target, props: { client: ada, first } });
    const doing = async (run: () => Promise<unknown>) => {
      await run();
      flushSync();
    };
    expect(await shownDuring({ rooms, bob }, () => target.textContent ?? "", doing)).toEqual(SEEN);
    await unmount(stage);
  });
});

const textIn = (data: unknown): string =>
  typeof data === "object" && data !== null && "text" in data ? String(data.text) : "";
