// Pushes beside an app that has a service worker of its own, on the origin of the app.

import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AppHost, startAppHost } from "./app-host.ts";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { pushVars } from "./push-vars.ts";

/** An installed app: its worker answers a path, and so shows whether it is in control. */
const APP_WORKER = `
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    if (new URL(event.request.url).pathname === "/who") event.respondWith(new Response("the app"));
  });`;

const PAGE = `<!doctype html><title>App</title><script type="module">
  import { createClient } from "/edge-rooms.js";
  import { createPush } from "/edge-rooms-push.js";
  const rooms = new URLSearchParams(location.search).get("rooms");
  const getToken = async () => (await fetch(rooms + "/dev/token?user=ada")).json();
  window.client = createClient({ url: rooms, getToken });
  window.createPush = createPush;
  window.heard = [];
  navigator.serviceWorker.addEventListener("message", ({ data }) => window.heard.push(data));
  // No push service can be reached from here: this one is of the page.
  const made = (key) => ({
    endpoint: "https://fcm.googleapis.com/fcm/send/1",
    options: { applicationServerKey: null },
    toJSON: () => ({
      endpoint: "https://fcm.googleapis.com/fcm/send/1",
      keys: { p256dh: key, auth: "AAAAAAAAAAAAAAAAAAAAAA" },
    }),
    unsubscribe: async () => true,
  });
  const subscriptions = new Map();
  PushManager.prototype.subscribe = async function ({ applicationServerKey }) {
    subscriptions.set(this, made(applicationServerKey));
    return subscriptions.get(this);
  };
  PushManager.prototype.getSubscription = async function () {
    return subscriptions.get(this) ?? null;
  };
  window.ready = true;
</script>`;

describeInBrowser("pushes beside the worker of an app", () => {
  const demo = demoForTest({ vars: pushVars(), isWhole: true });
  let host: AppHost;

  beforeAll(async () => {
    const both = `${APP_WORKER}\nimportScripts("/edge-rooms-sw.js");`;
    host = await startAppHost(demo.server, {
      "/app": PAGE,
      "/app-sw.js": APP_WORKER,
      "/both-sw.js": both,
    });
  });
  afterAll(() => host?.close());

  /** A page of the app, controlled by the worker of the app. */
  async function openApp(worker: string): Promise<{ context: BrowserContext; page: Page }> {
    const context = await demo.profile();
    await context.grantPermissions(["notifications"], { origin: host.url });
    const page = await context.newPage();
    await page.goto(`${host.url}/app?rooms=${encodeURIComponent(demo.server.url)}`);
    await page.waitForFunction("window.ready");
    await page.evaluate(async (worker) => {
      const controlled = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener("controllerchange", resolve);
      });
      await navigator.serviceWorker.register(worker);
      if (navigator.serviceWorker.controller === null) await controlled;
    }, worker);
    return { context, page };
  }

  const scopes = (page: Page) =>
    page.evaluate(async () => {
      const all = await navigator.serviceWorker.getRegistrations();
      return all
        .map(({ scope, active }) => [new URL(scope).pathname, new URL(active?.scriptURL ?? "").pathname])
        .sort();
    });

  const who = (page: Page) => page.evaluate(async () => (await fetch("/who")).text());

  it("[C127] have a scope of their own, and the app stays in control", async () => {
    const { context, page } = await openApp("/app-sw.js");
    const states = await page.evaluate(`(async () => {
      const push = createPush(client);
      const before = await push.state();
      const refreshed = await push.refresh();
      await push.enable();
      return [before, refreshed, await push.state()];
    })()`);
    expect(states).toEqual(["off", "off", "on"]);
    expect(await scopes(page)).toEqual([
      ["/", "/app-sw.js"],
      ["/edge-rooms-push", "/edge-rooms-sw.js"],
    ]);
    expect(await who(page)).toBe("the app");
    await page.reload();
    expect(await who(page)).toBe("the app");
    await page.waitForFunction("window.ready");

    // Ours tells the page, which it does not control, that it subscribed again.
    const ours = context.serviceWorkers().find((worker) => worker.url().includes("/edge-rooms-sw.js"));
    await ours?.evaluate(`(async () => {
      PushManager.prototype.subscribe = async () => ({});
      const event = Object.assign(new Event("pushsubscriptionchange"), { oldSubscription: null });
      const done = new Promise((resolve) => Object.assign(event, { waitUntil: resolve }));
      dispatchEvent(event);
      await done;
    })()`);
    await expect
      .poll(() => page.evaluate("window.heard"), SOON)
      .toEqual([{ type: "edge-rooms.subscriptionChanged" }]);

    // A click without a link focuses the page, which is not below the scope.
    const opened = await ours?.evaluate(`(async () => {
      const opened = [];
      clients.openWindow = async (url) => opened.push(url);
      WindowClient.prototype.focus = async function () {
        opened.push("focus " + new URL(this.url).pathname);
        return this;
      };
      const click = async (data) => {
        const event = Object.assign(new Event("notificationclick"), { notification: { data, close() {} } });
        const done = new Promise((resolve) => Object.assign(event, { waitUntil: resolve }));
        dispatchEvent(event);
        await done;
      };
      await click({ edgeRoomsLink: "./" });
      await click({ edgeRoomsLink: "/orders/7" });
      return opened.map((url) => url.replace(location.origin, ""));
    })()`);
    expect(opened).toEqual(["focus /app", "/orders/7"]);
  });

  it("[C127] take the worker of an app that imports ours, which stays as it is", async () => {
    const { page } = await openApp("/both-sw.js");
    const states = await page.evaluate(`(async () => {
      const register = () => navigator.serviceWorker.register("/both-sw.js");
      const push = createPush(client, { serviceWorker: register });
      const before = await push.state();
      await push.enable();
      return [before, await push.state()];
    })()`);
    expect(states).toEqual(["off", "on"]);
    expect(await scopes(page)).toEqual([["/", "/both-sw.js"]]);
    expect(await who(page)).toBe("the app");
  });
});
