// Counts what our own client sends, at the Worker: the cost model says that a connect is one request and nothing more,
// and that each action of an app is one frame.

import { expect, it, onTestFinished } from "vitest";
import { Client } from "../../client/core/client.ts";
import type { SocketEvents } from "../../client/util/ports.ts";
import { PING_FRAME } from "../../src/protocol/index.ts";
import { clientPorts } from "./support/client-ports.ts";
import { measure } from "./support/meter.ts";
import { textOfFrame } from "./support/test-socket.ts";
import { call, fill, join, roomObject, tokenFor, uniqueName } from "./support/worker.ts";

/** The real client against the Worker of this test; `sent` is what it sent, without heartbeats. */
function clientOf(user: string) {
  const sent: string[] = [];
  const dial = (url: string, protocols: string[], events: SocketEvents) => {
    const { pathname, search } = new URL(url);
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
    const opened = call(pathname + search, { headers }).then(({ webSocket: socket }) => {
      if (socket === null) throw new Error("no socket");
      socket.addEventListener("message", ({ data }) => events.onText(textOfFrame(data)));
      socket.binaryType = "arraybuffer";
      socket.addEventListener("close", ({ code, reason }) => events.onClose(code, reason));
      socket.accept();
      return socket;
    });
    return {
      send(text: string) {
        if (text !== PING_FRAME) sent.push(text);
        void opened.then((socket) => socket.send(text));
      },
      close: (code: number) => void opened.then((socket) => socket.close(code)),
    };
  };
  const client = new Client({ url: "https://rooms.test", getToken: () => tokenFor(user) }, clientPorts(dial));
  onTestFinished(() => client.close());
  return { client, sent };
}

it("[K6][R7] a connect of our client is one request and no frame, and carries the unread count; each action of an app is one frame", async () => {
  const [room, user] = [uniqueName("client"), uniqueName("bo")];
  const ada = await join(room, "ada");
  await fill(ada, 30);
  // The first opening writes a row.
  (await join(room, user)).close(1000);
  await ada.next("memberLeft");
  const meter = await measure(roomObject(room));
  const { client, sent } = clientOf(user);
  const handle = client.room(room);
  await expect.poll(() => handle.state.status).toBe("connected");
  expect([handle.unread, handle.messages.length, sent]).toEqual([30, 30, []]);
  expect(await meter.take()).toMatchObject({ requests: 1, messages: 0, rowsWritten: 0 });
  await handle.markRead();
  await handle.send({ text: "Hello" });
  await handle.react(31, "👍");
  expect(sent).toHaveLength(3);
  expect(await meter.take()).toMatchObject({ requests: 0, messages: 3 });
  handle.reconnect();
  await expect.poll(() => handle.state.status).toBe("connected");
  expect([sent.length, handle.unread]).toEqual([3, 0]);
});
