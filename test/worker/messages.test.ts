import { describe, expect, it } from "vitest";
import { join, uniqueName } from "./support/worker.ts";

describe("messages", () => {
  it("[S2] two senders, one order: every member sees the same events, numbered from 1", async () => {
    const room = uniqueName("order");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    for (let i = 0; i < 20; i++) {
      ada.send({ type: "send", id: `a${i}`, data: i });
      bo.send({ type: "send", id: `b${i}`, data: i });
    }
    await Promise.all([ada.settled(), bo.settled()]);
    const seen = ada.ofType("message").map(({ seq, id }) => [seq, id]);
    expect(seen.map(([seq]) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(bo.ofType("message").map(({ seq, id }) => [seq, id])).toEqual(seen);
  });
});
