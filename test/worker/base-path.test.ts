import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";

/** Asset paths that the binding was asked for. */
const asked: string[] = [];
const ASSETS = {
  fetch: (request: Request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname);
    // The binding redirects to the shorter address in the same way.
    const shorter = pathname.replace(/index\.html$|\.html$/, "");
    return Promise.resolve(
      shorter === pathname
        ? new Response("asset")
        : new Response(null, { status: 307, headers: { Location: `${shorter}${search}` } }),
    );
  },
};
const app = createApp();
const under = { ...env, ASSETS, BASE_PATH: "/rooms" };
const at = (path: string) => app.request(`https://example.com${path}`, {}, under, createExecutionContext());

describe("BASE_PATH", () => {
  it("[A9] is the prefix of page and API, and nothing is found outside it", async () => {
    expect((await at("/rooms/health")).status).toBe(200);
    expect((await at("/rooms/v1/rooms/x")).status).toBe(401);
    expect((await at("/rooms/")).status).toBe(200);
    expect((await at("/rooms/edge-rooms.js")).status).toBe(200);
    expect(asked).toEqual(["/", "/edge-rooms.js"]);
    for (const path of ["/", "/health", "/v1/rooms/x", "/roomsx", "/edge-rooms.js"]) {
      expect([path, (await at(path)).status]).toEqual([path, 404]);
    }
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["/rooms/index.html", "/rooms/"],
    ["/rooms/index.html?room=a", "/rooms/?room=a"],
    ["/rooms/page.html", "/rooms/page"],
  ])("[A42] %s is redirected within BASE_PATH", async (path, to) => {
    const response = await at(path);
    expect([response.status, response.headers.get("Location")]).toEqual([307, to]);
  });

  it("[A9] the address of the page gets the slash that its links need", async () => {
    const response = await at("/rooms");
    expect([response.status, response.headers.get("Location")]).toEqual([308, "/rooms/"]);
  });
});
