import { describe, expect, it } from "vitest";
import { call, callAs, callWith, errorOf, ORIGIN, tokenFor, uniqueName, upgrade } from "./support/worker.ts";

const allowed = ["https://app.example.com", "https://a.example.org", "https://A.Example.ORG", ORIGIN];
const foreign = [
  "https://evil.example",
  "http://app.example.com",
  "https://app.example.com.evil.example",
  "https://app.example.com:8443",
  "https://evilapp.example.com",
  "https://example.org",
  "https://a.b.example.org",
  "https://.example.org",
  "https://appXexample.com",
  "null",
];

const bearer = async (origin?: string) => ({
  Authorization: `Bearer ${await tokenFor("ada")}`,
  ...(origin !== undefined && { Origin: origin }),
});

const preflight = (path: string, origin: string, method = "GET") =>
  call(path, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization",
    },
  });

describe("pages of other origins", () => {
  it.each(allowed)("[A6] %s may use sockets and calls", async (origin) => {
    const room = uniqueName("origin");
    const response = await call(`/v1/rooms/${room}`, { headers: await bearer(origin) });
    expect(response.status).toBe(200);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
    expect(response.headers.get("Vary")).toBe("Origin");
    expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    const socket = await upgrade(`/v1/rooms/${room}/connect`, await tokenFor("ada"), { Origin: origin });
    socket.webSocket?.accept();
    expect(socket.headers.get("Sec-WebSocket-Protocol")).toBe("edge-rooms.v1");
    const bare = await call(`/v1/rooms/${room}/connect`, {
      headers: { ...(await bearer(origin)), Upgrade: "websocket" },
    });
    expect(bare.status).toBe(101);
  });

  it.each(foreign)("[A6] %j may use neither", async (origin) => {
    const room = uniqueName("origin");
    const headers = await bearer(origin);
    const calls = [
      await call(`/v1/rooms/${room}`, { headers }),
      await call(`/v1/rooms/${room}/messages`, { method: "POST", headers, body: '{"data":1}' }),
      await call(`/v1/rooms/${room}/connect`, { headers: { ...headers, Upgrade: "websocket" } }),
      await call("/v1/connect", { headers: { ...headers, Upgrade: "websocket" } }),
      await call("/v1/nothing", { headers }),
    ];
    for (const response of calls) {
      expect([response.status, (await errorOf(response)).code]).toEqual([403, "forbidden"]);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  });

  it("[A6] a caller without Origin is not a browser and is allowed", async () => {
    const response = await call(`/v1/rooms/${uniqueName("origin")}`, { headers: await bearer() });
    expect(response.status).toBe(200);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  it("[A6] the origin is checked before the token: an invalid token of a foreign page is forbidden", async () => {
    const response = await call("/v1/me/notifications", {
      headers: { Authorization: "Bearer nonsense", Origin: "https://evil.example" },
    });
    expect(response.status).toBe(403);
  });

  it("[A6] without ALLOWED_ORIGINS only the Worker's own origin is allowed; * allows all", async () => {
    const path = `/v1/rooms/${uniqueName("origin")}`;
    const ask = async (ALLOWED_ORIGINS: string, origin: string) =>
      (await callWith({ ALLOWED_ORIGINS }, path, { headers: await bearer(origin) })).status;
    expect(await ask("", ORIGIN)).toBe(200);
    expect(await ask("", "https://app.example.com")).toBe(403);
    expect(await ask("*", "https://evil.example")).toBe(200);
    expect(await ask("http://localhost:*", "http://localhost:5173")).toBe(200);
    expect(await ask("http://localhost:*", "http://localhost")).toBe(200);
    expect(await ask("http://localhost:*", "http://localhost.evil.example:80")).toBe(403);
  });

  it("[A41] a refusal shows the origin that it received, bounded and printable, and the setting", async () => {
    const long = `https://${"a".repeat(300)}.example`;
    for (const [origin, shown] of [
      ["https://evil.example", '"https://evil.example"'],
      ["null", '"null"'],
      [long, `"${long.slice(0, 200)}…"`],
      ["https://ev\u00efl.example/", '"https://ev'],
    ] as const) {
      const response = await call("/v1/rooms/x", { headers: await bearer(origin) });
      const { code, message } = await errorOf(response);
      expect([response.status, code]).toEqual([403, "forbidden"]);
      expect(message).toContain(shown);
      expect(message).toContain("ALLOWED_ORIGINS");
      expect(message).toMatch(/^[ -~…]+$/);
      expect(String(message).length).toBeLessThan(400);
    }
  });

  it("[A43] with TRUST_PROXY the own host is the name under which the client called the proxy", async () => {
    const path = `/v1/rooms/${uniqueName("origin")}`;
    const ask = async (TRUST_PROXY: string | undefined, forwarded: string | undefined, origin: string) => {
      const headers = { ...(await bearer(origin)), ...(forwarded && { "X-Forwarded-Host": forwarded }) };
      return (await callWith({ TRUST_PROXY }, path, { headers })).status;
    };
    const own = "https://chat.example.net";
    expect(await ask("on", "chat.example.net", own)).toBe(200);
    expect(await ask("on", "chat.example.net:443", own)).toBe(200);
    // A second proxy in front appends its entry.
    expect(await ask("on", "chat.example.net, inner.example.net", own)).toBe(200);
    expect(await ask("on", "inner.example.net, chat.example.net", own)).toBe(403);
    expect(await ask("on", "chat.example.net:8443", own)).toBe(403);
    expect(await ask("on", "chat.example.net", "https://chat.example.net:8443")).toBe(403);
    for (const trust of [undefined, "off"]) {
      expect(await ask(trust, "chat.example.net", own)).toBe(403);
      expect(await ask(trust, "chat.example.net", ORIGIN)).toBe(200);
    }
    expect(await ask("on", undefined, ORIGIN)).toBe(200);
    expect(await ask("on", "", ORIGIN)).toBe(200);
    expect(await ask("on", " , ", ORIGIN)).toBe(200);
  });

  it("[A43] no page can set that header: no preflight allows it", async () => {
    const response = await preflight("/v1/rooms/x", "https://app.example.com");
    expect(response.headers.get("Access-Control-Allow-Headers")).toBe("authorization, content-type");
  });

  it("[A6] an allowed page can read why it was refused", async () => {
    const headers = { Authorization: "Bearer nonsense", Origin: "https://app.example.com" };
    const response = await call("/v1/me/notifications", { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example.com");
  });

  it("[A6] /health and the client's file are open to all origins", async () => {
    const headers = { Origin: "https://evil.example" };
    const health = await call("/health", { headers });
    expect([health.status, health.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
  });
});

describe("a preflight", () => {
  const methods: [string, string[]][] = [
    ["/v1/rooms/a", ["GET"]],
    ["/v1/rooms/a/messages", ["GET", "POST"]],
    ["/v1/rooms/a/signals", ["POST"]],
    ["/v1/rooms/a/events", ["GET"]],
    ["/v1/me/notifications", ["GET"]],
    ["/v1/me/notifications/mark", ["POST"]],
    ["/v1/notify", ["POST"]],
    ["/v1/broadcast", ["POST"]],
  ];

  it.each(methods)("[H6] of %s is answered with its methods", async (path, expected) => {
    const response = await preflight(path, "https://app.example.com", "POST");
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    const named = (response.headers.get("Access-Control-Allow-Methods") ?? "").split(", ");
    expect(named).toEqual(expect.arrayContaining(expected));
    expect(named.filter((method) => !/^[A-Z]+$/.test(method) || method === "ALL")).toEqual([]);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example.com");
    expect(response.headers.get("Access-Control-Allow-Headers")).toBe("authorization, content-type");
    expect(response.headers.get("Access-Control-Max-Age")).toBe("86400");
    expect(response.headers.get("Vary")).toBe("Origin");
  });

  it("[H6] from another origin is forbidden", async () => {
    const response = await preflight("/v1/rooms/a/messages", "https://evil.example");
    expect(response.status).toBe(403);
    expect(response.headers.get("Access-Control-Allow-Methods")).toBeNull();
  });

  it("[H6] works under BASE_PATH", async () => {
    const response = await callWith({ BASE_PATH: "/live" }, "/live/v1/rooms/a/signals", {
      method: "OPTIONS",
      headers: { Origin: "https://app.example.com", "Access-Control-Request-Method": "POST" },
    });
    expect(response.headers.get("Access-Control-Allow-Methods")).toContain("POST");
  });

  it("[H6] must be complete: any other OPTIONS request is an unknown call", async () => {
    const response = await callAs(await tokenFor("ada"), "OPTIONS", "/v1/rooms/a");
    expect(response.status).toBe(404);
  });
});
