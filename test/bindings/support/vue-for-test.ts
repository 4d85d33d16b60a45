// Components of Vue beside a client in a world of its own.

import { expect, onTestFinished } from "vitest";
import {
  type App,
  type Component,
  createApp,
  createSSRApp,
  defineComponent,
  h,
  KeepAlive,
  nextTick,
  type Ref,
} from "vue";
import { edgeRooms, useMessages, useRoom } from "../../../client/vue/index.ts";
import { clientForTest } from "../../unit/client/support/client-for-test.ts";
import type { Frame } from "../../unit/client/support/fake-sockets.ts";
import { caughtUp, connected } from "../../unit/client/support/frames.ts";

export const now = { releaseAfterMs: 0 };

export function vueWorld() {
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
export const textsOf = (name: () => string, renders = { count: 0 }) =>
  defineComponent(() => {
    const { messages } = useMessages(useRoom(name, now));
    return () => {
      renders.count += 1;
      return h("p", messages.value.map(({ data }) => Object(data).text).join());
    };
  });

/** A component that shows one of two, the first kept alive. */
export const either = (first: Component, isFirst: Ref<boolean>) =>
  defineComponent(() => () => h(KeepAlive, null, { default: () => h(isFirst.value ? first : Empty) }));
export const Empty = defineComponent(() => () => h("i", "empty"));
