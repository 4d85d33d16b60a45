import { afterEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../../../client/index.ts";
import { createPush } from "../../../client/push/push.ts";
import { thisBrowser } from "../../../client/push/push-browser.ts";

const APP = "https://app.example.com/chat/";

/** A page, with the service workers of its origin by scope. */
function page({ scopes = {} as Record<string, string> } = {}) {
  const registrations = new Map(Object.entries(scopes));
  const registration = (scope: string) => ({
    scope,
    active: { scriptURL: registrations.get(scope) },
    installing: null,
    waiting: null,
    pushManager: { getSubscription: async () => null },
  });
  const serviceWorker = {
    addEventListener() {},
    register: async (script: URL, { scope = new URL("./", script).href } = {}) => {
      registrations.set(scope, script.href);
      return registration(scope);
    },
    getRegistration: async (url: string) => {
      const covering = [...registrations.keys()].filter((scope) => url.startsWith(scope));
      const scope = covering.sort((a, b) => b.length - a.length)[0];
      return scope === undefined ? undefined : registration(scope);
    },
  };
  const stored = new Map<string, string>();
  const globals: Record<string, unknown> = {
    navigator: { serviceWorker },
    Notification: { permission: "default" },
    PushManager: class {},
    location: new URL(APP),
    localStorage: {
      getItem: (name: string) => stored.get(name) ?? null,
      setItem: (name: string, value: string) => stored.set(name, value),
      removeItem: (name: string) => stored.delete(name),
    },
  };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  return { registrations, stored, serviceWorker };
}

const thrower = () => {
  throw new DOMException("site data is blocked", "SecurityError");
};

/** To read this global throws, as that of a page in a sandboxed frame does. */
function forbid(name: string): void {
  vi.stubGlobal(name, undefined);
  Object.defineProperty(globalThis, name, { configurable: true, get: thrower });
}

const browser = (script = "/edge-rooms-sw.js") => {
  const found = thisBrowser(script);
  if (found === undefined) throw new Error("it has no pushes");
  return found;
};

describe("the browser of a page with pushes", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it.each([
    ["/edge-rooms-sw.js", "https://app.example.com/edge-rooms-push", "/edge-rooms-sw.js?key=KEY"],
    ["/base/sw.js?v=3", "https://app.example.com/base/edge-rooms-push", "/base/sw.js?v=3&key=KEY"],
    ["sw.js", "https://app.example.com/chat/edge-rooms-push", "/chat/sw.js?key=KEY"],
  ])("[C127] has the worker at %s for a scope of its own", async (script, scope, address) => {
    const app = { "https://app.example.com/": "https://app.example.com/sw.js" };
    const { registrations } = page({ scopes: app });
    expect(await browser(script).registration()).toBeUndefined();
    await browser(script).register("KEY");
    expect(Object.fromEntries(registrations)).toEqual({
      ...app,
      [scope]: `https://app.example.com${address}`,
    });
    expect(await browser(script).registration()).toMatchObject({ scope });
  });

  it("[C127] takes the registration of the app as it is, where the app gives it", async () => {
    const { registrations } = page();
    const own = thisBrowser(() => navigator.serviceWorker.register(new URL("/sw.js", APP)));
    const scope = "https://app.example.com/";
    expect(await own?.registration()).toMatchObject({ scope });
    expect(await own?.register("KEY")).toMatchObject({ scope });
    expect(Object.fromEntries(registrations)).toEqual({ [scope]: "https://app.example.com/sw.js" });
  });

  it.each(["navigator", "Notification", "PushManager"])(
    "[C126] has no pushes where %s is missing or forbidden",
    (name) => {
      page();
      vi.stubGlobal(name, undefined);
      expect(thisBrowser("/sw.js")).toBeUndefined();
      forbid(name);
      expect(thisBrowser("/sw.js")).toBeUndefined();
    },
  );

  it("[C126] has no pushes where service workers are missing or forbidden", () => {
    page();
    vi.stubGlobal("navigator", {});
    expect(thisBrowser("/sw.js")).toBeUndefined();
    vi.stubGlobal("navigator", Object.defineProperty({}, "serviceWorker", { get: thrower }));
    expect(thisBrowser("/sw.js")).toBeUndefined();
  });

  it("[C126] remembers for this visit where nothing may be stored", () => {
    page();
    forbid("localStorage");
    const here = browser();
    expect(here.remembered()).toBeUndefined();
    here.remember({ user: "ada" });
    expect(here.remembered()).toEqual({ user: "ada" });
    here.forget();
    expect(here.remembered()).toBeUndefined();
  });

  it("[C126] forgets an older value if the storage is full", () => {
    const { stored } = page();
    const here = browser();
    here.remember({ user: "ada" });
    expect(browser().remembered()).toEqual({ user: "ada" });
    vi.spyOn(globalThis.localStorage, "setItem").mockImplementation(thrower);
    here.remember({ user: "bo" });
    expect([here.remembered(), browser().remembered(), stored.size]).toEqual([{ user: "bo" }, undefined, 0]);
  });

  it("[C126] says `unsupported` where service workers are refused when they are asked for", async () => {
    const { serviceWorker } = page();
    Object.assign(serviceWorker, {
      register: async () => thrower(),
      getRegistration: async () => thrower(),
    });
    const client = createClient({ url: "https://rooms.example.com", log: "off" });
    const push = createPush(client);
    expect([await push.state(), await push.refresh()]).toEqual(["unsupported", "unsupported"]);
    await push.disable();
    client.close();
  });
});
