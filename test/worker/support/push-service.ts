// A push service and the browsers that are subscribed to it. It accepts only what a browser could decrypt from a sender
// that it knows. To make it answer differently, give another function to `answerWith`.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { onTestFinished, vi } from "vitest";
import { type BrowserSubscription, browserSubscription, vapidClaims } from "../../support/web-push.ts";
import { callAs, callAsServer, tokenFor, uniqueName, userObject } from "./worker.ts";

export const HOST = "https://fcm.googleapis.com";

export interface Push {
  readonly endpoint: string;
  readonly payload: { readonly web_push: number; readonly notification: Readonly<Record<string, unknown>> };
  readonly headers: Readonly<Record<string, string>>;
  readonly vapid: { readonly key: string; readonly claims: Readonly<Record<string, unknown>> };
}

export type Answer = (push: Push, signal: AbortSignal) => Response | Promise<Response>;

export const created: Answer = () => new Response(null, { status: 201 });
export const answering =
  (status: number, headers: Record<string, string> = {}): Answer =>
  () =>
    new Response(status === 204 ? null : "no", { status, headers });

export function startPushService() {
  const browsers = new Map<string, BrowserSubscription>();
  const pushes: Push[] = [];
  let answer = created;
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    const endpoint = String(input);
    const browser = browsers.get(endpoint);
    if (browser === undefined || !init.signal || init.redirect !== "manual" || init.method !== "POST")
      throw new Error(`unexpected request to ${endpoint}`);
    const headers = Object.fromEntries(new Headers(init.headers));
    if (!(init.body instanceof Uint8Array)) throw new Error("no body");
    const push = {
      endpoint,
      payload: JSON.parse(await browser.decrypt(new Uint8Array(init.body))),
      headers,
      vapid: await vapidClaims(headers.authorization ?? ""),
    };
    pushes.push(push);
    return answer(push, init.signal);
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  /** A browser of `user` that has sent its subscription to the server. */
  async function subscribe(user: string, host = HOST): Promise<string> {
    const endpoint = `${host}/fcm/send/${uniqueName("browser")}`;
    const browser = await browserSubscription(endpoint);
    browsers.set(endpoint, browser);
    const response = await callAs(await tokenFor(user), "POST", "/v1/me/push", browser.json);
    if (response.status !== 200) throw new Error(await response.text());
    return endpoint;
  }

  return {
    subscribe,
    browsers,
    /** The pushes that arrived, the oldest first. */
    pushes,
    titles: () => pushes.map(({ payload }) => payload.notification.title),
    answerWith: (other: Answer) => {
      answer = other;
    },
  };
}

export const notify = (user: string, fields: object = {}) =>
  callAsServer("POST", "/v1/notify", { user, title: "Build", message: "done", ...fields });

/** From now on, until the object restarts, its alarm runs only when a test calls it. */
export const holdAlarms = (user: string): Promise<void> =>
  runInDurableObject<DurableObject, void>(userObject(user), (_, { storage }) => {
    const setAlarm = storage.setAlarm.bind(storage);
    const value = (at: number) => setAlarm(at + 7 * 86_400_000);
    Object.defineProperty(storage, "setAlarm", { configurable: true, value });
  });

/** Runs the alarm now, whenever it is due; returns whether there was one. */
export const alarm = (user: string) => runDurableObjectAlarm(userObject(user));

export const prefer = async (user: string, preferences: object) =>
  callAs(await tokenFor(user), "PUT", "/v1/me/preferences", preferences);

export const unsubscribe = async (user: string, endpoint: string) =>
  callAs(await tokenFor(user), "DELETE", "/v1/me/push", { endpoint });
