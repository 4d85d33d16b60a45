// A push from the deployed server to a push service on this machine, which decrypts what it received.

import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vapidKeys } from "../../src/tools/vapid-keys.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { type BrowserSubscription, browserSubscription, vapidClaims } from "../support/web-push.ts";

interface Received {
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

describe("Web Push", () => {
  const { publicKey, privateKey } = vapidKeys();
  const received: Received[] = [];
  let service: Server;
  let server: LocalServer;
  let browser: BrowserSubscription;

  beforeAll(async () => {
    service = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const { headers } = request;
        const body = new Uint8Array(Buffer.concat(chunks));
        const { claims } = await vapidClaims(headers.authorization ?? "");
        received.push({ payload: JSON.parse(await browser.decrypt(body)), headers, claims });
        response.writeHead(201).end();
      });
    });
    const [port] = await Promise.all([
      new Promise<number>((resolve) => {
        service.listen(0, "localhost", () => {
          const address = service.address();
          if (address !== null && typeof address === "object") resolve(address.port);
        });
      }),
      startServer({
        vars: {
          VAPID_PUBLIC_KEY: publicKey,
          VAPID_PRIVATE_KEY: privateKey,
          VAPID_SUBJECT: "mailto:tests@example.com",
          PUSH_HOSTS: "localhost",
        },
      }).then((started) => {
        server = started;
      }),
    ]);
    browser = await browserSubscription(`http://localhost:${port}/push/1`);
  });
  afterAll(async () => {
    service?.close();
    await server?.stop();
  });

  const call = async (bearer: string, method: string, path: string, body?: object) => {
    const response = await fetch(server.url + path, {
      method,
      headers: { Authorization: `Bearer ${bearer}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };

  it("[U19] reaches a browser that has left, with the content of the notification", async () => {
    const { token } = await (await fetch(`${server.url}/dev/token?user=ada`)).json();
    expect((await call(token, "GET", "/v1/push/key")).body).toEqual({ key: publicKey });
    expect((await call(token, "POST", "/v1/me/push", browser.json)).status).toBe(200);
    const notification = { id: "b-1", title: "Grüße 👍", message: "done", link: "/b/1", priority: "high" };
    const notified = await call(server.apiKey, "POST", "/v1/notify", { user: "ada", ...notification });
    expect(notified.body).toEqual({ results: [{ user: "ada", seq: 1, delivered: 0 }] });
    await expect.poll(() => received.length, { timeout: 45_000 }).toBe(1);
    expect(received[0]).toMatchObject({
      payload: {
        web_push: 8030,
        notification: { title: "Grüße 👍", body: "done", navigate: "/b/1", tag: "b-1", app_badge: "1" },
      },
      headers: { ttl: "2419200", urgency: "high", "content-encoding": "aes128gcm" },
      claims: { aud: new URL(browser.json.endpoint).origin, sub: "mailto:tests@example.com" },
    });
  });
});
