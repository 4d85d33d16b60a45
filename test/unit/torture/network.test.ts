// The network between the clients and the server of `npm run torture`, in front of a server that says back what it hears.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Network } from "../../e2e/support/network.ts";

let server: Server;
let network: Network;
const accepted: Socket[] = [];

beforeEach(async () => {
  accepted.length = 0;
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  network = await Network.to(portOfServer());
});
afterEach(async () => {
  await network.close();
  for (const socket of accepted) socket.destroy();
  server.close();
});

const portOfServer = () => (server.address() as AddressInfo).port;

async function dial(port = Number(new URL(network.url).port)): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.write("hello");
  expect(await once(socket, "data")).toEqual(["hello"]);
  return socket;
}

/** Whether it ended with an error. */
const closeOf = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

const all = () => true;

describe("a network", () => {
  it("[O62] cuts with an end, or with a reset", async () => {
    const ended = closeOf(await dial());
    expect(network.cut("fin")).toBe(1);
    expect(await ended).toBe(false);

    const reset = closeOf(await dial());
    expect(network.cut("rst")).toBe(1);
    expect(await reset).toBe(true);
  });

  it("[O62] tears in the middle of what comes next", async () => {
    const torn = await dial();
    network.tear(all);
    torn.write("12345678");
    await closeOf(torn);
    // The server had four of eight bytes, and nobody heard its answer.
    expect(accepted[0]?.bytesRead).toBe("hello".length + 4);
  });

  it("[O62] leaves a connection half open: nothing passes, nobody is told, and new ones work", async () => {
    const silent = await dial();
    expect(network.halfOpen(all)).toBe(1);
    silent.write("lost");
    silent.destroy();
    await closeOf(silent);
    const other = closeOf(await dial());
    expect(accepted[0]?.destroyed).toBe(false);
    expect(accepted[0]?.bytesRead).toBe("hello".length);
    expect(network.cut()).toBe(2);
    await other;
  });

  it("[O62] delays, and keeps the order", async () => {
    const socket = await dial();
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    network.delay(50);
    socket.write("a");
    // Once this has come back, the network has the first byte, and holds it.
    (await dial(portOfServer())).destroy();
    network.delay(0);
    socket.write("b");
    while (text.length < 2) await once(socket, "data");
    expect(text).toBe("ab");
  });
});
