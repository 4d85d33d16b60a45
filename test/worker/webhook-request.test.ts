// One request to the back end: how long it may take, and what of the answer counts.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { postWebhook } from "../../src/webhooks/runtime/post-webhook.ts";

const ADDRESS = { url: "https://hooks.example/edge", secret: "a-webhook-secret-of-the-tests-that-is-long" };

function answerWith(answer: (init: RequestInit) => Promise<Response>): void {
  vi.stubGlobal("fetch", (_: RequestInfo, init: RequestInit) => answer(init));
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
}

describe("a request to the back end", () => {
  it("[Z84] does not read the answer, however long it is", async () => {
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => cancelled.resolve(),
    });
    answerWith(async () => new Response(endless, { status: 200 }));
    expect(await postWebhook(ADDRESS, "{}")).toEqual({ kind: "told" });
    await cancelled.promise;
  });

  it("[Z84] follows no redirect", async () => {
    answerWith(async ({ redirect }) => {
      expect(redirect).toBe("manual");
      return new Response(null, { status: 307, headers: { Location: "https://other.example/" } });
    });
    expect(await postWebhook(ADDRESS, "{}")).toMatchObject({ kind: "failed", why: "answered 307" });
  });

  it("[Z84] that nobody answers ends after 10 s, and its timer with it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const asked = Promise.withResolvers<void>();
    answerWith(({ signal }) => {
      asked.resolve();
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    });
    const outcome = postWebhook(ADDRESS, "{}");
    await asked.promise;
    vi.advanceTimersByTime(9_999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await outcome).toMatchObject({ kind: "failed", why: "no answer within 10 s", isRefusal: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[Z84] that cannot be made says why, and nothing of the secret or the address", async () => {
    answerWith(() => Promise.reject(new TypeError(`no way to ${ADDRESS.url}`)));
    expect(await postWebhook(ADDRESS, "{}")).toEqual({
      ...{ kind: "failed", why: "no connection, or no answer in HTTP", retryAfterMs: 0, isRefusal: false },
    });
  });
});
