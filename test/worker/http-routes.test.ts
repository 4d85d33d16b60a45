import { describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { HTTP_ROUTES, OTHER_ROUTES } from "../../src/protocol/index.ts";

const SOCKETS = ["GET /v1/connect", "GET /v1/rooms/:room/connect"];

/** The contract itself. */
const DOCUMENTS = ["GET /v1/openapi.json", "GET /v1/asyncapi.json"];

describe("the HTTP API", () => {
  it("[X15] has each of its routes in the contract", () => {
    const routes = createApp()
      .routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/"))
      .map(({ method, path }) => `${method} ${path}`);
    expect(new Set(routes)).toEqual(
      new Set([...Object.keys({ ...HTTP_ROUTES, ...OTHER_ROUTES }), ...SOCKETS, ...DOCUMENTS]),
    );
  });
});
