// Regressions that are not obvious.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, configureRoom } from "./support/objects.ts";
import { callAsServer, callWith, errorOf, join, openRoom, uniqueName } from "./support/worker.ts";

const deep = "[".repeat(8_000) + "]".repeat(8_000);

describe("edge cases", () => {
  it("[A8] anonymous connections take at most half of an odd limit", async () => {
    const room = uniqueName("public_odd");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 3 });
    await join(room, null);
    const second = await openRoom(room, null);
    expect(await Promise.race([second.closed, second.next("connected")])).toMatchObject({ code: 4503 });
  });

  it("[S5] a repeat is a duplicate even if its data is too large now", async () => {
    const ada = await join(uniqueName("repeat"), "ada");
    await ada.ask({ type: "send", id: "m", data: 1 });
    expect(await ada.ask({ type: "send", id: "m", data: "x".repeat(2_000) })).toMatchObject({
      duplicate: true,
    });
  });

  it("[S5] a repeat is a duplicate even if its event belongs to the server now", async () => {
    const ada = await join(uniqueName("repeat"), "ada");
    await ada.ask({ type: "send", id: "m", data: 1 });
    expect(await ada.ask({ type: "send", id: "m", event: "task", data: 1 })).toMatchObject({
      duplicate: true,
    });
  });

  it("[M2] a limit out of range is named in the refusal", async () => {
    const ada = await join(uniqueName("limit"), "ada");
    expect(await ada.ask({ type: "history", id: "h", limit: 201 })).toMatchObject({ path: ["limit"] });
  });

  it("[M10] a refusal contains nothing of the server's code", async () => {
    const ada = await join(uniqueName("native"), "ada");
    const { message } = await ada.ask({ type: "history", id: "h", before: 1.5 });
    expect(message).not.toMatch(/native code|function/);
  });

  it("[H1] an unknown path is not_found as JSON, also outside /v1", async () => {
    const response = await callAsServer("GET", "/v2/rooms");
    expect((await errorOf(response)).code).toBe("not_found");
  });

  it("[A9] /health is found under BASE_PATH even if another setting is wrong", async () => {
    const response = await callWith({ BASE_PATH: "/live", DEMO: "maybe" }, "/live/health");
    expect(await response.json()).toMatchObject({ problems: [expect.stringContaining("DEMO")] });
  });

  it("[H7] data nested too deeply for a call of an object is refused or stored, and is never an internal error", async () => {
    const room = uniqueName("deep");
    const user = uniqueName("deep");
    const settings = { MAX_MESSAGE_BYTES: 32_768 };
    await configureRoom(room, settings);
    const post = (path: string, body: string) =>
      callWith(settings, path, {
        method: "POST",
        headers: { Authorization: `Bearer ${env.API_KEYS}` },
        body,
      });
    const message = await post(`/v1/rooms/${room}/messages`, `{"data":${deep}}`);
    const signal = await post(`/v1/rooms/${room}/signals`, `{"event":"x","data":${deep}}`);
    const notified = await post("/v1/notify", `{"user":"${user}","title":"t","message":"m","data":${deep}}`);
    const said = await post("/v1/broadcast", `{"rooms":["${room}"],"event":"x","data":${deep}}`);
    const statuses = [message.status, signal.status, notified.status, said.status];
    const results = (await notified.text()) + (await said.text());
    expect(statuses).not.toContain(500);
    expect(results).not.toContain("internal");
  });

  it("[M1] a command sent before connected is answered, also in a room that collects commands for a while", async () => {
    const room = uniqueName("early");
    const others = await Promise.all(Array.from({ length: 300 }, (_, at) => openRoom(room, `u${at % 50}`)));
    await Promise.all(others.map((socket) => socket.next("caughtUp")));
    const ada = await openRoom(room, "ada");
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok" });
  });

  it("[M1] a command sent before connected takes effect even if the client leaves at once", async () => {
    const room = uniqueName("early");
    const others = await Promise.all(Array.from({ length: 300 }, (_, at) => openRoom(room, `u${at % 50}`)));
    await Promise.all(others.map((socket) => socket.next("caughtUp")));
    const bo = await join(room, "bo");
    const ada = await openRoom(room, "ada");
    ada.send({ type: "send", id: "m", data: "last words" });
    ada.close(1000);
    await ada.closed;
    await bo.settled();
    await bo.settled();
    expect(bo.ofType("message")).toMatchObject([{ data: "last words" }]);
  });

  it("[A8][G2][L161] a room full of dead connections admits the next client", async () => {
    const room = uniqueName("ghosts");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 2 });
    await (await join(room, "ada")).beats();
    await (await join(room, "bo")).beats();
    advanceClock(80_000);
    const cy = await openRoom(room, "cy");
    expect(await Promise.race([cy.closed, cy.next("connected")])).toMatchObject({ type: "connected" });
  });

  it.each(["/\t/evil.example", "/\n/evil.example"])(
    "[H7] a link is checked as a browser reads it: %j is refused",
    async (link) => {
      const response = await callAsServer("POST", "/v1/notify", {
        user: "ada",
        title: "t",
        message: "m",
        link,
      });
      expect(response.status).toBe(400);
    },
  );
});
