import { PING_FRAME } from "../../src/protocol/index.ts";
import { Listeners } from "./listeners.ts";
import type { Cancel, Ports, Socket, SocketEvents } from "./ports.ts";
import { systemClock } from "./system-clock.ts";

/** The close code of a socket that ended without a close frame. */
const LOST = 1006;
const LEFT = 1000;

function dial(url: string, protocols: string[], events: SocketEvents): Socket {
  const socket = new WebSocket(url, protocols);
  socket.onopen = () => {
    socket.onerror = null;
    events.onOpen();
  };
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
    events.onText(typeof data === "string" ? data : new TextDecoder().decode(data));
  socket.onclose = ({ code, reason }) => events.onClose(code, reason);
  const lost = () => events.onClose(LOST, "");
  // In Node 20 no `close` follows the `error` of a socket that did not open. Elsewhere it has the same code.
  socket.onerror = lost;
  return {
    send(text) {
      // The server has closed it, and the `close` event may be late: what is sent now would be lost without an error.
      if (socket.readyState > WebSocket.OPEN) queueMicrotask(lost);
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

/** How often the clock is looked at, as no event tells that a machine slept. */
const TICK_MS = 500;
/** A timer that is later than this was asleep. */
const SLEPT_MS = 3_000;

/** Workers have `addEventListener` too, but neither a document nor these events. */
const isPage = () => typeof document !== "undefined";

/** What some browsers know of the network, such as `wifi` or `cellular`. */
interface NetworkBrowser {
  readonly userAgent: string;
  readonly connection?: EventTarget & { readonly type?: string };
}

function onOtherNetwork({ connection }: NetworkBrowser, fn: () => void, signal: AbortSignal): void {
  let type = connection?.type;
  // The event also comes with each new estimate of the speed.
  const onChange = () => {
    if (type !== connection?.type) fn();
    type = connection?.type;
  };
  connection?.addEventListener("change", onChange, { signal });
}

/** Calls `fn` when a browser says that the network is back or another one, or that the page is back, and after a sleep. */
function watchWakes(fn: Parameters<Ports["onWake"]>[0]): Cancel {
  const ended = new AbortController();
  const { signal } = ended;
  const wake = () => fn(false);
  // Not `performance.now`, which stands still while some systems sleep.
  let at = Date.now();
  const ticks = setInterval(() => {
    const before = at;
    at = Date.now();
    // A timer may stand still with the machine, and then wait for the rest of its time.
    if (at - before > SLEPT_MS) fn(false, TICK_MS);
  }, TICK_MS);
  if (isPage()) {
    window.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
    document.addEventListener("resume", wake, { signal });
    window.addEventListener("pageshow", wake, { signal });
    window.addEventListener("online", () => fn(true), { signal });
    onOtherNetwork(navigator, wake, signal);
  }
  return () => {
    clearInterval(ticks);
    ended.abort();
  };
}

/** One watch for all that listen, while anybody does. */
function sharedWakes(): Ports["onWake"] {
  const listeners = new Listeners<Parameters<Parameters<Ports["onWake"]>[0]>>();
  let stop = () => {};
  return (fn) => {
    if (listeners.size === 0) stop = watchWakes((...wake) => listeners.call(wake));
    const cancel = listeners.add((wake) => fn(...wake));
    return () => {
      cancel();
      if (listeners.size === 0) stop();
    };
  };
}

/** Calls `fn` when a browser says that it is offline, freezes the page, or keeps it for a way back. */
export function onSuspend(fn: (why: string) => void): Cancel {
  const ended = new AbortController();
  const { signal } = ended;
  // Added while the event is captured, this listener is the last one: those of the app may send more, or close the client.
  const onSleep = ({ type, currentTarget, persisted }: Event & { readonly persisted?: boolean }) =>
    persisted !== false &&
    currentTarget?.addEventListener(type, () => fn("The page sleeps."), { signal, once: true });
  if (isPage()) {
    window.addEventListener("offline", () => fn("The network is gone."), { signal });
    window.addEventListener("pagehide", onSleep, { signal, capture: true });
    document.addEventListener("freeze", onSleep, { signal, capture: true });
  }
  return () => ended.abort();
}

/** Not `crypto.randomUUID`, which is missing on pages without TLS. React Native has no `crypto` at all. */
function newId(): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.random() * 256);
  globalThis.crypto?.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A page may be forbidden to store anything, and outside of pages there is no such store. */
function tabStore(): Ports["tabStore"] {
  try {
    return sessionStorage;
  } catch {
    return {};
  }
}

export const systemPorts = (): Ports => ({
  clock: systemClock,
  random: Math.random,
  newId,
  dial,
  // Not `fetch` itself: Workers refuse to call it as a method.
  fetch: (url, init) => fetch(url, init),
  onWake: sharedWakes(),
  onSuspend,
  isHidden: () => isPage() && document.hidden,
  tabStore: tabStore(),
  origin: typeof location === "undefined" ? undefined : location.origin,
});
