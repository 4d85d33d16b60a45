// Pages that may less than others: in a sandboxed frame without an origin, and where the user blocks site data.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Frame, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chromiumPath } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { type AppHost, startAppHost } from "./app-host.ts";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { pushVars } from "./push-vars.ts";
import { call, storedTexts } from "./server-code.ts";

const FRAME = `<!doctype html><script type="module">
  import { createClient, inboxOf, sharedRoom, userApi } from "/edge-rooms.js";
  import { createPush } from "/edge-rooms-push.js";
  Object.assign(window, { createClient, inboxOf, sharedRoom, userApi, createPush, ready: true });
</script>`;
const SANDBOX = `<!doctype html><iframe sandbox="allow-scripts" src="/frame"></iframe>`;

const codeOf = "(promise) => promise.then(() => 'done', ({ code }) => code)";

describeInBrowser("a page that may less", () => {
  const demo = demoForTest({ vars: { ...pushVars(), ALLOWED_ORIGINS: "*" }, isWhole: true });
  let strict: LocalServer;
  let host: AppHost;

  beforeAll(async () => {
    strict = await startServer();
    host = await startAppHost(demo.server, { "/frame": FRAME, "/sandbox": SANDBOX });
  });
  afterAll(async () => {
    host?.close();
    await strict?.stop();
  });

  /** What the page does as a user of that server, as text, because a page loads modules by itself. */
  async function run(
    where: Page | Frame,
    { server: { url, ...rest } = demo.server, user = "ada" },
    body: string,
  ) {
    const { token } = await call<{ token: string }>({ url, ...rest }, "POST", "/v1/tokens", {
      ...{ user, rooms: { "*": "write" } },
    });
    await where.waitForFunction("window.ready");
    return where.evaluate(`(async () => {
      const codeOf = ${codeOf};
      const client = createClient({ url: ${JSON.stringify(url)}, getToken: () => ${JSON.stringify(token)} });
      ${body}
    })()`);
  }

  async function sandboxed(): Promise<{ frame: Frame; faults: string[] }> {
    const page = await (await demo.profile()).newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    await page.goto(`${host.url}/sandbox`);
    const frame = page.frames().find((one) => one !== page.mainFrame());
    if (frame === undefined) throw new Error("there is no frame");
    return { frame, faults };
  }

  it("[C126] in a sandboxed frame connects, sends and calls, and has no pushes", async () => {
    const { frame, faults } = await sandboxed();
    expect(await frame.evaluate("self.origin")).toBe("null");
    const said = await run(
      frame,
      {},
      `const room = sharedRoom(client, "sandbox");
      await room.send({ text: "from a frame" });
      await room.markRead(1);
      const own = client.room("sandbox-own");
      await own.send({ text: "on a socket of its own" });
      const { mutedRooms } = await userApi(client).preferences();
      const push = createPush(client);
      return [
        ...[room.state.status, own.state.status, client.state.status, mutedRooms],
        ...[await push.state(), await push.refresh(), await codeOf(push.enable()), await codeOf(push.disable())],
      ];`,
    );
    expect(said).toEqual([
      ...["connected", "connected", "connected", []],
      ...["unsupported", "unsupported", "not_found", "done"],
    ]);
    expect(await storedTexts(demo.server, "sandbox")).toEqual(["from a frame"]);
    expect(faults).toEqual([]);
  });

  it("[C126] in a sandboxed frame says why a server does not take it", async () => {
    const { frame } = await sandboxed();
    const error = await run(
      frame,
      { server: strict },
      `const room = client.room("sandbox");
      const state = await new Promise((resolve) => room.on("state", (state) => {
        if (state.status === "disconnected") resolve(state);
      }));
      return [state.error.code, state.error.message];`,
    );
    expect(error).toEqual(["forbidden", expect.stringContaining('the origin "null" may not call here')]);
  });

  it("[C126] where the user blocks site data connects and sends, and has no pushes", async () => {
    const profile = mkdtempSync(join(tmpdir(), "edge-rooms-profile-"));
    mkdirSync(join(profile, "Default"));
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(settings));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath ?? "",
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    });
    try {
      await context.grantPermissions(["notifications"], { origin: host.url });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(String(error.stack)));
      await page.goto(`${host.url}/frame`);
      const refused = await page.evaluate(
        `(() => { try { return localStorage.length; } catch (e) { return e.name; } })()`,
      );
      expect(refused).toBe("SecurityError");
      const said = await run(
        page,
        { user: "bo" },
        `const room = client.room("blocked");
        await room.send({ text: "without site data" });
        const push = createPush(client);
        return [room.state.status, await push.state(), await push.refresh(), await codeOf(push.enable())];`,
      );
      expect(said).toEqual(["connected", "unsupported", "unsupported", "not_found"]);
      expect(await storedTexts(demo.server, "blocked")).toEqual(["without site data"]);
      expect(faults).toEqual([]);
    } finally {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
