import { describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { HTTP_ROUTES } from "../../src/protocol/index.ts";

/** These routes carry a connection: a socket, or lines of frames. */
const CONNECTIONS = ["GET /v1/connect", "POST /v1/poll", "POST /v1/commands"].flatMap((route) => [
  route,
  route.replace("/v1/", "/v1/rooms/:room/"),
]);

/** It answers in the text format of others. */
const TEXTS = ["GET /v1/metrics"];

describe("the HTTP API", () => {
  it("[X15] has each of its routes in the contract", () => {
    const routes = createApp()
      .routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/"))
      .map(({ method, path }) => `${method} ${path}`);
    expect(new Set(routes)).toEqual(new Set([...Object.keys(HTTP_ROUTES), ...CONNECTIONS, ...TEXTS]));
  });
});
