// Tokens that expire while their sockets are open.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inboxOf } from "../../client/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { fastClock, Guests, startTestServer, tokenFor, uniqueName, WAYS, waitFor } from "./support/world.ts";

const LIFE_S = 8;

let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

// These run at once, as each waits for its token to expire.
describe.concurrent.each(WAYS)("tokens, with rooms on %s", (way) => {
  const guests = new Guests(way);

  afterAll(() => guests.close());

  it("[C27][M8] a new token in time keeps all sockets open", async () => {
    const name = uniqueName("renewal");
    let asked = 0;
    const ada = guests.enter(server.url, name, "ada", {
      clock: fastClock,
      getToken: () => {
        asked += 1;
        return tokenFor("ada", LIFE_S);
      },
    });
    const inboxStates: string[] = [];
    inboxOf(ada.client).on("state", ({ status }) => inboxStates.push(status));
    let firstEndsAt = 0;
    ada.room.on("connected", ({ expiresAt }) => {
      firstEndsAt ||= expiresAt ?? 0;
    });
    const cy = guests.enter(server.url, name, "cy");
    await Promise.all([ada.live(), cy.live()]);
    await cy.room.send("at first");
    await ada.receives("at first");

    await waitFor("the first token has ended", () => firstEndsAt > 0 && Date.now() > firstEndsAt + 500);
    await cy.room.send("later");
    await ada.receives("later");
    await ada.room.send("still here");
    await cy.receives("still here");
    expect(asked).toBeGreaterThan(1);
    expect(ada.states).toEqual(["connected"]);
    expect(inboxStates.filter((status) => status !== "connecting")).toEqual(["connected"]);
  });

  it("[C18][M9] an expired token closes its socket and is replaced", async () => {
    const name = uniqueName("run_out");
    let given = 0;
    let endsAt = 0;
    const bo = guests.enter(server.url, name, "bo", {
      // No token is available at the renewal, which a busy machine may miss; one is again after the old one has expired.
      getToken: async () => {
        if (Date.now() < endsAt) throw new Error("no network");
        given += 1;
        return tokenFor("bo", given === 1 ? LIFE_S : 3_600);
      },
    });
    const errors: unknown[] = [];
    bo.room.on("connected", ({ expiresAt }) => {
      endsAt ||= expiresAt ?? 0;
    });
    bo.room.on("state", (state) => {
      if (state.status === "reconnecting") errors.push(state.error.code);
    });
    const cy = guests.enter(server.url, name, "cy");
    await Promise.all([bo.live(), cy.live()]);
    await cy.room.send("at first");
    await bo.receives("at first");
    await waitFor("the token has ended", () => endsAt > 0 && Date.now() > endsAt);
    expect(await bo.room.send("too late, and not lost")).toMatchObject({ seq: 2 });
    await cy.receives("too late, and not lost");
    expect(errors).toEqual(["token_expired"]);
    expect(bo.states).toEqual(["connected", "reconnecting", "connecting", "connected"]);
    expect(given).toBe(2);
    expect(bo.texts()).toEqual(["at first", "too late, and not lost"]);
    expect([cy.received, bo.losses.count]).toEqual([bo.received, 0]);
  });

  it("[C106] the same token again after a refusal is tried with back-off", async () => {
    const expired = await tokenFor("di", -10);
    const di = guests.enter(server.url, uniqueName("refused"), "di", { getToken: () => expired });
    await waitFor("a second refusal", () => {
      const { state } = di.room;
      return state.status === "reconnecting" && state.attempt > 1 && state.error.code === "token_expired";
    });
  });

  it("[C18] a token refused at the connect is replaced at once", async () => {
    const expired = await tokenFor("ed", -10);
    let asked = 0;
    const ed = guests.enter(server.url, uniqueName("at_the_door"), "ed", {
      getToken: () => (++asked === 1 ? expired : tokenFor("ed")),
    });
    expect(await ed.room.send("in")).toMatchObject({ seq: 1 });
    expect(asked).toBe(2);
  });
});
