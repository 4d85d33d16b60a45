// Who may use the server: pages of other origins, and users with a token if the server creates none for guests.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { call } from "./server-code.ts";

const run = promisify(execFile);

describeInBrowser("access", () => {
  /** Its server is set as `npm run dev` sets it. */
  const demo = demoForTest();
  /** As in production. */
  let strict: LocalServer;
  let elsewhere: Server;

  beforeAll(async () => {
    strict = await startServer({ vars: { DEV_TOKENS: "off", ALLOWED_ORIGINS: "" } });
    const page = readFileSync(join(import.meta.dirname, "other-origin.html"));
    elsewhere = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(page));
    await new Promise<void>((resolve) => elsewhere.listen(0, resolve));
  });
  afterAll(async () => {
    elsewhere?.close();
    await strict?.stop();
  });

  async function tokenOf(server: LocalServer, user: string, rooms: object): Promise<string> {
    const { token } = await call<{ token: string }>(server, "POST", "/v1/tokens", { user, rooms });
    return token;
  }

  async function tryFromElsewhere(server: LocalServer): Promise<unknown> {
    const token = await tokenOf(server, "ada", { "*": "write" });
    const { port } = elsewhere.address() as AddressInfo;
    const hash = [server.url, token].map(encodeURIComponent).join(",");
    const { page } = await demo.open(`http://localhost:${port}/#${hash}`);
    const output = page.locator("output:not(:empty)");
    await output.waitFor({ state: "attached" });
    return JSON.parse((await output.textContent()) ?? "");
  }

  it("[A6][N8] a page on another port uses socket, HTTP API and long polling", async () => {
    expect(await tryFromElsewhere(demo.server)).toEqual({ socket: "works", http: "works", polling: "works" });
  });

  it("[A6] a page of a foreign origin can use none of them", async () => {
    expect(await tryFromElsewhere(strict)).toEqual({
      socket: "refused: forbidden",
      // Without CORS headers the browser does not even give a reason.
      http: "refused: TypeError",
      polling: "refused: TypeError",
    });
  });

  it("[W25] shows the command that makes a token where the server makes none for guests", async () => {
    const ada = await demo.open(`${strict.url}/`);
    const shown = ada.page.locator("[data-part=token-command]");
    await shown.waitFor();
    const command = (await shown.textContent()) ?? "";
    // As a shell runs it.
    const { stdout } = await run("sh", ["-c", command], { env: { ...process.env, API_KEY: strict.apiKey } });
    const { token } = JSON.parse(stdout);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${strict.url}/v1/rooms/lobby/messages`, { headers })).status).toBe(200);
  });

  it("without tokens for guests the page asks for a token and works with it", async () => {
    const ada = await demo.open(`${strict.url}/?room=project_1`);
    const field = ada.page.getByLabel("Token");
    await field.waitFor();
    expect(await ada.page.getByLabel("Your name").isVisible()).toBe(false);

    await field.fill("no.such.token");
    await ada.press("Join room");
    await ada.sees("This token was not accepted. Check it, or get a new one.");

    await field.fill(await tokenOf(strict, "ada", { "other_*": "write" }));
    await ada.press("Join room");
    await ada.sees("You do not have permission to join this room.");

    const token = await tokenOf(strict, "ada", { "project_*": "write" });
    await field.fill(token);
    await ada.press("Join room");
    await ada.connected();
    await ada.say("With a token of my own");
    await ada.shows("With a token of my own");
    expect(ada.page.url()).not.toContain(token);
    expect(await ada.page.evaluate(() => JSON.stringify(localStorage))).not.toContain(token);

    // A room that the user may not open leads back to the current one.
    const other = ada.page.getByRole("textbox", { name: "Join another room" });
    await other.fill("secret");
    await other.press("Enter");
    await ada.sees("You do not have permission to join this room.");
    await ada.page.getByRole("heading", { name: "project_1" }).waitFor();
    await ada.connected();

    // The tab stores the token, so a reload asks for nothing.
    await ada.page.reload();
    await ada.connected();
    await ada.shows("With a token of my own");
  });

  it("a user who may only read is informed", async () => {
    const reader = await demo.open(`${strict.url}/?room=project_1`);
    await reader.page.getByLabel("Token").fill(await tokenOf(strict, "eve", { "*": "read" }));
    await reader.press("Join room");
    await reader.connected();
    expect(await reader.writing.isDisabled()).toBe(true);
    expect(await reader.writing.getAttribute("placeholder")).toContain("not write");
  });

  it("every answer carries the page's policy", async () => {
    const page = await fetch(demo.server.url);
    expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'self'");
    expect(page.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(page.headers.get("Referrer-Policy")).toBe("no-referrer");
  });
});
