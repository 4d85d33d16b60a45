// The OpenAPI and AsyncAPI documents as a deployment serves them, and the parameters that they name.

import { describe, expect, it } from "vitest";
import { HTTP_ROUTES, type HttpRoute, isCompound, type Schema } from "../../src/protocol/index.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  ORIGIN,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

interface Document {
  readonly openapi?: string;
  readonly asyncapi?: string;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly servers: unknown;
}

const PATHS = ["/v1/openapi.json", "/v1/asyncapi.json"];

const read = async (response: Promise<Response>): Promise<Document> => (await response).json<Document>();

describe("the documents of the contract", () => {
  it("[Z208] are there for anybody, with the address of the deployment", async () => {
    const openApi = await read(call("/v1/openapi.json"));
    expect(openApi.openapi).toBe("3.1.0");
    expect(openApi.servers).toEqual([{ url: ORIGIN }]);
    expect(Object.keys(openApi.paths)).toContain("/v1/rooms/{room}/messages");
    const asyncApi = await read(call("/v1/asyncapi.json"));
    expect(asyncApi.asyncapi).toBe("3.0.0");
    expect(asyncApi.servers).toMatchObject({ deployment: { host: "rooms.test", protocol: "wss" } });
  });

  it("[Z208] name BASE_PATH, and behind a trusted proxy the address of the proxy", async () => {
    const headers = { "X-Forwarded-Host": "www.example.com", "X-Forwarded-Proto": "http" };
    const behind = (settings: Readonly<Record<string, unknown>>, path: string) =>
      read(callWith(settings, path, { headers }));
    const settings = { BASE_PATH: "/realtime", TRUST_PROXY: "on" };
    const { servers } = await behind(settings, "/realtime/v1/openapi.json");
    expect(servers).toEqual([{ url: "http://www.example.com/realtime" }]);
    const sockets = await behind(settings, "/realtime/v1/asyncapi.json");
    expect(sockets.servers).toMatchObject({
      deployment: { host: "www.example.com", protocol: "ws", pathname: "/realtime" },
    });
    const untrusted = await behind({}, "/v1/openapi.json");
    expect(untrusted.servers).toEqual([{ url: ORIGIN }]);
  });

  it.each(PATHS)("[Z208] are for pages of every origin, and cached until they change: %s", async (path) => {
    const first = await call(path, { headers: { Origin: "https://elsewhere.example" } });
    const { headers } = first;
    expect([first.status, headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Cache-Control")).toBe("public, max-age=0, must-revalidate");
    const etag = headers.get("ETag") ?? "";
    await first.text();
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await call(path, { headers: { "If-None-Match": tag } });
      expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", etag]);
    }
    const other = await call(path, { headers: { "If-None-Match": '"other"' } });
    expect([other.status, (await other.text()).length > 10_000]).toEqual([200, true]);
  });
});

describe("the reference page", () => {
  it("[Z209] is one of the pages: it is there where they are, and the documents are there in any case", async () => {
    const ASSETS = { fetch: async () => new Response("the page") };
    const statusOf = async (settings: Readonly<Record<string, unknown>>, path: string) =>
      (await callWith({ ASSETS, ...settings }, path)).status;
    expect(await statusOf({ DEMO: "on" }, "/docs")).toBe(200);
    for (const settings of [{ DEMO: "off" }, { DEMO: "off", ADMIN: "on" }]) {
      expect(await statusOf(settings, "/docs")).toBe(404);
      for (const path of PATHS) expect(await statusOf(settings, path)).toBe(200);
    }
  });
});

const room = uniqueName("documents");
const user = uniqueName("ada");

/** A text that does not fit a parameter; `undefined`: every text does. */
function badValue(schema: Schema): string | undefined {
  if (typeof schema === "string") return schema === "text" ? undefined : "-bad-";
  if (!isCompound(schema)) return undefined;
  switch (schema[0]) {
    case "optional":
      return badValue(schema[1]);
    case "int":
      return String((schema[2] ?? 0) + 1);
    case "text":
      return "x".repeat(schema[2] + 1);
    case "list":
      return "a,-bad-";
    default:
      return "bad";
  }
}

const parameters = Object.entries<HttpRoute>(HTTP_ROUTES).flatMap(([route, { query = {} }]) =>
  Object.entries(query).flatMap(([name, schema]) => {
    const bad = badValue(schema);
    return bad === undefined ? [] : [[route, name, bad] as const];
  }),
);

describe("a parameter of the documents", () => {
  it.each(parameters)(
    "[Z207] is read by its route, which refuses what does not fit: %s %s",
    async (route, name, bad) => {
      const [method = "", pattern = ""] = route.split(" ");
      const path = pattern.replace(":room", room).replace(":user", user);
      const asked = `${path}?${name}=${encodeURIComponent(bad)}`;
      const response = route.includes("/me/")
        ? await callAs(await tokenFor(user), method, asked)
        : await callAsServer(method, asked);
      expect([response.status, (await errorOf(response)).path]).toEqual([400, [name]]);
    },
  );
});
