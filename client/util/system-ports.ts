import { PING_FRAME } from "../../src/protocol/index.ts";
import type { Cancel, Ports, Socket, SocketEvents } from "./ports.ts";
import { systemClock } from "./system-clock.ts";

/** The close code of a socket that ended without a close frame. */
const LOST = 1006;
const LEFT = 1000;

function dial(url: string, protocols: string[], events: SocketEvents): Socket {
  const socket = new WebSocket(url, protocols);
  socket.onopen = () => events.onOpen();
  socket.onmessage = (message: MessageEvent<unknown>) => {
    if (typeof message.data === "string") events.onText(message.data);
  };
  // `error` adds nothing to the `close` that always follows.
  socket.onclose = ({ code, reason }) => events.onClose(code, reason);
  return {
    send(text) {
      // The server has closed it, and the `close` event may be late: what is sent now would be lost without an error.
      if (socket.readyState > WebSocket.OPEN) queueMicrotask(() => events.onClose(LOST, ""));
      else socket.send(text);
    },
    close(code) {
      if (code !== LEFT || socket.readyState !== WebSocket.CONNECTING) socket.close(code);
      else {
        // A handshake that is broken off would be a lost connection to the server, whose member stays for a moment.
        socket.onopen = () => {
          // The runtime ends the TCP connection of a client at its close only if that has sent something.
          socket.send(PING_FRAME);
          socket.close(code);
        };
      }
    },
  };
}

/** Calls `fn` when a browser says that the network or the page is back. Elsewhere there is no such event. */
export const onWake = (fn: () => void): Cancel =>
  listen(["visibilitychange", "online", "pageshow"], ({ type }) => {
    if (type !== "visibilitychange" || document.visibilityState === "visible") fn();
  });

/** Calls `fn` when a browser says that it is offline. Elsewhere there is no such event. */
export const onOffline = (fn: () => void): Cancel => listen(["offline"], fn);

/** Events of a window; those of its document reach it too. */
function listen(types: readonly string[], fn: (event: Event) => void): Cancel {
  // Workers have `addEventListener` too, but neither a document nor these events.
  if (typeof document === "undefined" || typeof window === "undefined") return () => {};
  for (const type of types) window.addEventListener(type, fn);
  return () => {
    for (const type of types) window.removeEventListener(type, fn);
  };
}

/** Not `crypto.randomUUID`, which is missing on pages without TLS. React Native has no `crypto` at all. */
function newId(): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.random() * 256);
  globalThis.crypto?.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const systemPorts = (): Ports => ({
  clock: systemClock,
  random: Math.random,
  newId,
  dial,
  // Not `fetch` itself: Workers refuse to call it as a method.
  fetch: (url, init) => fetch(url, init),
  onWake,
  onOffline,
  origin: typeof location === "undefined" ? undefined : location.origin,
});
