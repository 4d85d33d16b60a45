// Shows pushes while no page is open. It is served by the page's own origin, registered by `push.ts`, and does nothing
// else: no request passes through it.

import { noticeOf, targetOf } from "./notice.ts";

declare const self: ServiceWorkerGlobalScope;

/** Told to open pages, which have a token to pass it on. */
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
  event.waitUntil(open(targetOf(event.notification.data?.link, self.registration.scope)));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAnew());
});

/** Not every browser has badges, and one that cannot show this one is no reason to show nothing. */
async function badge(unread: number | undefined): Promise<void> {
  if (unread !== undefined && "setAppBadge" in self.navigator) {
    await self.navigator.setAppBadge(unread).catch(() => {});
  }
}

/** A page that shows it already comes to the front; without a link any page of ours will do. */
async function open(url: string): Promise<void> {
  const pages = await pagesOfOurs();
  const wanted = pages.find((page) => page.url === url);
  const any = url === self.registration.scope ? pages[0] : undefined;
  if ((await (wanted ?? any)?.focus()) === undefined) await self.clients.openWindow(url);
}

/** By the key that came with this file's address, as not every browser says what the old one was made with. */
async function subscribeAnew(): Promise<void> {
  const applicationServerKey = new URL(self.location.href).searchParams.get("key");
  if (applicationServerKey === null) return;
  await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  for (const page of await pagesOfOurs()) page.postMessage(CHANGED);
}

const pagesOfOurs = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });
