// Watches the sockets of this page, and disturbs them on request. The client and the rest of the page do not know it.

/** `lost`: the frame never arrived. @typedef {{ at: number, way: "out" | "in" | "line", text: string, lost: boolean }} Entry */
/** @typedef {ReturnType<typeof watchLine>} Line */

const MAX_ENTRIES = 100;
const MAX_TEXT = 400;
const LOSS_MS = 2_000;
/** The code of a client that lost its line, and the one with which a server ends an expired token. */
const DROPPED = 4000;
const EXPIRED = 4401;

/** A frame as it may be shown: without tokens, and not longer than 400 characters. @param {string} text */
export function shownFrame(text) {
  const safe = text.replace(/"token":"[^"]*"/gu, '"token":"…"');
  return safe.length > MAX_TEXT ? `${safe.slice(0, MAX_TEXT)}…` : safe;
}

/** Before the client opens its first socket. */
export function watchLine() {
  /** @type {Set<WebSocket>} */
  const open = new Set();
  /** The newest last. @type {Entry[]} */
  const entries = [];
  let losingUntil = 0;
  let pingAt = 0;
  /** @type {number | undefined} */
  let roundTripMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let lossTimer;
  let onChange = () => {};

  /** @param {Entry["way"]} way @param {string} text @param {boolean} [lost] */
  function note(way, text, lost = false) {
    entries.push({ at: Date.now(), way, text: shownFrame(text), lost });
    entries.splice(0, entries.length - MAX_ENTRIES);
    onChange();
  }

  const isLosing = () => performance.now() < losingUntil;

  /** @param {string} text @param {(text: string) => void} send */
  function goOut(text, send) {
    if (text.includes('"type":"ping"')) pingAt = performance.now();
    const lost = isLosing();
    if (!lost) send(text);
    note("out", text, lost);
  }

  /** @param {MessageEvent} event */
  function comeIn(event) {
    const text = String(event.data);
    const lost = isLosing();
    // The listener that was added first keeps it from all others.
    if (lost) event.stopImmediatePropagation();
    else if (text.includes('"type":"pong"')) roundTripMs = performance.now() - pingAt;
    note("in", text, lost);
  }

  globalThis.WebSocket = class extends WebSocket {
    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super(url, protocols);
      this.addEventListener("open", () => {
        open.add(this);
        note("line", `Connected to ${new URL(url).pathname}`);
      });
      this.addEventListener("message", comeIn);
      this.addEventListener("close", ({ code }) => {
        if (open.delete(this)) note("line", `Closed with code ${code}`);
      });
    }

    /** @override @param {Parameters<WebSocket["send"]>[0]} data */
    send(data) {
      goOut(String(data), (text) => super.send(text));
    }
  };

  /** To the client as if the line, or with 4401 the server, had closed it. @param {number} code */
  function end(code) {
    for (const socket of [...open]) {
      socket.dispatchEvent(new CloseEvent("close", { code }));
      socket.close(DROPPED);
    }
  }

  return {
    entries,
    get connections() {
      return open.size;
    },
    get roundTripMs() {
      return roundTripMs;
    },
    /** Returns a function that ends it. @param {() => void} fn */
    follow(fn) {
      onChange = fn;
      return () => {
        onChange = () => {};
      };
    },
    /** Before another user enters: also what the sockets of this one still report, and a loss that goes on. */
    forget() {
      clearTimeout(lossTimer);
      losingUntil = 0;
      open.clear();
      entries.splice(0);
      roundTripMs = undefined;
      onChange();
    },
    cut: () => end(DROPPED),
    /** For 2 s nothing goes through; then the line is cut, because neither side knows what has arrived. */
    lose() {
      losingUntil = performance.now() + LOSS_MS;
      note("line", "Nothing gets through for 2 seconds");
      clearTimeout(lossTimer);
      lossTimer = setTimeout(() => end(DROPPED), LOSS_MS);
    },
    expireToken: () => end(EXPIRED),
  };
}
