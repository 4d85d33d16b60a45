// Shows pushes while no page is open. The page's own origin serves it and `push.ts` registers it for a scope without
// pages, or the app's own service worker imports it. No request passes through it.

import { clickTarget, noticeOf } from "./notice.ts";

declare const self: ServiceWorkerGlobalScope;

/** The message to the open pages: they have a token, and tell the server of the new subscription. */
const CHANGED = { type: "edge-rooms.subscriptionChanged" };

/** The page that a push without a link leads to: beside a scope of our own, or the beginning of the app's. */
const home = () => self.registration.scope.replace(/edge-rooms-push$/, "");

self.addEventListener("install", () => {
  // When the app's own worker takes over is for the app to decide.
  if (home() !== self.registration.scope) void self.skipWaiting();
});

self.addEventListener("push", (event) => {
  const { title, options, unread } = noticeOf(event.data?.text());
  event.waitUntil(Promise.all([self.registration.showNotification(title, options), badge(unread)]));
});

self.addEventListener("notificationclick", (event) => {
  const link: unknown = event.notification.data?.edgeRoomsLink;
  if (link === undefined) return;
  event.notification.close();
  event.waitUntil(open(clickTarget(link, home())));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAnew(event.oldSubscription));
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
  const any = url === home() ? pages.find((page) => page.url.startsWith(url)) : undefined;
  if ((await (wanted ?? any)?.focus()) === undefined) await self.clients.openWindow(url);
}

/**
 * The key comes with the address of this file: not every browser has the key of the old subscription. Within the app's
 * own worker there is only that one, and without it the next visit subscribes.
 */
async function subscribeAnew(old: PushSubscription | null): Promise<void> {
  const given = new URL(self.location.href).searchParams.get("key");
  const applicationServerKey = given ?? old?.options.applicationServerKey;
  if (applicationServerKey == null) return;
  await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  for (const page of await openPages()) page.postMessage(CHANGED);
}

/** None of them is controlled by a worker with a scope of its own. */
const openPages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });
