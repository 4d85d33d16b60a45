// What the sender sees where a back end is asked before a message is stored: it may change the message, mark it, or refuse.

import { describe, expect, it, vi } from "vitest";
import { Person } from "../../support/room-for-test.ts";
import { WorldOfTabs } from "../../support/world-of-tabs.ts";
import { describeBoth, roomForTest } from "./support/client-for-test.ts";
import { message, ok, refusal, replay, update } from "./support/frames.ts";

const own = (seq: number, id: unknown, more: object) => message(seq, { id, from: { id: "usr_1" }, ...more });

describeBoth("a message that the back end has changed", () => {
  it("[Z286] shows what was stored, by its event", async () => {
    const { room, socket, clock } = await roomForTest();
    const sent = room.send("casino");
    await clock.advance(0);
    const [command] = socket().sentOf("send");
    socket().deliver(own(1, "id1", { data: "c*****", flag: "advertising" }), ok(command, { seq: 1, at: 7 }));
    expect(await sent).toMatchObject({ seq: 1 });
    expect(room.messages).toMatchObject([{ seq: 1, data: "c*****", flag: "advertising" }]);
    expect(room.outbox).toEqual([]);
  });

  it("[Z286] shows what was stored where no echo is wanted: its event comes all the same, and before the answer", async () => {
    const { room, socket, clock } = await roomForTest();
    const sent = room.send("casino", { echo: false });
    await clock.advance(0);
    const [command] = socket().sentOf("send");
    socket().deliver(own(1, "id1", { data: "c*****" }), ok(command, { seq: 1, at: 7 }), message(2));
    expect(await sent).toMatchObject({ seq: 1 });
    expect(room.messages).toMatchObject([{ seq: 1, data: "c*****" }, { seq: 2 }]);
  });

  it.each([true, false])(
    "[Z286] shows what was stored after the connection was lost, with echo %s",
    async (echo) => {
      const { room, socket, clock, goLive } = await roomForTest();
      const sent = room.send("casino", { echo });
      await clock.advance(0);
      socket().end(1006);
      await clock.advance(1_000);
      expect(room.messages).toMatchObject([{ pending: true, data: "casino" }]);
      await goLive({ head: 1, recovery: "complete" }, replay(own(1, "id1", { data: "c*****" })));
      expect(await sent).toMatchObject({ seq: 1 });
      expect(room.messages).toMatchObject([{ seq: 1, data: "c*****" }]);
      expect(socket().sentOf("send")).toEqual([]);
    },
  );

  it("[Z286] shows what was stored of an edit, and no more what was asked for", async () => {
    const { room, socket, clock } = await roomForTest();
    const held = own(1, "m1", { data: "one" });
    socket().deliver(held);
    const edited = room.edit(1, "casino");
    await clock.advance(0);
    expect(room.messages).toMatchObject([{ data: "casino" }]);
    const changed = update(2, { ...held, data: "c*****", editedAt: 2, flag: "advertising" }, "usr_1");
    socket().deliver(changed, ok(socket().sentOf("edit")[0], { seq: 2 }));
    expect(await edited).toEqual({ seq: 2 });
    expect(room.messages).toMatchObject([{ data: "c*****", flag: "advertising", editedAt: 2 }]);
  });
});

describeBoth("a message that the back end refuses", () => {
  it("[Z287] rejects with its words; what was sent behind it goes on", async () => {
    const { room, socket, clock } = await roomForTest();
    const words = "No advertising here.";
    const sent = room.send("casino");
    const next = room.send("hello");
    await clock.advance(0);
    const [first, second] = socket().sentOf("send");
    socket().deliver(refusal(first, "forbidden", { message: words }));
    await expect(sent).rejects.toMatchObject({ code: "forbidden", message: words });
    expect(room.outbox).toMatchObject([
      { data: "casino", status: "failed", error: { code: "forbidden", message: words } },
      { data: "hello", status: "sent" },
    ]);
    socket().deliver(own(1, "id2", { data: "hello" }), ok(second, { seq: 1, at: 7 }));
    expect(await next).toMatchObject({ seq: 1 });
    // It is not sent again by itself, also with another connection, and goes when the app says so.
    socket().end(1006);
    await clock.advance(1_000);
    expect(socket().sentOf("send")).toEqual([]);
    room.discard("id1");
    expect(room.outbox).toEqual([]);
  });

  it("[Z287] is tried again where the back end was not reached: `overloaded` is no refusal for good", async () => {
    const { room, socket, clock } = await roomForTest();
    const outcome = vi.fn();
    const sent = room.send("hello").finally(outcome);
    await clock.advance(0);
    socket().deliver(refusal(socket().sentOf("send")[0], "overloaded", { retryAfterMs: 1_000 }));
    await clock.advance(999);
    expect([socket().sentOf("send").length, outcome.mock.calls.length]).toEqual([1, 0]);
    await clock.advance(1_000);
    const again = socket().sentOf("send")[1];
    expect(again).toMatchObject({ id: "id1", data: "hello" });
    socket().deliver(own(1, "id1", { data: "hello" }), ok(again, { seq: 1, at: 7 }));
    expect(await sent).toMatchObject({ seq: 1 });
  });

  it("[Z287] leaves an edit undone, with its words", async () => {
    const { room, socket, clock } = await roomForTest();
    socket().deliver(own(1, "m1", { data: "one" }));
    const edited = room.edit(1, "casino");
    await clock.advance(0);
    socket().deliver(refusal(socket().sentOf("edit")[0], "forbidden", { message: "No advertising here." }));
    await expect(edited).rejects.toMatchObject({ code: "forbidden", message: "No advertising here." });
    expect(room.messages).toMatchObject([{ data: "one" }]);
  });
});

const { say } = Person.prototype;

describe("tabs that share", () => {
  it("[Z286] show what was stored, also the tab that wants no echo", async () => {
    const world = new WorldOfTabs();
    // What the server stores is not what the holder sent.
    vi.spyOn(Person.prototype, "say").mockImplementation(function (this: Person, text) {
      say.call(this, typeof text === "string" ? text.replaceAll('"hello"', '"h****"') : text);
    });
    const holder = await world.join({ user: "ada" });
    const other = await world.join({ user: "ada" });
    const heard = vi.fn();
    other.room.on("message", heard);
    for (const data of ["hello", "bye"]) {
      const sent = other.room.send(data, { echo: false });
      await world.settle();
      await sent;
    }
    for (const { room } of [holder, other])
      expect(room.messages).toMatchObject([{ data: "h****" }, { data: "bye" }]);
    // The event of what is as it was said is left out.
    expect(heard.mock.calls.map(([{ data }]) => data)).toEqual(["h****"]);
    vi.restoreAllMocks();
  });
});
