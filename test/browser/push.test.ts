// The service worker in a real browser: what a push shows, and where a click leads. The browser's own tools send the
// push, because no push service can be reached from here.

import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vapidKeys } from "../../src/tools/vapid-keys.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";

/** As text, because a page loads modules by itself. */
const ENABLE = `(async () => {
  const { createPush } = await import("/edge-rooms-push.js");
  const { createClient, RoomsError } = await import("/edge-rooms.js");
  const getToken = async () => (await (await fetch("/dev/token?user=ada")).json()).token;
  const push = createPush(createClient({ url: "", getToken }));
  const error = await push.enable().catch((error) => error);
  return [error instanceof RoomsError, error.code, await push.state()];
})()`;

describe.skipIf(chromiumPath === undefined)("pushes in a browser", () => {
  const { publicKey, privateKey } = vapidKeys();
  let browser: Browser;
  let context: BrowserContext;
  let server: LocalServer;
  let page: Page;
  let tools: CDPSession;
  let registrationId: Promise<string>;

  beforeAll(async () => {
    const vars = {
      VAPID_PUBLIC_KEY: publicKey,
      VAPID_PRIVATE_KEY: privateKey,
      VAPID_SUBJECT: "mailto:tests@example.com",
    };
    [browser, server] = await Promise.all([launchChromium(), startServer({ vars })]);
    context = await browser.newContext();
    await context.grantPermissions(["notifications"], { origin: server.url });
    page = await context.newPage();
    await page.goto(server.url);
    tools = await context.newCDPSession(page);
    registrationId = new Promise((resolve) => {
      tools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const [registration] = registrations;
        if (registration !== undefined) resolve(registration.registrationId);
      });
    });
    await tools.send("ServiceWorker.enable");
    // No push service can be reached from here: it registers the worker, and fails then.
    expect(await page.evaluate(ENABLE)).toEqual([true, "offline", "off"]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const push = async (data: object) =>
    tools.send("ServiceWorker.deliverPushMessage", {
      origin: server.url,
      registrationId: await registrationId,
      data: JSON.stringify(data),
    });

  const shown = () =>
    page.evaluate(async () => {
      const { getNotifications } = ServiceWorkerRegistration.prototype;
      const [registration] = await navigator.serviceWorker.getRegistrations();
      const notifications = await getNotifications.call(registration);
      return notifications.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
    });

  it("[U27] are shown, and a repeat replaces what is shown", async () => {
    const notification = { title: "Build", body: "done", tag: "b-1", navigate: "/b/1", app_badge: "2" };
    await push({ web_push: 8030, notification });
    const first = { title: "Build", body: "done", tag: "b-1", data: { edgeRoomsLink: "/b/1" } };
    await expect.poll(shown, { timeout: 10_000 }).toEqual([first]);
    await push({ web_push: 8030, notification: { ...notification, body: "done again" } });
    await expect.poll(shown, { timeout: 10_000 }).toEqual([{ ...first, body: "done again" }]);
  });

  it("[U27] are closed by a click", async () => {
    const [worker] = context.serviceWorkers();
    await worker?.evaluate(`registration.getNotifications().then(([notification]) => {
      dispatchEvent(Object.assign(new Event("notificationclick"), { notification, waitUntil() {} }));
    })`);
    await expect.poll(shown, { timeout: 10_000 }).toEqual([]);
  });

  it("[U25] reject with a RoomsError of the client if they are not available", async () => {
    const failed = await page.evaluate(ENABLE);
    expect(failed).toEqual([true, "offline", "off"]);
  });
});
