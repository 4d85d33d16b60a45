// The admin page: what an operator with an API key sees and does, beside real clients.

import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterEach, expect, it } from "vitest";
import { createClient, inboxOf, type RoomHandle } from "../../client/index.ts";
import { lowContrast } from "./contrast.ts";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { PHONE, type Visitor } from "./visitor.ts";

describeInBrowser("the admin page", () => {
  const demo = demoForTest({ vars: { ADMIN: "on", DEMO: "off" } });
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const client of open.splice(0)) client.close();
  });

  async function signedIn(options: BrowserContextOptions = {}, hash = ""): Promise<Visitor> {
    const operator = await demo.open(
      `/admin${hash}`,
      await demo.profile({ reducedMotion: "reduce", ...options }),
    );
    await signIn(operator, demo.server.apiKey);
    await operator.page.getByRole("button", { name: "Sign out" }).waitFor();
    return operator;
  }

  async function signIn(operator: Visitor, key: string): Promise<void> {
    await operator.page.getByLabel("API key").fill(key);
    await operator.press("Sign in");
  }

  /** A user of an app. */
  async function userOf(user: string, name = user) {
    const body = { user, name, rooms: { "*": "write" } };
    const { token } = await call<{ token: string }>(demo.server, "POST", "/v1/tokens", body);
    const client = createClient({ url: demo.server.url, getToken: () => token });
    open.push(client);
    return client;
  }

  async function listenerOf(user: string) {
    const inbox = inboxOf(await userOf(user));
    inbox.on("notification", () => {});
    await expect.poll(() => inbox.state.status, SOON).toBe("connected");
    return inbox;
  }

  async function memberOf(room: string, user: string, name?: string): Promise<RoomHandle> {
    const handle = (await userOf(user, name)).room(room);
    await connected(handle);
    return handle;
  }

  const connected = (room: RoomHandle) => expect.poll(() => room.state.status, SOON).toBe("connected");
  const section = ({ page }: Visitor, name: string) => page.getByRole("region", { name, exact: true });
  const heading = ({ page }: Visitor, name: string) => page.getByRole("heading", { name, level: 1 });
  const result = ({ page }: Visitor) => page.getByRole("status", { name: "Results" });
  const number = ({ page }: Visitor, name: string): Locator =>
    page.locator(".numbers > div", { hasText: name }).locator(".amount");
  const goTo = ({ page }: Visitor, hash: string) => page.evaluate((hash) => location.assign(hash), hash);

  /** Answers calls in place of the server. */
  const answer = (page: Page, path: string, status: number, error: object) =>
    page.route(`**/v1/${path}`, (route) => route.fulfill({ status, json: { error } }));

  it("[W76] lets in an API key alone, keeps it for this tab, and forgets it at sign-out and when it is refused", async () => {
    const { apiKey } = demo.server;
    const operator = await demo.open("/admin");
    const { page } = operator;
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    await operator.press("Sign in");
    await operator.sees("Enter an API key.");
    await signIn(operator, "not-a-key-of-this-server-but-as-long-as-one");
    await operator.sees("The server did not accept this API key.");
    const { token } = await call<{ token: string }>(demo.server, "POST", "/v1/tokens", {
      ...{ user: "ada", rooms: { "*": "moderate" } },
    });
    await signIn(operator, token);
    await operator.sees(/^The server did not accept this API key\. This is the token of a user/);
    await signIn(operator, apiKey);
    await heading(operator, "Overview").waitFor();

    await page.reload();
    await heading(operator, "Overview").waitFor();
    await goTo(operator, "#/rooms/kept");
    await heading(operator, "kept").waitFor();
    const kept = await page.evaluate(() => ({
      local: JSON.stringify({ ...localStorage }),
      address: location.href,
      state: JSON.stringify(history.state),
      cookies: document.cookie,
      markup: document.documentElement.outerHTML,
      fields: [...document.querySelectorAll("input")].map(({ value }) => value).join(),
    }));
    expect(Object.values(kept).filter((text) => text.includes(apiKey))).toEqual([]);
    expect(addresses.filter((address) => address.includes(apiKey))).toEqual([]);

    await operator.press("Sign out");
    await page.getByLabel("API key").waitFor();
    expect(await page.evaluate(() => [{ ...sessionStorage }, location.hash])).toEqual([{}, "#/"]);

    await signIn(operator, apiKey);
    await page.getByText(/^Answered at/).waitFor();
    const other = await demo.open("/admin", page.context());
    await other.page.getByLabel("API key").waitFor();
    await answer(page, "stats", 401, { code: "unauthorized", message: "no" });
    await operator.look(true);
    await operator.sees("The server no longer accepts this API key. Sign in with another one.");
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it("[W77] shows what is connected, and what was refused", async () => {
    const operator = await signedIn();
    await operator.page.getByText(/^Answered at/).waitFor();
    const before = Number(await number(operator, "Connections").textContent());
    for (const room of ["counted-1", "counted-2"]) await memberOf(room, "ada");
    await listenerOf("bo");
    await fetch(`${demo.server.url}/v1/rooms/counted-1`, { headers: { Authorization: "Bearer x" } });
    await expect
      .poll(async () => {
        await operator.look(true);
        return [
          await number(operator, "Connections").textContent(),
          Number(await number(operator, "Users online").textContent()) > 0,
        ];
      }, SOON)
      .toEqual([String(before + 2), true]);
    const stats = await call<{ rooms: { occupied: number } }>(demo.server, "GET", "/v1/stats");
    expect(await number(operator, "Occupied rooms").textContent()).toBe(String(stats.rooms.occupied));
    const rooms = section(operator, "Rooms");
    await rooms.getByLabel("Occupied only").check();
    await rooms.getByText("1 person · 1 connection").first().waitFor();
    await section(operator, "Refusals")
      .getByRole("row", { name: /not_a_jwt/ })
      .waitFor();
    await operator.page
      .getByRole("img", { name: /^Messages a second in the last 5 minutes: now / })
      .waitFor();
  });

  it("[W79] finds rooms by the beginning of their name, in pages", async () => {
    const names = Array.from({ length: 21 }, (_, n) => `find-${String(n).padStart(2, "0")}`);
    await call(demo.server, "POST", "/v1/broadcast", { rooms: names, event: "chat", data: { text: "Hi" } });
    const operator = await signedIn();
    const rooms = section(operator, "Rooms");
    await rooms.getByRole("searchbox").fill("find-");
    await rooms.getByRole("searchbox").press("Enter");
    const links = rooms.getByRole("link");
    await expect.poll(() => links.allTextContents(), SOON).toEqual(names.slice(0, 20));
    await rooms.getByRole("button", { name: "Show more" }).click();
    await expect.poll(() => links.allTextContents(), SOON).toEqual(names);
    await rooms.getByRole("searchbox").fill("find-none");
    await rooms.getByRole("searchbox").press("Enter");
    await rooms.getByText("No room fits.").waitFor();
  });

  it("[W81] removes a member with a ban, which closes the socket, and ends the ban", async () => {
    const bo = await memberOf("kicked", "bo", "بو");
    const operator = await signedIn({}, "#/rooms/kicked");
    await section(operator, "People").getByRole("button", { name: "Remove بو…" }).click();
    const dialog = operator.page.getByRole("dialog");
    await dialog.getByLabel("Ban for how many seconds").fill("-1");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await dialog.getByText(/^Enter a whole number/).waitFor();
    await dialog.getByLabel("Ban for how many seconds").fill("600");
    await dialog.getByLabel(/^Reason/).fill("Shouts");
    await dialog.getByLabel(/^What the user is told/).fill("Please write in lower case.");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await operator.sees("بو was removed and banned for 600 seconds.");
    await expect
      .poll(() => bo.state, SOON)
      .toMatchObject({
        status: "disconnected",
        error: { code: "banned", message: expect.stringContaining("Please write in lower case.") },
      });
    const bans = section(operator, "Bans");
    await bans.getByText("“Shouts”").waitFor();
    await section(operator, "People").getByText("Nobody is here.").waitFor();
    await bans.getByRole("button", { name: "End the ban of bo" }).click();
    await bans.getByText("Nobody is banned.").waitFor();
    await memberOf("kicked", "bo");
  });

  it("[W81][W82] shows messages and older ones, deletes one, changes settings, and purges once the name is typed", async () => {
    const rooms = ["read"];
    for (let n = 1; n <= 22; n++)
      await call(demo.server, "POST", "/v1/broadcast", { rooms, event: "chat", data: { text: `No. ${n}` } });
    const operator = await signedIn({}, "#/rooms/read");
    const messages = section(operator, "Messages");
    await expect.poll(() => messages.getByRole("listitem").count(), SOON).toBe(20);
    await messages.getByRole("button", { name: "Show older" }).click();
    await messages.getByText("No. 1", { exact: true }).waitFor();
    await messages.getByRole("button", { name: "Delete message 1 of the server" }).click();
    await operator.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await result(operator).getByText("The message was deleted.").waitFor();
    await messages.getByText("No. 1", { exact: true }).waitFor({ state: "hidden" });
    expect((await storedTexts(demo.server, "read"))[0]).toBeUndefined();

    const settings = section(operator, "Settings");
    await settings.getByLabel("Slow mode").fill("9999999");
    await settings.getByRole("button", { name: "Save settings" }).click();
    await result(operator)
      .getByText(/^The server refused this: .+ \(bad_request\)\.$/)
      .waitFor();
    await settings.getByLabel("Slow mode").fill("5000");
    await settings.getByLabel("Most turns of agents").fill("3");
    await settings.getByRole("button", { name: "Save settings" }).click();
    await operator.sees("The settings were saved.");
    expect(await call(demo.server, "GET", "/v1/rooms/read")).toMatchObject({
      settings: { slowModeMs: 5_000, maxAgentTurns: 3 },
    });
  });

  it("[W81] disconnects a user, and says when they are not known to be online", async () => {
    const inbox = await listenerOf("cy");
    const operator = await signedIn({}, "#/users/cy");
    await operator.sees("Online with 1 session · 0 unread notifications");
    await operator.press("Disconnect…");
    await operator.page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await operator.sees(/^cy was disconnected\./);
    await operator.sees("No session is open · 0 unread notifications");
    await expect.poll(() => inbox.state, SOON).toMatchObject({ error: { code: "token_expired" } });
  });

  it("[W83] sends to several rooms and notifies users, who hear it, and names what failed", async () => {
    const [one, two] = [await memberOf("heard-1", "ada"), await memberOf("heard-2", "bo")];
    const inbox = await listenerOf("dee");
    const operator = await signedIn();
    const broadcast = section(operator, "Broadcast");
    await broadcast.getByRole("button").click();
    await broadcast.getByText("Enter the name of a room.").waitFor();
    await broadcast.getByLabel("Rooms").fill("heard-1, heard-2");
    await broadcast.getByLabel("Text").fill("Back in 5 minutes");
    // The answer is lost, so the operator sends it again.
    await operator.page.route(
      "**/v1/broadcast",
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await broadcast.getByRole("button").click();
    await operator.sees("The server cannot be reached. It is not known whether this was done.");
    await broadcast.getByRole("button").click();
    await operator.sees("Sent to 2 rooms.");
    for (const room of [one, two])
      await expect
        .poll(() => room.getSnapshot().messages.map(({ data }) => data), SOON)
        .toEqual([{ text: "Back in 5 minutes" }]);

    const notify = section(operator, "Notify");
    await notify.getByLabel("Users").fill("dee");
    await notify.getByLabel("Title").fill("Build completed");
    await notify.getByLabel("Message").fill("All tests passed");
    await notify.getByRole("button").click();
    await operator.sees("Stored for 1 user; 1 user heard it at once.");
    await expect
      .poll(() => inbox.getSnapshot().notifications.map(({ title }) => title), SOON)
      .toEqual(["Build completed"]);

    await broadcast.getByLabel("Rooms").fill("not/a/room");
    await broadcast.getByLabel("Text").fill("Again");
    await broadcast.getByRole("button").click();
    await result(operator)
      .getByText(/^The server refused this: /)
      .waitFor();
    expect(await broadcast.getByLabel("Text").inputValue()).toBe("Again");
  });

  it("[W77] says that the server is gone, that it is back, and that it has no registry", async () => {
    const operator = await signedIn();
    const { page } = operator;
    await page.getByText(/^Answered at/).waitFor();
    await page.route("**/v1/stats", (route) => route.abort());
    await operator.look(true);
    await operator.sees("The server cannot be reached. The numbers below are old.");
    await operator.sees("No answer");
    await page.unroute("**/v1/stats");
    await operator.look(true);
    await operator.seesNoMore("The server cannot be reached. The numbers below are old.");
    await page.getByText(/^Answered at/).waitFor();

    const none = { code: "not_found", message: "there are no statistics and lists here" };
    for (const path of ["stats", "rooms?*", "users?*"]) await answer(page, path, 404, none);
    await page.reload();
    const text = "The server refused this: there are no statistics and lists here (not_found).";
    await page.getByRole("alert").getByText(text).waitFor();
    for (const name of ["Rooms", "Users"]) await section(operator, name).getByText(text).waitFor();
  });

  it("[W84] fits on a phone, with names in any script, and can be read on light and dark pages", async () => {
    const room = "phone";
    await memberOf(room, `noor-${"x".repeat(60)}`, "نور الهدى");
    await publish(demo.server, room, `https://example.com/${"long".repeat(40)}`);
    const operator = await signedIn(PHONE);
    await section(operator, "Rooms").getByRole("link").first().waitFor();
    const looks = async () => {
      expect(await operator.overflows()).toBe(false);
      expect(await operator.tooSmall()).toEqual([]);
      for (const colorScheme of ["dark", "light"] as const) {
        await operator.page.emulateMedia({ colorScheme });
        // Colors of buttons change slowly.
        await expect.poll(() => lowContrast(operator.page), SOON).toEqual([]);
      }
    };
    await looks();
    await goTo(operator, `#/rooms/${room}`);
    await section(operator, "People").getByText("نور الهدى").waitFor();
    await section(operator, "Messages")
      .getByText(/^https/)
      .waitFor();
    await looks();
    await operator.page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    expect(await operator.overflows()).toBe(false);
    await goTo(operator, "#/");
    await heading(operator, "Overview").waitFor();
    expect(await operator.overflows()).toBe(false);
  });

  it("[W84] is used with the keyboard alone", async () => {
    await memberOf("aa-keys", "ada");
    const operator = await demo.open("/admin");
    const { keyboard } = operator.page;
    await operator.page.getByLabel("API key").waitFor();
    await keyboard.type(demo.server.apiKey);
    await keyboard.press("Enter");
    const link = section(operator, "Rooms").getByRole("link", { name: "aa-keys" });
    await link.waitFor();
    const focused = () => operator.page.evaluate(() => document.activeElement?.textContent);
    for (let n = 0; n < 15 && (await focused()) !== "aa-keys"; n++) await keyboard.press("Tab");
    await keyboard.press("Enter");
    await heading(operator, "aa-keys").waitFor();
    await expect.poll(focused, SOON).toBe("aa-keys");
    await section(operator, "People").getByText("ada").first().waitFor();
    for (let n = 0; n < 60 && (await focused()) !== "Remove…"; n++) await keyboard.press("Tab");
    await keyboard.press("Enter");
    await operator.page.getByRole("dialog", { name: "Remove ada?" }).waitFor();
    await keyboard.press("Escape");
    await expect.poll(focused, SOON).toBe("Remove…");
  });

  it("[W85] may load nothing from another host, be in no frame, and make no markup of text", async () => {
    const response = await fetch(`${demo.server.url}/admin`);
    const policy = response.headers.get("Content-Security-Policy");
    for (const rule of [
      "default-src 'none'; connect-src 'self'; img-src 'self'; style-src 'self'; script-src 'self'",
      "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      "require-trusted-types-for 'script'; trusted-types 'none'",
    ])
      expect(policy).toContain(rule);
    expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
    await publish(demo.server, "markup", "<img src=x onerror=alert(1)>");
    const operator = await signedIn({}, "#/rooms/markup");
    await operator.sees("<img src=x onerror=alert(1)>");
    const attempts = await operator.page.evaluate(async () => [
      await fetch("https://example.com/").catch(() => "refused"),
      (() => {
        try {
          document.body.innerHTML = "<p>";
          return "made";
        } catch {
          return "refused";
        }
      })(),
    ]);
    expect(attempts).toEqual(["refused", "refused"]);
    // The two attempts are what the policy blocked.
    expect(operator.faults.splice(0).length).toBeGreaterThan(0);
  });
});
