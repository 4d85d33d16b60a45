// Batches that say sender and event once, as they are asked for on the wire.

import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/protocol/index.ts";
import { sleep } from "./support/objects.ts";
import {
  call,
  errorOf,
  fill,
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const parsed = (text: string): JsonObject => JSON.parse(text);
const hasEnvelopes = (texts: readonly string[]) =>
  texts.map(parsed).some(({ envelopes }) => Array.isArray(envelopes));
const ASKED = "?batch=envelopes";

describe("a socket with batch=envelopes", () => {
  it("[F30][F31] has them in its replay and in what is live, also after a sleep; others and sessions never", async () => {
    const room = uniqueName("envelopes");
    const ada = await join(room, "ada");
    await fill(ada, 30, (n) => ({ n }));
    const [bo, cy] = [await join(room, "bo", { query: ASKED }), await join(room, "cy")];
    const session = await openSession(uniqueName("di"), { query: ASKED });
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    expect(bo.ofType("message")).toEqual(cy.ofType("message"));
    expect(hasEnvelopes(bo.texts)).toBe(true);
    await sleep(roomObject(room));
    const before = bo.texts.length;
    await fill(ada, 30, (n) => ({ n }));
    for (const socket of [bo, cy, session]) await socket.next("message", ({ seq }) => seq === 60);
    expect(bo.ofType("message")).toEqual(cy.ofType("message"));
    expect(bo.ofType("message")).toHaveLength(60);
    expect(hasEnvelopes(bo.texts.slice(before))).toBe(true);
    expect([hasEnvelopes(cy.texts), hasEnvelopes(session.texts)]).toEqual([false, false]);
  });

  it("[F34] has what is not ASCII as bytes, whole and in order; others have it as text", async () => {
    const room = uniqueName("envelopes");
    const ada = await join(room, "ada");
    const [bo, cy] = [await join(room, "bo", { query: ASKED }), await join(room, "cy")];
    await fill(ada, 3, (n) => `ascii ${n}`);
    await fill(ada, 30, (n) => `❤ é 漢 ${n}`);
    for (const socket of [bo, cy]) await socket.next("message", ({ seq }) => seq === 33);
    expect(bo.ofType("message")).toEqual(cy.ofType("message"));
    expect(bo.ofType("message").map(({ seq }) => seq)).toEqual(Array.from({ length: 33 }, (_, at) => at + 1));
    expect([bo.binaries > 0, cy.binaries]).toEqual([true, 0]);
  });

  it("[F30] has them over calls too", async () => {
    const room = uniqueName("envelopes");
    await fill(await join(room, "ada"), 5, (n) => ({ n }));
    const response = await call(`/v1/rooms/${room}/poll${ASKED}`, {
      method: "POST",
      body: JSON.stringify({ wait: 10 }),
      headers: { Authorization: `Bearer ${await tokenFor("bo")}` },
    });
    expect(hasEnvelopes((await response.text()).split("\n"))).toBe(true);
  });

  it("[F31] is refused with another form", async () => {
    const response = await call(`/v1/rooms/${uniqueName("envelopes")}/connect?batch=bags`, {
      headers: { Upgrade: "websocket", Authorization: `Bearer ${await tokenFor("bo")}` },
    });
    expect([response.status, await errorOf(response)]).toMatchObject([
      400,
      { code: "bad_request", path: ["batch"] },
    ]);
  });
});
