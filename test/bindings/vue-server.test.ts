// How the Vue binding renders on a server, and hydrates that.

import { expect, it, vi } from "vitest";
import { createSSRApp, defineComponent, h } from "vue";
import { renderToString } from "vue/server-renderer";
import { edgeRooms, useConnection, useMessages, useNotifications, useRoom } from "../../client/vue/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import { batch, caughtUp, connected, message } from "../unit/client/support/frames.ts";
import { now, vueWorld } from "./support/vue-for-test.ts";

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
