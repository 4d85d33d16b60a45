// @vitest-environment happy-dom
// What goes on when a room leaves the screen: nothing.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSlowMode } from "../../../demo/composer/slow-mode.js";
import { loadOlderAtTop } from "../../../demo/messages/older-messages.js";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function markup(...parts: readonly string[]): HTMLElement {
  const root = document.createElement("div");
  root.innerHTML = parts.map((name) => `<p data-part="${name}"></p>`).join("");
  return root;
}

describe("a room that has left the screen", () => {
  it("[W52] loads no further page of old messages", async () => {
    let answer = (_page: { more: boolean }) => {};
    const loadOlder = vi.fn(() => new Promise<{ more: boolean }>((resolve) => (answer = resolve)));
    const getSnapshot = () => ({ state: { status: "connected" }, messages: [{ seq: 90 }] });
    let isOpen = true;
    const screen = { room: { getSnapshot, loadOlder }, on() {} };
    const scroll = { fromTop: 0, during: (change: () => void) => change() };
    const older = loadOlderAtTop(markup("scroller", "start"), screen as never, scroll, () => isOpen);
    older.look();
    isOpen = false;
    answer({ more: true });
    await vi.runAllTimersAsync();
    expect(loadOlder).toHaveBeenCalledOnce();
  });

  it("[W52] runs no clock for its slow mode, also if that is changed now", () => {
    let messages: object[] = [];
    const getSnapshot = () => ({ messages, state: { status: "connected" }, permission: "write" });
    const screen = { room: { getSnapshot }, slowModeMs: 0, on() {} };
    const slowMode = createSlowMode(markup("keys", "messages"), screen as never);
    slowMode.stop();
    messages = [{ pending: true, status: "queued", id: "1", at: Date.now() }];
    slowMode.set(5_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
