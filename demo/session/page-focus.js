// @ts-check
// Whether somebody is looking at this page, and whether somebody is there at all.

const LOOKED = ["visibilitychange", "focus", "blur", "pageshow"];
const TOUCHED = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];
/** Moving the mouse tells many times a second. */
const NOTE_EVERY_MS = 1_000;

export const isLooking = () => document.visibilityState === "visible" && document.hasFocus();

/**
 * @param {() => void} onChange
 */
export function followAttention(onChange) {
  const ended = new AbortController();
  const { signal } = ended;
  document.addEventListener("visibilitychange", onChange, { signal });
  for (const type of LOOKED.slice(1)) window.addEventListener(type, onChange, { signal });
  return () => ended.abort();
}

/**
 * Tells when nobody has touched the page for a while, or when it was hidden for a while; and of the return.
 *
 * @param {{ untouchedMs: number, hiddenMs: number, onIdle(idle: boolean): void }} options
 */
export function followIdleness({ untouchedMs, hiddenMs, onIdle }) {
  const ended = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let idle = false;
  let notedAt = 0;

  /** @param {boolean} now */
  function set(now) {
    if (now === idle) return;
    idle = now;
    onIdle(idle);
  }

  function restart() {
    clearTimeout(timer);
    const hidden = document.visibilityState === "hidden";
    timer = setTimeout(() => set(true), hidden ? hiddenMs : untouchedMs);
  }

  function touched() {
    if (!idle && Date.now() - notedAt < NOTE_EVERY_MS) return;
    notedAt = Date.now();
    set(false);
    restart();
  }

  const options = { signal: ended.signal, capture: true, passive: true };
  for (const type of TOUCHED) document.addEventListener(type, touched, options);
  // Coming back to the tab is something that somebody did.
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") set(false);
      restart();
    },
    options,
  );
  restart();

  return () => {
    clearTimeout(timer);
    ended.abort();
  };
}
