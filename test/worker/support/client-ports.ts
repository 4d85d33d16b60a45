// The ports of our own client over the Worker of this test: real time, and calls that reach the Worker. The test gives
// `dial`.

import type { Ports, SocketEvents } from "../../../client/util/ports.ts";
import { textOfFrame } from "./test-socket.ts";
import { call } from "./worker.ts";

/** Real sockets of the Worker of this test. */
export function workerDial(url: string, protocols: string[], events: SocketEvents) {
  const { pathname, search } = new URL(url);
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
  const opened = call(pathname + search, { headers }).then(({ webSocket: socket }) => {
    if (socket === null) throw new Error("no socket");
    socket.addEventListener("message", ({ data }) => events.onText(textOfFrame(data)));
    socket.binaryType = "arraybuffer";
    socket.addEventListener("close", ({ code, reason }) => events.onClose(code, reason));
    socket.accept();
    events.onOpen();
    return socket;
  });
  return {
    send: (text: string) => void opened.then((socket) => socket.send(text)),
    close: (code: number) => void opened.then((socket) => socket.close(code)),
  };
}

const noSocket: Ports["dial"] = () => {
  throw new Error("this test opens no socket");
};

export const clientPorts = (dial: Ports["dial"] = noSocket): Ports => ({
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    after(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: Math.random,
  newId: () => crypto.randomUUID(),
  dial,
  fetch: (url, init) => {
    const { pathname, search } = new URL(url);
    return call(pathname + search, init);
  },
  onWake: () => () => {},
  onSuspend: () => () => {},
  tabStore: {},
  origin: undefined,
});
