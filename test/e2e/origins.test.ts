// The own host in the forms that clients other than browsers use, over TLS that a proxy ends.

import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import { startTlsProxy, type TlsProxy } from "../support/tls-proxy.ts";
import { startTestServer, tokenFor, uniqueName } from "./support/world.ts";

describe.concurrent("an origin over TLS", () => {
  let server: LocalServer;
  let proxy: TlsProxy;

  beforeAll(async () => {
    server = await startTestServer({ ALLOWED_ORIGINS: "" });
    proxy = await startTlsProxy(server.port);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  /** Status and text of the answer to an upgrade; `host` is what the client believes to call. */
  async function connects(origin: string | undefined, host: string): Promise<[number | undefined, string]> {
    const token = await tokenFor("ada");
    return new Promise((resolve, reject) => {
      const upgrade = request({
        port: proxy.port,
        path: `/v1/rooms/${uniqueName("origin")}/connect`,
        rejectUnauthorized: false,
        headers: {
          Host: host,
          Connection: "Upgrade",
          Upgrade: "websocket",
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
          Authorization: `Bearer ${token}`,
          ...(origin !== undefined && { Origin: origin }),
        },
      });
      upgrade.on("upgrade", ({ statusCode }, socket) => {
        socket.destroy();
        resolve([statusCode, ""]);
      });
      upgrade.on("response", (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () => resolve([response.statusCode, text]));
      });
      upgrade.on("error", reject);
      upgrade.end();
    });
  }

  it.each(["http", "https", "ws", "wss"])("[A40] is allowed as %s://HOST, on any port", async (scheme) => {
    const own = `localhost:${proxy.port}`;
    expect(await connects(`${scheme}://${own}`, own)).toEqual([101, ""]);
    expect(await connects(`${scheme}://${own}/`, own)).toEqual([101, ""]);
    // As behind a proxy on the port of https: python3-websocket sends http there.
    expect(await connects(`${scheme}://rooms.example.com`, "rooms.example.com")).toEqual([101, ""]);
    expect(await connects(undefined, "rooms.example.com")).toEqual([101, ""]);
  });

  it("[A40][A41] of another host is refused by name", async () => {
    const own = `localhost:${proxy.port}`;
    for (const origin of ["https://evil.example", `https://localhost:${proxy.port + 1}`, "null"]) {
      const [status, text] = await connects(origin, own);
      expect(status).toBe(403);
      expect(JSON.parse(text).error).toMatchObject({ code: "forbidden" });
      expect(JSON.parse(text).error.message).toContain(`"${origin}"`);
      expect(JSON.parse(text).error.message).toContain("ALLOWED_ORIGINS");
    }
  });
});
