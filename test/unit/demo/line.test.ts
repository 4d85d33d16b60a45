// What the panel of the wire shows of a frame, and that one user's line is not another's.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { shownFrame, watchLine } from "../../../demo/wire/line.js";

describe("a frame that is shown", () => {
  it("[W38] has no token", () => {
    const shown = shownFrame('{"type":"auth","id":"1","token":"eyJ.secret"}{"token":"two"}');
    expect(shown).toBe('{"type":"auth","id":"1","token":"…"}{"token":"…"}');
  });

  it("[W38] is at most 401 characters long", () => {
    expect(shownFrame("x".repeat(100_000))).toHaveLength(401);
  });
});

describe("the line of a user who has left", () => {
  class FakeSocket extends EventTarget {
    readonly closed: number[] = [];
    readonly close = (code: number) => this.closed.push(code);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", FakeSocket);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  /** A socket as the client makes it, already open. */
  function connect(): FakeSocket {
    const socket = new WebSocket("wss://rooms.example/v1/connect");
    socket.dispatchEvent(new Event("open"));
    return socket as unknown as FakeSocket;
  }

  it("[W52] is not lost later, when the next user has joined", () => {
    const line = watchLine();
    connect();
    line.lose();
    line.forget();
    const next = connect();
    next.dispatchEvent(new MessageEvent("message", { data: "{}" }));
    vi.runAllTimers();
    expect(next.closed).toEqual([]);
    expect(line.entries.map(({ lost }) => lost)).toEqual([false, false]);
  });

  it("[W52] shows nothing to the next user, also not that it was closed", () => {
    const line = watchLine();
    const socket = connect();
    const changed = vi.fn();
    line.follow(changed);
    line.forget();
    expect(changed).toHaveBeenCalledOnce();
    socket.dispatchEvent(new CloseEvent("close", { code: 1000 }));
    expect(line).toMatchObject({ entries: [], connections: 0, roundTripMs: undefined });
  });

  it("[W52] is followed by nobody once its panel has ended", () => {
    const line = watchLine();
    const changed = vi.fn();
    line.follow(changed)();
    connect();
    expect(changed).not.toHaveBeenCalled();
  });
});
