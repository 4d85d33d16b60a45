import type { Cancel } from "./ports.ts";

/** Browser hints that the network or the page is back; silent elsewhere. */
export function onWake(fn: () => void): Cancel {
  // Workers have `addEventListener` too, but neither a document nor these events.
  if (typeof document === "undefined" || typeof window === "undefined") return () => {};
  const onVisibility = () => {
    if (document.visibilityState === "visible") fn();
  };
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("online", fn);
  window.addEventListener("pageshow", fn);
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    window.removeEventListener("online", fn);
    window.removeEventListener("pageshow", fn);
  };
}
