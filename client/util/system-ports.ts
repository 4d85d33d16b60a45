import type { Cancel, Clock, Ports, Socket, SocketEvents } from "./ports.ts";
import { onWake } from "./wake-signals.ts";

/** Timers take a signed 32-bit number; a longer wait would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a socket reports that ended without a close frame. */
const LOST = 1006;

const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs: number, fn: () => void): Cancel {
    const timer = setTimeout(fn, Math.min(delayMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

function dial(url: string, protocols: string[], events: SocketEvents): Socket {
  const socket = new WebSocket(url, protocols);
  socket.onopen = () => events.onOpen();
  socket.onmessage = (message: MessageEvent<unknown>) => {
    if (typeof message.data === "string") events.onText(message.data);
  };
  // `error` says nothing that `close`, which always follows, does not.
  socket.onclose = ({ code, reason }) => events.onClose(code, reason);
  return {
    send(text) {
      // The server has closed it, and the end may be long in coming: what is sent now would vanish without a word.
      if (socket.readyState > WebSocket.OPEN) queueMicrotask(() => events.onClose(LOST, ""));
      else socket.send(text);
    },
    close: (code) => socket.close(code),
  };
}

/** `crypto.randomUUID` is missing on pages without TLS; `getRandomValues` is everywhere. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const systemPorts = (): Ports => ({
  clock: systemClock,
  random: Math.random,
  newId,
  dial,
  // Workers take it only by itself, not as a method.
  fetch: (url, init) => fetch(url, init),
  onWake,
  origin: typeof location === "undefined" ? undefined : location.origin,
});
