import { afterEach, describe, expect, it, vi } from "vitest";
import { Heartbeat } from "../../../client/connection/transport/heartbeat.ts";
import { createClient } from "../../../client/index.ts";
import { systemClock } from "../../../client/util/system-clock.ts";
import { onSuspend, systemPorts } from "../../../client/util/system-ports.ts";

/** A global `WebSocket` that records how it is used. */
class FakeWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly made: FakeWebSocket[] = [];
  readyState = 1;
  readonly url: string;
  readonly protocols: string[];
  readonly calls: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeWebSocket.made.push(this);
  }

  send(text: string): void {
    this.calls.push(text);
  }

  close(code: number): void {
    this.calls.push(code);
  }
}

describe("the ports of the system", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    FakeWebSocket.made.length = 0;
  });

  it("[F34] dial with address and subprotocols only, and pass on open, texts, also as bytes, and the end", () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const heard: unknown[] = [];
    const socket = systemPorts().dial("wss://a", ["edge-rooms.v1"], {
      onOpen: () => heard.push("open"),
      onText: (text) => heard.push(text),
      onClose: (code, reason) => heard.push(code, reason),
    });
    const [made] = FakeWebSocket.made;
    socket.send("text");
    socket.close(1000);
    made?.onopen?.();
    made?.onmessage?.({ data: "frame" });
    made?.onmessage?.({ data: new TextEncoder().encode("é❤").buffer });
    made?.onclose?.({ code: 1006, reason: "" });
    expect(made).toMatchObject({
      ...{ url: "wss://a", protocols: ["edge-rooms.v1"], calls: ["text", 1000] },
      binaryType: "arraybuffer",
    });
    expect(heard).toEqual(["open", "frame", "é❤", 1006, ""]);
  });

  it("report the end also if the server closed and the socket still lingers", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const heard: unknown[] = [];
    const onClose = (code: number) => heard.push(code);
    const socket = systemPorts().dial("wss://a", [], { onOpen: () => {}, onText: () => {}, onClose });
    const [made] = FakeWebSocket.made;
    if (made !== undefined) made.readyState = 2;
    socket.send("text");
    await Promise.resolve();
    expect([made?.calls, heard]).toEqual([[], [1006]]);
  });

  it("[Y131] report a socket that does not open, also without a `close`, as in Node 20", () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const heard: unknown[] = [];
    const onClose = (code: number) => heard.push(code);
    const events = { onOpen: () => heard.push("open"), onText: () => {}, onClose };
    systemPorts().dial("wss://a", [], events);
    const [refused] = FakeWebSocket.made;
    refused?.onerror?.();
    expect(heard).toEqual([1006]);
    systemPorts().dial("wss://a", [], events);
    const opened = FakeWebSocket.made[1];
    opened?.onopen?.();
    opened?.onerror?.();
    opened?.onclose?.({ code: 4403, reason: "forbidden" });
    expect(heard).toEqual([1006, "open", 4403]);
  });

  it("[C109] let a socket that is left while it opens open first, and leave then", () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const heard: unknown[] = [];
    const events = { onOpen: () => heard.push("open"), onText: () => {}, onClose: () => {} };
    const [leaving, dropped] = [1000, 4000].map((code) => {
      const socket = systemPorts().dial("wss://a", [], events);
      const made = FakeWebSocket.made.at(-1);
      if (made !== undefined) made.readyState = FakeWebSocket.CONNECTING;
      socket.close(code);
      return made;
    });
    expect([leaving?.calls, dropped?.calls]).toEqual([[], [4000]]);
    leaving?.onopen?.();
    expect([leaving?.calls, heard]).toEqual([['{"type":"ping"}', 1000], []]);
  });

  it("end the attempts for a token of which no socket can be made", async () => {
    const refusesAll = class {
      constructor() {
        throw new SyntaxError("invalid subprotocol");
      }
    };
    vi.stubGlobal("WebSocket", refusesAll);
    const client = createClient({ url: "https://a.example.com", getToken: () => "t.e30.s", log: "off" });
    const room = client.room("lobby");
    await expect.poll(() => room.state.status).toBe("disconnected");
    expect(room.state).toMatchObject({ error: { code: "bad_request" } });
    client.close();
  });

  it("[C126] say that there is no WebSocket, as in Node 20", async () => {
    const { WebSocket } = globalThis;
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      const client = createClient({ url: "https://a.example.com", log: "off" });
      const room = client.room("lobby");
      await expect.poll(() => room.state.status).toBe("disconnected");
      expect(room.state).toMatchObject({
        error: {
          code: "bad_request",
          message: "No socket can be made: ReferenceError: WebSocket is not defined",
        },
      });
      client.close();
    } finally {
      globalThis.WebSocket = WebSocket;
    }
  });

  it.each([true, false])("[C126] make valid command ids, each different, with crypto: %s", (hasCrypto) => {
    if (!hasCrypto) vi.stubGlobal("crypto", undefined);
    const { newId } = systemPorts();
    const ids = Array.from({ length: 100 }, newId);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(100);
  });

  it("accept a wait that is longer than a timer can be", () => {
    vi.useFakeTimers();
    let ended = false;
    const cancel = systemPorts().clock.after(2 ** 40, () => {
      ended = true;
    });
    vi.advanceTimersByTime(1_000);
    cancel();
    expect([ended, vi.getTimerCount()]).toEqual([false, 0]);
    vi.useRealTimers();
  });
});

type Listener = (event: Event) => void;

/** Node calls listeners in one pass. A browser calls those that capture first, then those that there are by then. */
class Frame {
  #listeners: (AddEventListenerOptions & { readonly type: string; readonly fn: Listener })[] = [];

  addEventListener(type: string, fn: Listener, options: AddEventListenerOptions = {}): void {
    this.#listeners.push({ ...options, type, fn });
  }

  dispatchEvent(event: Event): void {
    for (const capture of [true, false]) {
      for (const listener of [...this.#listeners]) {
        if (listener.type !== event.type || (listener.capture ?? false) !== capture) continue;
        if (listener.once) this.#listeners = this.#listeners.filter((other) => other !== listener);
        if (!listener.signal?.aborted)
          listener.fn(Object.defineProperty(event, "currentTarget", { value: this, configurable: true }));
      }
    }
  }
}

/** A page's own document and window. */
function stubPage() {
  const page = Object.assign(new Frame(), { hidden: true });
  const frame = new Frame();
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", frame);
  const hide = (persisted: boolean) =>
    frame.dispatchEvent(Object.assign(new Event("pagehide"), { persisted }));
  return { page, frame, hide };
}

describe("signals that the network is gone or the page stands still", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("are silent outside browsers", () => {
    expect(() => onSuspend(() => {})()).not.toThrow();
  });

  it("[C108][C137] are `offline`, `freeze` and a `pagehide` with a way back, until cancelled", () => {
    const { page, frame, hide } = stubPage();
    const heard: string[] = [];
    const cancel = onSuspend((why) => heard.push(why));
    const all = () => {
      frame.dispatchEvent(new Event("offline"));
      page.dispatchEvent(new Event("freeze"));
      hide(true);
      hide(false);
    };
    all();
    expect(heard).toEqual(["The network is gone.", "The page sleeps.", "The page sleeps."]);
    hide(true);
    expect(heard.length).toBe(4);
    cancel();
    all();
    expect(heard.length).toBe(4);
  });

  it("[C137] come after the app's own listeners of `pagehide`, which may end what listens", () => {
    const { frame, hide } = stubPage();
    const heard: string[] = [];
    const cancel = onSuspend(() => heard.push("client"));
    frame.addEventListener("pagehide", () => heard.push("app"));
    hide(true);
    expect(heard).toEqual(["app", "client"]);
    frame.addEventListener("pagehide", cancel);
    hide(true);
    expect(heard).toEqual(["app", "client", "app"]);
  });
});

describe("wake signals", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("[C136] are `online`, of all at once, and `pageshow`, `resume` and becoming visible, until cancelled", () => {
    const { page, frame } = stubPage();
    const heard: boolean[] = [];
    const cancel = systemPorts().onWake((isCrowd) => heard.push(isCrowd));
    frame.dispatchEvent(new Event("visibilitychange"));
    expect(heard).toEqual([]);
    page.hidden = false;
    const all = () => {
      frame.dispatchEvent(new Event("visibilitychange"));
      page.dispatchEvent(new Event("resume"));
      frame.dispatchEvent(new Event("pageshow"));
      frame.dispatchEvent(new Event("online"));
    };
    all();
    expect(heard).toEqual([false, false, false, true]);
    cancel();
    all();
    expect(heard.length).toBe(4);
  });

  it("[C279] are another kind of network, and not another estimate of its speed", () => {
    stubPage();
    const connection = Object.assign(new Frame(), { type: "wifi" });
    vi.stubGlobal("navigator", { connection });
    const heard: boolean[] = [];
    const cancel = systemPorts().onWake((isCrowd) => heard.push(isCrowd));
    const change = (type: string) => {
      connection.type = type;
      connection.dispatchEvent(new Event("change"));
    };
    change("wifi");
    expect(heard).toEqual([]);
    change("cellular");
    change("cellular");
    change("wifi");
    expect(heard).toEqual([false, false]);
    cancel();
    change("none");
    expect(heard.length).toBe(2);
  });

  it("[C136] tell within a second that the machine slept, outside browsers too", () => {
    vi.useFakeTimers();
    let wakes = 0;
    const cancel = systemPorts().onWake(() => wakes++);
    vi.advanceTimersByTime(60_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(wakes).toBe(0);
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(1_000);
    expect(wakes).toBe(1);
    vi.advanceTimersByTime(60_000);
    cancel();
    expect([wakes, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it.each([0, 1, 250, 499, 500, 750, 999])(
    "[C257] with the heartbeat find a dead socket within 2 s of waking, without an event, %d ms after a look",
    (afterMs) => {
      vi.useFakeTimers();
      let isAlive = true;
      let hasEnded = false;
      const beat: Heartbeat = new Heartbeat(
        systemClock,
        () => isAlive && setTimeout(() => beat.onPong()),
        () => {
          hasEnded = true;
        },
      );
      beat.start(25_000, 10_000);
      const cancel = systemPorts().onWake((_, agoMs) => beat.probe(agoMs));
      vi.advanceTimersByTime(60_000 + afterMs);
      isAlive = false;
      vi.setSystemTime(Date.now() + 3_600_000);
      vi.advanceTimersByTime(1_400);
      expect(hasEnded).toBe(false);
      vi.advanceTimersByTime(600);
      expect(hasEnded).toBe(true);
      cancel();
      beat.stop();
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("[C257] are one timer for all connections of a client, until the last is gone", () => {
    vi.useFakeTimers();
    const { onWake } = systemPorts();
    const heard: number[] = [];
    const cancels = [1, 2, 3].map((n) => onWake(() => heard.push(n)));
    expect(vi.getTimerCount()).toBe(1);
    cancels[0]?.();
    cancels[0]?.();
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual([2, 3]);
    for (const cancel of cancels) cancel();
    expect(vi.getTimerCount()).toBe(0);
    // A connection that opens later is not told of a time that nobody looked at.
    vi.setSystemTime(Date.now() + 60_000);
    const cancel = onWake(() => heard.push(4));
    vi.advanceTimersByTime(10_000);
    expect(heard).toEqual([2, 3]);
    cancel();
  });
});
