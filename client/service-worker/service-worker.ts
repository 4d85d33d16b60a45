// Shows pushes while no page is open. The page's own origin serves it and `push.ts` registers it. No request passes
// through it.

import { clickTarget, noticeOf } from "./notice.ts";

declare const self: ServiceWorkerGlobalScope;

/** The message to the open pages: they have a token, and tell the server of the new subscription. */
const CHANGED = { type: "edge-rooms.subscriptionChanged" };

self.addEventListener("install", () => {
  void self.skipWaiting();
});

self.addEventListener("push", (event) => {
  const { title, options, unread } = noticeOf(event.data?.text());
  event.waitUntil(Promise.all([self.registration.showNotification(title, options), badge(unread)]));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(clickTarget(event.notification.data?.link, self.registration.scope)));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAnew());
});

/** A browser without badges, or one that cannot show this badge, shows the notification all the same. */
async function badge(unread: number | undefined): Promise<void> {
  if (unread !== undefined && "setAppBadge" in self.navigator) {
    await self.navigator.setAppBadge(unread).catch(() => {});
  }
}

/** Focuses a page that shows `url` already. Without a link any page of this app is focused. */
async function open(url: string): Promise<void> {
  const pages = await openPages();
  const wanted = pages.find((page) => page.url === url);
  const any = url === self.registration.scope ? pages[0] : undefined;
  if ((await (wanted ?? any)?.focus()) === undefined) await self.clients.openWindow(url);
}

/** The key comes with the address of this file: not every browser has the key of the old subscription. */
async function subscribeAnew(): Promise<void> {
  const applicationServerKey = new URL(self.location.href).searchParams.get("key");
  if (applicationServerKey === null) return;
  await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  for (const page of await openPages()) page.postMessage(CHANGED);
}

const openPages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });
