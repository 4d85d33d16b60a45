// The service worker in a real browser: what a push shows, and where a click leads. The browser's own tools send the
// push, because no push service can be reached from here.

import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { pushVars } from "./push-vars.ts";

/** As text, because a page loads modules by itself. */
const ENABLE = `(async () => {
  const { createPush } = await import("/edge-rooms-push.js");
  const { createClient, RoomsError } = await import("/edge-rooms.js");
  const getToken = async () => (await (await fetch("/dev/token?user=ada")).json()).token;
  const push = createPush(createClient({ url: "", getToken }));
  const error = await push.enable().catch((error) => error);
  return [error instanceof RoomsError, error.code, await push.state()];
})()`;

describeInBrowser("pushes in a browser", () => {
  const demo = demoForTest({ keepPages: true, vars: pushVars(), isWhole: true });
  let context: BrowserContext;
  let page: Page;
  let tools: CDPSession;
  let registrationId: Promise<string>;

  beforeAll(async () => {
    context = await demo.profile();
    await context.grantPermissions(["notifications"], { origin: demo.server.url });
    ({ page } = await demo.open("/", context));
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

  const push = async (data: object) =>
    tools.send("ServiceWorker.deliverPushMessage", {
      origin: demo.server.url,
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
    await expect.poll(shown, SOON).toEqual([first]);
    await push({ web_push: 8030, notification: { ...notification, body: "done again" } });
    await expect.poll(shown, SOON).toEqual([{ ...first, body: "done again" }]);
  });

  it("[U27] are closed by a click", async () => {
    const [worker] = context.serviceWorkers();
    await worker?.evaluate(`registration.getNotifications().then(([notification]) => {
      dispatchEvent(Object.assign(new Event("notificationclick"), { notification, waitUntil() {} }));
    })`);
    await expect.poll(shown, SOON).toEqual([]);
  });

  it("[U25] reject with a RoomsError of the client if they are not available", async () => {
    const failed = await page.evaluate(ENABLE);
    expect(failed).toEqual([true, "offline", "off"]);
  });
});
