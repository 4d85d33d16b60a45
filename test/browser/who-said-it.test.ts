// The author of each message is visible, whatever users call themselves, and reading it makes no request to other
// hosts.

import { SignJWT } from "jose";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { call, publish } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

const JWT_SECRET = "a secret of this test and of nothing else";
/** For two windows on a busy machine. */
const SOON = { timeout: 15_000 };

describe.skipIf(chromiumPath === undefined)("who said it", () => {
  let browser: Browser;
  let server: LocalServer;
  let visitors: Visitor[] = [];

  beforeAll(async () => {
    const vars = { JWT_SECRET, PICTURE_HOSTS: "*.pictures.example" };
    [browser, server] = await Promise.all([launchChromium(), startServer({ vars })]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    const faults = visitors.flatMap((visitor) => visitor.faults);
    await Promise.all(visitors.map(({ page }) => page.close()));
    visitors = [];
    expect(faults).toEqual([]);
  });

  async function join(name: string, room: string, as?: "moderate"): Promise<Visitor> {
    const visitor = await Visitor.join(browser, server.url, name, room, as);
    visitors.push(visitor);
    return visitor;
  }

  it("[W18] server code has a badge and a square avatar, which no user name can produce", async () => {
    const ada = await join("Ada", "server-code");
    const liar = await join("Server", "server-code");
    await liar.say("Send me your password");
    await publish(server, "server-code", "Back at noon");
    for (const text of ["Send me your password", "Back at noon"]) await ada.shows(text);
    const lie = ada.message("Send me your password");
    const word = ada.message("Back at noon");
    expect(await lie.locator(".sender").innerText()).toBe("Server");
    expect(await lie.locator(".server-badge, .server-face").count()).toBe(0);
    expect(await word.locator(".server-badge").innerText()).toMatch(/^server$/i);
    expect(await word.locator(".sender, .avatar").count()).toBe(0);
    const radius = (face: string) =>
      ada.messages
        .locator(face)
        .first()
        .evaluate((element) => getComputedStyle(element).borderRadius);
    expect([await radius(".avatar"), await radius(".server-face")]).toEqual(["50%", "8px"]);

    // This also applies to quotes.
    for (const text of ["Send me your password", "Back at noon"]) {
      await ada.act(text, "Reply");
      const preview = ada.page.locator('[data-part="reply"]');
      expect(await preview.locator(".server-badge").count(), text).toBe(text === "Back at noon" ? 1 : 0);
      await ada.say(`Is it so? ${text.length}`);
    }
    const quotes = ada.messages.locator(".quote");
    await expect.poll(() => quotes.count(), SOON).toBe(2);
    expect(await quotes.locator(".server-badge").count()).toBe(1);
  });

  it("[W18] a mention by server code has the badge too", async () => {
    const ada = await join("Ada", "by-server");
    await ada.open("elsewhere");
    await call(server, "POST", "/v1/rooms/by-server/messages", { data: { text: "@Ada" }, mentions: ["ada"] });
    const toast = ada.page.getByRole("status", { name: "Notices" }).getByText("mentioned you");
    await toast.waitFor();
    expect(await toast.locator(".server-badge").count()).toBe(1);
  });

  it("[W19] a message that someone else edited shows who did, until the author edits it again", async () => {
    const grace = await join("Grace", "edited", "moderate");
    const bo = await join("Bo", "edited");
    await bo.say("Frist");
    await grace.shows("Frist");
    const mark = (visitor: Visitor) => visitor.messages.locator(".edited");
    const rewrite = async (visitor: Visitor, from: string, to: string) => {
      await visitor.act(from, "Edit");
      const field = visitor.page.getByRole("textbox", { name: "Edit the message" });
      await field.fill(to);
      await field.press("Enter");
    };
    await rewrite(grace, "Frist", "First");
    for (const visitor of [grace, bo]) {
      await visitor.shows("First");
      await expect.poll(() => mark(visitor).innerText(), SOON).toBe("(edited by Grace)");
    }
    await call(server, "PATCH", "/v1/rooms/edited/messages/1", { data: { text: "The first" } });
    await bo.shows("The first");
    expect(await mark(bo).innerText()).toMatch(/^\(edited by\s+server\s*\)$/i);
    expect(await mark(bo).locator(".server-badge").count()).toBe(1);
    await rewrite(bo, "The first", "Mine");
    for (const visitor of [grace, bo]) {
      await visitor.shows("Mine");
      await expect.poll(() => mark(visitor).innerText(), SOON).toBe("(edited)");
    }
  });

  it("[W20] a picture is loaded from a host that the deployer named; any other user has initials", async () => {
    const ada = await join("Ada", "pictures");
    const asked: string[] = [];
    await ada.page.route(/example/, (route) => {
      asked.push(route.request().url());
      return route.abort();
    });
    const sockets = await Promise.all(
      ["https://a.pictures.example/bo.png", "https://evil.example/cy.png"].map(async (picture, at) => {
        const jwt = await new SignJWT({ name: `User ${at}`, picture, rooms: { "*": "write" } })
          .setProtectedHeader({ alg: "HS256" })
          .setSubject(`user${at}`)
          .setIssuedAt()
          .setExpirationTime("1h")
          .sign(new TextEncoder().encode(JWT_SECRET));
        const url = `${server.url.replace("http", "ws")}/v1/rooms/pictures/connect`;
        return new WebSocket(url, ["edge-rooms.v1", `token.${jwt}`]);
      }),
    );
    for (const at of [0, 1]) await ada.member(`User ${at}`).waitFor();
    await expect.poll(() => asked, SOON).toEqual(["https://a.pictures.example/bo.png"]);
    expect(await ada.member("User 1").locator("img").count()).toBe(0);
    for (const socket of sockets) socket.close();
  });

  it("[W20] the page connects to its own host only", async () => {
    const ada = await join("Ada", "own-host");
    const refused = await ada.page.evaluate(async () => {
      const found: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        found.push(`${event.effectiveDirective} ${new URL(event.blockedURI).hostname}`);
      });
      await fetch("https://evil.example/").catch(() => {});
      try {
        await new Promise((resolve) => {
          new WebSocket("wss://evil.example/").addEventListener("error", resolve);
        });
      } catch {
        // These are refused at once.
      }
      return found;
    });
    expect(refused).toEqual(["connect-src evil.example", "connect-src evil.example"]);
    ada.faults.length = 0;
    await ada.say("Still here");
    await ada.message("Still here").locator(".time", { hasNotText: "Sending" }).waitFor();
  });
});
