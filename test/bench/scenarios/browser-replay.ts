// (n) A page that comes back to a long gap: how long its main thread is taken, and how often it is told of the change.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { launchChromium } from "../../support/chromium.ts";
import { tokenFor } from "../dialect.ts";
import { newRoom, param, type Scenario } from "./scenario.ts";
import { store } from "./storms.ts";

const PAGE = `<!doctype html><script type="module">
  import { createClient } from "/package/index.js";
  const sockets = [];
  let isAway = false;
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(isAway ? "ws://127.0.0.1:1/" : url, protocols);
      sockets.push(this);
    }
  };
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask" });
  const parameters = new URL(location).searchParams;
  const getToken = () => parameters.get("token");
  const room = createClient({ url: location.origin, getToken }).room(parameters.get("room"));
  const isLive = (is) => new Promise((resolve) => {
    const look = () => (room.state.status === "connected") === is && resolve(stop());
    const stop = room.on("state", look);
    look();
  });
  /** The longest time between two turns, which is that of the longest task. */
  const longest = { ms: 0, isWanted: true };
  const { port1, port2 } = new MessageChannel();
  let last;
  port1.onmessage = () => {
    const now = performance.now();
    longest.ms = Math.max(longest.ms, now - (last ?? now));
    last = now;
    if (longest.isWanted) port2.postMessage(null);
  };
  window.leave = async () => {
    await isLive(true);
    isAway = true;
    sockets.at(-1).close();
    await isLive(false);
  };
  window.comeBack = async () => {
    tasks.length = 0;
    let notifications = 0;
    room.subscribe(() => { notifications += room.messages.length > 0; });
    const startedAt = performance.now();
    port2.postMessage(null);
    isAway = false;
    window.dispatchEvent(new Event("online"));
    await isLive(true);
    const ms = performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 300));
    longest.isWanted = false;
    return {
      ms, notifications, "messages held": room.messages.length, "longest task ms": longest.ms,
      "tasks over 50 ms": tasks.length,
    };
  };
  window.isReady = true;
</script>`;

export const browserReplay: Scenario = async ({ dialect, port, client = "" }, params) => {
  const room = newRoom();
  const browser = await launchChromium();
  try {
    // A page that is not from the network may not ask what is on this machine.
    const context = await browser.newContext({ permissions: ["local-network-access"] });
    const page = await context.newPage();
    const origin = `http://127.0.0.1:${port}`;
    await page.route(`${origin}/package/**`, (route) => {
      const file = new URL(route.request().url()).pathname.slice("/package/".length);
      return route.fulfill({
        contentType: "text/javascript",
        body: readFileSync(join(dirname(client), file), "utf8"),
      });
    });
    await page.route(`${origin}/page?**`, (route) => route.fulfill({ contentType: "text/html", body: PAGE }));
    await page.goto(`${origin}/page?room=${room}&token=${await tokenFor("reader")}`);
    await page.waitForFunction("window.isReady");
    await page.evaluate("window.leave()");
    await store(dialect, port, room, param(params, "messages"), 0);
    return await page.evaluate<Record<string, number>>("window.comeBack()");
  } finally {
    await browser.close();
  }
};
