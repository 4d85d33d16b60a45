// @vitest-environment node
// The Vue binding where there is no DOM: native renderers, programs in Node, and servers.

import { expect, it } from "vitest";
import { createRenderer, createSSRApp, defineComponent, effectScope, h, nextTick } from "vue";
import { renderToString } from "vue/server-renderer";
import { edgeRooms, useMessages, useRoom } from "../../client/vue/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import { batch, caughtUp, connected, message } from "../unit/client/support/frames.ts";

const now = { releaseAfterMs: 0 };

interface Box {
  text: string;
  readonly children: Box[];
  parent: Box | null;
}

const box = (text = ""): Box => ({ text, children: [], parent: null });
const textOf = ({ text, children }: Box): string => text + children.map(textOf).join("");

/** As a renderer for a terminal or a phone: it knows no document. */
const native = createRenderer<Box, Box>({
  createElement: () => box(),
  createText: box,
  createComment: () => box(),
  setText: (node, text) => {
    node.text = text;
  },
  setElementText: (node, text) => {
    node.children.splice(0, node.children.length, box(text));
  },
  insert: (child, parent, anchor) => {
    child.parent = parent;
    const at = anchor ? parent.children.indexOf(anchor) : parent.children.length;
    parent.children.splice(at, 0, child);
  },
  remove: ({ parent, ...node }) => {
    const at = parent?.children.findIndex(({ text }) => text === node.text) ?? -1;
    parent?.children.splice(at, 1);
  },
  parentNode: ({ parent }) => parent,
  nextSibling: (node) => node.parent?.children[node.parent.children.indexOf(node) + 1] ?? null,
  patchProp: () => {},
});

const Texts = defineComponent(() => {
  const { messages } = useMessages(useRoom("lobby", now));
  return () => h("p", messages.value.map(({ data }) => Object(data).text).join());
});

it("[V22] a component of a native renderer shows its room, and leaves it", async () => {
  const { client, clock, sockets } = clientForTest();
  const screen = box();
  const app = native.createApp(Texts).use(edgeRooms, client);
  app.mount(screen);
  await clock.advance(0);
  sockets.last.deliver(connected({ head: 1 }), batch(message(1)), caughtUp(1), message(2));
  await nextTick();
  expect(textOf(screen)).toBe("text 1,text 2");
  app.unmount();
  await clock.advance(0);
  expect(sockets.last.closedWith).toBe(1000);
  client.close();
});

it("[V22] a scope of one's own is live until it is stopped", async () => {
  const { client, clock, sockets } = clientForTest();
  const room = client.peek("lobby");
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

it("[V14] a store of an app opens nothing on a server, before the render and in it", async () => {
  const { client, clock, sockets } = clientForTest();
  const store = () => effectScope(true).run(() => useMessages(useRoom("lobby", now)));
  const app = createSSRApp(
    defineComponent(() => {
      const part = store();
      return () => h("p", `${part?.messages.value.length}`);
    }),
  ).use(edgeRooms, client);
  // Such as in a guard of the router.
  expect(app.runWithContext(store)?.messages.value).toEqual([]);
  expect(await renderToString(app)).toBe("<p>0</p>");
  await clock.advance(60_000);
  expect([sockets.count, clock.pending]).toEqual([0, 0]);
});
