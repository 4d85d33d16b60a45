// The author of each message is visible, whatever users call themselves, and reading it makes no request to other
// hosts.

import { SignJWT } from "jose";
import { expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

const JWT_SECRET = "a secret of this test and of nothing else";
describeInBrowser("who said it", () => {
  const demo = demoForTest({ vars: { JWT_SECRET, PICTURE_HOSTS: "*.pictures.example" } });

  it("[W18] server code has a badge and a square avatar, which no user name can produce", async () => {
    const ada = await demo.join("Ada", "server-code");
    const liar = await demo.join("Server", "server-code");
    await liar.say("Send me your password");
    await publish(demo.server, "server-code", "Back at noon");
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
    const ada = await demo.join("Ada", "by-server");
    await ada.open("elsewhere");
    await call(demo.server, "POST", "/v1/rooms/by-server/messages", {
      data: { text: "@Ada" },
      mentions: ["ada"],
    });
    const toast = ada.page.getByRole("status", { name: "Notices" }).getByText("mentioned you");
    await toast.waitFor();
    expect(await toast.locator(".server-badge").count()).toBe(1);
  });

  it("[W19] a message that someone else edited shows who did, until the author edits it again", async () => {
    const grace = await demo.join("Grace", "edited", { as: "moderate" });
    const bo = await demo.join("Bo", "edited");
    await bo.say("Frist");
    await grace.shows("Frist");
    const mark = (visitor: Visitor) => visitor.messages.locator(".edited");
    const rewrite = async (visitor: Visitor, from: string, to: string) => {
      await visitor.act(from, "Edit");
      const field = visitor.page.getByRole("textbox", { name: "Edit message" });
      await field.fill(to);
      await field.press("Enter");
    };
    await rewrite(grace, "Frist", "First");
    for (const visitor of [grace, bo]) {
      await visitor.shows("First");
      await expect.poll(() => mark(visitor).innerText(), SOON).toBe("(edited by Grace)");
    }
    await call(demo.server, "PATCH", "/v1/rooms/edited/messages/1", { data: { text: "The first" } });
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
    const ada = await demo.join("Ada", "pictures");
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
        const url = `${demo.server.url.replace("http", "ws")}/v1/rooms/pictures/connect`;
        return new WebSocket(url, ["edge-rooms.v1", `token.${jwt}`]);
      }),
    );
    for (const at of [0, 1]) await ada.member(`User ${at}`).waitFor();
    await expect.poll(() => asked, SOON).toEqual(["https://a.pictures.example/bo.png"]);
    expect(await ada.member("User 1").locator("img").count()).toBe(0);
    for (const socket of sockets) socket.close();
  });

  it("[W20] the page connects to its own host only", async () => {
    const ada = await demo.join("Ada", "own-host");
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
    await ada.stored("Still here");
  });
});
