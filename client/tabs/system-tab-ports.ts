import type { Cancel } from "../util/ports.ts";
import type { LockEvents, TabPorts } from "./tab-ports.ts";

/** Calls `fn` with these events of the window or, as they do not reach it in every browser, of its document. */
function listen(windowTypes: readonly string[], documentTypes: readonly string[], fn: () => void): Cancel {
  // Workers have neither.
  if (typeof document === "undefined") return () => {};
  const ended = new AbortController();
  const options = { signal: ended.signal };
  for (const type of windowTypes) window.addEventListener(type, fn, options);
  for (const type of documentTypes) document.addEventListener(type, fn, options);
  return () => ended.abort();
}

/** As `listen`, after the listeners of the app, who may send more, or close the client. */
function listenLast(windowType: string, documentType: string, fn: () => void): Cancel {
  if (typeof document === "undefined") return () => {};
  const ended = new AbortController();
  const { signal } = ended;
  // Added while the event is captured, it is the last one.
  const onCapture = ({ type, currentTarget }: Event) =>
    currentTarget?.addEventListener(type, fn, { signal, once: true });
  window.addEventListener(windowType, onCapture, { signal, capture: true });
  document.addEventListener(documentType, onCapture, { signal, capture: true });
  return () => ended.abort();
}

function lock(name: string, how: "wait" | "steal", { onHeld, onLost, onRefused }: LockEvents): Cancel {
  const ended = new AbortController();
  const { signal } = ended;
  const until = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  // A steal takes no signal, as it does not wait.
  const options = how === "steal" ? { steal: true } : { signal };
  navigator.locks
    .request(name, options, () => {
      if (signal.aborted) return;
      onHeld();
      return until;
    })
    .catch((error: unknown) => {
      if (signal.aborted) return;
      const isTaken = error instanceof DOMException && error.name === "AbortError";
      if (isTaken) onLost();
      else onRefused();
    });
  return () => ended.abort();
}

function channel(name: string, onMessage: (data: unknown) => void) {
  const end = new BroadcastChannel(name);
  end.onmessage = ({ data }: MessageEvent<unknown>) => onMessage(data);
  return { post: (data: object) => end.postMessage(data), close: () => end.close() };
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const systemTabPorts: TabPorts = {
  lock,
  channel,
  digest,
  isVisible: () => typeof document === "undefined" || document.visibilityState === "visible",
  onUse: (fn) => listen(["focus"], ["visibilitychange"], fn),
  onSleep: (fn) => listenLast("pagehide", "freeze", fn),
  onAwake: (fn) => listen(["pageshow"], ["resume"], fn),
};
