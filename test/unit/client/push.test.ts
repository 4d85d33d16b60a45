import { describe, expect, it } from "vitest";
import { RoomsError } from "../../../client/index.ts";
import { Push } from "../../../client/push/push.ts";
import type { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { clientForTest } from "./support/client-for-test.ts";
import { FakeBrowser, type FakeServer, fakeServer } from "./support/fake-browser.ts";

interface World {
  readonly browser: FakeBrowser;
  readonly server: FakeServer;
}

/** A visit: a client of its own, with the users that `userOfToken` names or else that of the server. */
function pushForTest(
  { browser, server }: World = { browser: new FakeBrowser(), server: fakeServer() },
  userOfToken: () => string = () => server.token,
) {
  const world = clientForTest({
    url: "https://page.example/base/",
    getToken: () => `${userOfToken()}.e30.s`,
    fetch: async (url, init) => server.fetch(url, init),
  });
  return { ...world, browser, server, push: new Push(world.client, browser) };
}

/** The result, after all the time that it takes. */
async function codeOf({ clock }: { readonly clock: FakeClock }, promise: Promise<unknown>) {
  let code: string | undefined;
  promise.then(
    () => {
      code = "resolved";
    },
    (error: unknown) => {
      code = error instanceof RoomsError ? error.code : `no RoomsError: ${String(error)}`;
    },
  );
  for (let seconds = 0; code === undefined && seconds < 400; seconds++) await clock.advance(1_000);
  return code;
}

describe("pushes in a browser", () => {
  it("[U25] are asked for, subscribed to with the server's key, and registered at the server", async () => {
    const { browser, server, push } = pushForTest();
    expect(await push.state()).toBe("off");
    await push.enable();
    expect(await push.state()).toBe("on");
    expect(browser.asked).toBe(1);
    expect(browser.keys).toEqual(["KEY1"]);
    expect(browser.subscription?.options.applicationServerKey).toBeDefined();
    expect(server.calls).toEqual([
      "GET https://page.example/base/v1/push/key",
      "POST https://page.example/base/v1/me/push https://push.example/1",
    ]);
    expect(server.addresses()).toEqual({ ada: ["https://push.example/1"] });
  });

  it("[U25] end by disable, also if the server cannot be reached", async () => {
    const { browser, server, push } = pushForTest();
    await push.enable();
    await push.disable();
    expect([await push.state(), browser.subscription, server.addresses()]).toEqual([
      "off",
      null,
      { ada: [] },
    ]);
    await push.enable();
    server.isDown = true;
    await push.disable();
    expect([await push.state(), browser.subscription]).toEqual(["off", null]);
    await push.disable();
  });

  it("[U25] report why they are not available", async () => {
    const denied = pushForTest();
    denied.browser.answer = "denied";
    expect(await codeOf(denied, denied.push.enable())).toBe("forbidden");
    expect([await denied.push.state(), denied.server.calls]).toEqual(["denied", []]);

    const without = pushForTest();
    const none = new Push(without.client, undefined);
    expect([await none.state(), await codeOf(without, none.enable()), await none.refresh()]).toEqual([
      ...["unsupported", "not_found", "unsupported"],
    ]);
    await none.disable();

    const blocked = pushForTest();
    blocked.browser.isBlocked = true;
    expect([await blocked.push.state(), await codeOf(blocked, blocked.push.enable())]).toEqual([
      ...["unsupported", "not_found"],
    ]);
    expect([await blocked.push.refresh(), blocked.browser.subscription]).toEqual(["unsupported", null]);
    await blocked.push.disable();

    const keyless = pushForTest();
    keyless.server.key = undefined;
    expect(await codeOf(keyless, keyless.push.enable())).toBe("not_found");

    const down = pushForTest();
    down.server.isDown = true;
    expect(await codeOf(down, down.push.enable())).toBe("offline");

    const unreachable = pushForTest();
    unreachable.browser.isPushServiceDown = true;
    expect(await codeOf(unreachable, unreachable.push.enable())).toBe("offline");
    expect(await unreachable.push.state()).toBe("off");

    const tokenless = pushForTest();
    tokenless.server.token = "void";
    expect(await codeOf(tokenless, tokenless.push.enable())).toBe("unauthorized");
  });

  it("[U26] are registered again at each visit, without a question", async () => {
    const world = pushForTest();
    expect(await world.push.refresh()).toBe("off");
    expect([world.browser.asked, world.server.calls]).toEqual([0, []]);
    await world.push.enable();
    const next = pushForTest(world);
    expect(await next.push.refresh()).toBe("on");
    expect([world.browser.asked, world.server.addresses()]).toEqual([1, { ada: ["https://push.example/1"] }]);
  });

  it("[U26] never reach a former user of this browser: another user gets another address", async () => {
    const world = pushForTest();
    await world.push.enable();
    world.server.token = "bo";
    const next = pushForTest(world);
    await next.push.enable();
    expect(world.server.addresses()).toEqual({
      ada: ["https://push.example/1"],
      bo: ["https://push.example/2"],
    });
    expect(world.browser.ended).toEqual(["https://push.example/1"]);
    // The record is gone: the user of the address is unknown.
    world.browser.forget();
    await pushForTest(world).push.enable();
    expect(world.browser.ended).toEqual(["https://push.example/1", "https://push.example/2"]);
    expect(world.server.addresses().bo).toEqual(["https://push.example/3"]);
  });

  it("[U26] with another key of the server are subscribed again", async () => {
    const world = pushForTest();
    await world.push.enable();
    world.server.key = "KEY2";
    await pushForTest(world).push.refresh();
    expect(world.browser.ended).toEqual(["https://push.example/1"]);
    expect(world.browser.keys.at(-1)).toBe("KEY2");
  });

  it("[U26] that the service worker had to subscribe again are registered by an open page", async () => {
    const { browser, server, push } = pushForTest();
    await push.enable();
    await browser.renew();
    expect(await push.state()).toBe("off");
    browser.tell({ type: "something else" });
    browser.tell({ type: "edge-rooms.subscriptionChanged" });
    await push.refresh();
    expect([await push.state(), server.addresses().ada]).toEqual(["on", [browser.subscription?.endpoint]]);
  });

  it("[U25] ask for a token again if it had expired", async () => {
    const ends = ["void", "ada"];
    const again = pushForTest(undefined, () => ends.shift() ?? "ada");
    expect(await codeOf(again, again.push.enable())).toBe("resolved");
  });

  it("[U25] wait if tokens were revoked a moment ago, and give up if that does not end", async () => {
    const tokens = ["early", "early", "void", "early"];
    const waiting = pushForTest(undefined, () => tokens.shift() ?? "ada");
    const startedAt = waiting.clock.now();
    expect(await codeOf(waiting, waiting.push.enable())).toBe("resolved");
    expect(waiting.clock.now() - startedAt).toBeGreaterThanOrEqual(3 * 61_000);
    const never = pushForTest(undefined, () => "early");
    expect(await codeOf(never, never.push.enable())).toBe("token_expired");
  });

  it("[U25] calls run one after the other, however they are called", async () => {
    const { browser, server, push } = pushForTest();
    await Promise.all([push.enable(), push.disable(), push.enable(), push.enable()]);
    expect(await push.state()).toBe("on");
    expect(server.addresses().ada).toEqual([browser.subscription?.endpoint]);
  });
});
