// A send that is dropped from the outbox while it is in flight may be stored anyway.

import { describe, expect, it } from "vitest";
import { roomForTest } from "./support/client-for-test.ts";
import { message, ok } from "./support/frames.ts";

describe("a dropped send", () => {
  it("[C24] that is stored anyway causes no gap", async () => {
    const { room, socket, clock, sockets } = await roomForTest();
    room.send("x", { echo: false }).catch(() => {});
    await clock.advance(0);
    const [entry] = room.outbox;
    room.discard(entry?.id ?? "");
    socket().deliver(ok(socket().sentOf("send")[0], { seq: 1, at: 1 }), message(2));
    await clock.advance(5_000);
    expect(room.messages.map(({ seq }) => seq)).toContain(2);
    expect([room.state.status, sockets.count]).toEqual(["connected", 1]);
  });
});
