// Whether the user looks at this page, and whether they are there at all.

const LOOKED = ["focus", "blur", "pageshow"];
const TOUCHED = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];
/** A moving mouse fires many times a second. */
const NOTE_EVERY_MS = 1_000;

export const isVisible = () => document.visibilityState === "visible";
export const isLooking = () => isVisible() && document.hasFocus();

/** Returns a function that ends it. @param {() => void} onChange */
export function followFocus(onChange) {
  const ended = new AbortController();
  const { signal } = ended;
  document.addEventListener("visibilitychange", onChange, { signal });
  for (const type of LOOKED) window.addEventListener(type, onChange, { signal });
  return () => ended.abort();
}

/**
 * Reports when the page was not touched, or was hidden, for a while, and when the user is back. Returns a function that
 * ends it.
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
    timer = setTimeout(() => set(true), isVisible() ? untouchedMs : hiddenMs);
  }

  function touched() {
    if (!idle && Date.now() - notedAt < NOTE_EVERY_MS) return;
    notedAt = Date.now();
    set(false);
    restart();
  }

  const options = { signal: ended.signal, capture: true, passive: true };
  for (const type of TOUCHED) document.addEventListener(type, touched, options);
  document.addEventListener(
    "visibilitychange",
    () => {
      if (isVisible()) set(false);
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
