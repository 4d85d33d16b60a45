import { afterEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../../../client/index.ts";
import { onOffline, onWake, systemPorts } from "../../../client/util/system-ports.ts";

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

  it("dial with address and subprotocols only, and pass on open, texts and the end", () => {
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
    made?.onmessage?.({ data: new ArrayBuffer(1) });
    made?.onclose?.({ code: 1006, reason: "" });
    expect(made).toMatchObject({ url: "wss://a", protocols: ["edge-rooms.v1"], calls: ["text", 1000] });
    expect(heard).toEqual(["open", "frame", 1006, ""]);
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
    await vi.waitFor(() => expect(room.state.status).toBe("disconnected"));
    expect(room.state).toMatchObject({ error: { code: "bad_request" } });
    client.close();
  });

  it("[C126] say that there is no WebSocket, as in Node 20", async () => {
    const { WebSocket } = globalThis;
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      const client = createClient({ url: "https://a.example.com", log: "off" });
      const room = client.room("lobby");
      await vi.waitFor(() => expect(room.state.status).toBe("disconnected"));
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

describe("the signal that the network is gone", () => {
  it("is silent outside browsers", () => {
    expect(() => onOffline(() => {})()).not.toThrow();
  });

  it("[C108] is `offline`, until cancelled", () => {
    const frame = new EventTarget();
    vi.stubGlobal("document", new EventTarget());
    vi.stubGlobal("window", frame);
    let heard = 0;
    const cancel = onOffline(() => heard++);
    frame.dispatchEvent(new Event("offline"));
    cancel();
    frame.dispatchEvent(new Event("offline"));
    expect(heard).toBe(1);
    vi.unstubAllGlobals();
  });
});

describe("wake signals", () => {
  it("are silent outside browsers", () => {
    expect(() => onWake(() => {})()).not.toThrow();
  });

  it("are `online`, `pageshow` and becoming visible, until cancelled", () => {
    const page = { visibilityState: "hidden" };
    const frame = new EventTarget();
    vi.stubGlobal("document", page);
    vi.stubGlobal("window", frame);
    let hints = 0;
    const cancel = onWake(() => hints++);
    frame.dispatchEvent(new Event("visibilitychange"));
    expect(hints).toBe(0);
    page.visibilityState = "visible";
    const all = () => {
      frame.dispatchEvent(new Event("visibilitychange"));
      frame.dispatchEvent(new Event("online"));
      frame.dispatchEvent(new Event("pageshow"));
    };
    all();
    expect(hints).toBe(3);
    cancel();
    all();
    expect(hints).toBe(3);
    vi.unstubAllGlobals();
  });
});
