// Connections of libraries that accept small messages only.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { utf8Length } from "../../src/protocol/index.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAsServer,
  errorOf,
  fill,
  join,
  openSession,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const largest = ({ texts }: TestSocket) => Math.max(...texts.map(utf8Length));

describe("the parameter frame", () => {
  it.each(["4095", "1048577", "0", "-1", "8k", "4096.5", "9".repeat(20)])(
    "[M17] is refused if it is out of range: %s",
    async (frame) => {
      const token = await tokenFor("ada");
      for (const path of [`/v1/rooms/${uniqueName("frame")}/connect`, "/v1/connect"]) {
        const response = await call(`${path}?frame=${frame}`, {
          headers: { Upgrade: "websocket", Authorization: `Bearer ${token}` },
        });
        expect([response.status, await errorOf(response)]).toMatchObject([
          400,
          { code: "bad_request", path: ["frame"] },
        ]);
      }
    },
  );

  it("[M17] limits what the server sends, not what a client may send", async () => {
    const room = uniqueName("frame");
    const bo = await join(room, "bo", { query: "?frame=4096" });
    expect(await bo.next("connected")).toMatchObject({ limits: { frameBytes: 4_096 } });
    const commands = Array.from({ length: 20 }, (_, n) => ({
      type: "send",
      id: `m${n}`,
      data: "x".repeat(900),
    }));
    bo.send({ type: "batch", commands });
    await bo.next("ok", ({ id }) => id === "m19");
    expect(bo.ofType("message")).toHaveLength(20);
    expect(largest(bo)).toBeLessThanOrEqual(4_096);
    const empty = await join(room, "cy", { query: "?frame=" });
    expect(await empty.next("connected")).toMatchObject({ limits: { frameBytes: 1_048_576 } });
  });

  it("[J15] of a session applies to its inbox and to its rooms, with their names", async () => {
    const [room, user] = [`r${"o".repeat(100)}${uniqueName("m")}`, uniqueName("bo")];
    const ada = await join(room, "ada");
    await fill(ada, 40, () => "y".repeat(300));
    for (let n = 0; n < 10; n++) {
      const input = { user, id: `n${n}`, title: `n${n}`, message: "z".repeat(900) };
      expect((await callAsServer("POST", "/v1/notify", input)).status).toBe(200);
    }
    const session = await openSession(user, { query: "?frame=4096" });
    expect(session.ofType("connected")[0]).toMatchObject({ limits: { frameBytes: 4_096, rooms: 50 } });
    expect(session.ofType("notification")).toHaveLength(10);
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    expect(session.ofType("message")).toHaveLength(40);
    const list = await session.ask({ type: "notifications", id: "n", limit: 10 });
    expect(list).toMatchObject({ more: true });
    expect((await session.ask({ type: "history", id: "h", room, limit: 40 })).more).toBe(true);
    await fill(ada, 40, () => "y".repeat(300));
    await session.ask({ type: "ping", id: "p", room });
    expect(largest(session)).toBeLessThanOrEqual(4_096);
  });
});

describe("a client that cannot receive a frame because of its size", () => {
  it("[M18] is logged once, with the parameter that helps", async () => {
    const lines: string[] = [];
    const warn = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(String(line)));
    onTestFinished(() => warn.mockRestore());
    const room = uniqueName("big");
    const ada = await join(room, "ada");
    for (let n = 0; n < 2; n++) {
      const bo = await join(room, "bo");
      bo.close(1009, "read limited at 32769 bytes");
      await bo.closed;
    }
    await ada.settled();
    const logged = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(logged).toMatchObject([{ level: "warn", event: "frame_too_big_for_client", room }]);
    expect(String(logged[0]?.hint)).toContain("frame=<bytes>");
    const user = uniqueName("cy");
    const session = await openSession(user);
    session.close(1009);
    await session.closed;
    await openSession(user);
    expect(lines.slice(1).map((line) => JSON.parse(line))).toMatchObject([
      { event: "frame_too_big_for_client", user },
    ]);
  });
});
