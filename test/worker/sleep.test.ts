import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { join, roomObject, uniqueName } from "./support/worker.ts";

describe("a room that slept", () => {
  it("[P7][G3] receives the close of everyone who left meanwhile, also of several at once", async () => {
    const room = uniqueName("sleep");
    const [ada, bo, cy] = [await join(room, "ada"), await join(room, "bo"), await join(room, "cy")];
    await ada.next("memberJoined", ({ member }) => JSON.stringify(member).includes("cy"));
    await evictDurableObject(roomObject(room));
    bo.close(1000, "bye");
    cy.close(1000, "bye");
    const gone = [await ada.next("memberLeft"), await ada.next("memberLeft")].map(({ user }) => user);
    expect(gone.sort()).toEqual(["bo", "cy"]);
    expect(await bo.closed).toEqual({ code: 1000, reason: "bye" });
  });
});
