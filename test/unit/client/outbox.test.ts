import { expect, it } from "vitest";
import { describeBoth, dialedRoom, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, LIMITS, message, ok, refusal, replay } from "./support/frames.ts";

const sends = ({ socket }: RoomWorld) => socket().sentOf("send");
const texts = (world: RoomWorld) => sends(world).map(({ data }) => data);

/** The event of an own send. */
const own = (seq: number, id: unknown, data: unknown) =>
  message(seq, { id, data, from: { id: "usr_1", name: "Ada" } });

describeBoth("send", () => {
  it("resolves when its `ok` confirms that it is stored", async () => {
    const world = await roomForTest();
    const sent = world.room.send({ text: "Hello" });
    await world.clock.advance(0);
    const [command] = sends(world);
    expect(command).toEqual({ type: "send", id: "id1", data: { text: "Hello" } });
    world.socket().deliver(ok(command, { seq: 1, at: 7 }));
    expect(await sent).toEqual({ seq: 1, at: 7, id: "id1" });
    expect(world.room.outbox).toEqual([]);
  });

  it("[C20] resolves with its own event, before its `ok` or instead of it", async () => {
    const world = await roomForTest();
    const sent = world.room.send("a");
    await world.clock.advance(0);
    world.socket().deliver(own(1, "id1", "a"));
    expect(await sent).toMatchObject({ seq: 1, id: "id1" });
  });

  it("[C20] does not resolve with another user's message of the same id", async () => {
    const world = await roomForTest();
    void world.room.send("a");
    await world.clock.advance(0);
    world.socket().deliver(message(1, { id: "id1" }));
    expect(world.room.outbox.length).toBe(1);
  });

  it("[E23] does not resolve with what server code sent in this user's name, whatever its id", async () => {
    const world = await roomForTest();
    const sent = world.room.send("mine");
    await world.clock.advance(0);
    world.socket().deliver({ ...own(1, "id1", "server"), byServer: true });
    expect(world.room.outbox).toMatchObject([{ id: "id1", status: "sent" }]);
    expect(world.room.messages).toMatchObject([
      { seq: 1, data: "server", byServer: true },
      { id: "id1", data: "mine", pending: true },
    ]);
    world.socket().deliver(own(2, "id1", "mine"));
    expect(await sent).toMatchObject({ seq: 2, id: "id1" });
    expect(world.room.messages.map(({ data }) => data)).toEqual(["server", "mine"]);
  });

  it("carries its options", async () => {
    const world = await roomForTest();
    void world.room.send(null, { event: "task.created", replyTo: 42, mentions: ["usr_2"], echo: false });
    await world.clock.advance(0);
    const rest = { event: "task.created", replyTo: 42, mentions: ["usr_2"], echo: false };
    expect(sends(world)).toEqual([{ type: "send", id: "id1", data: null, ...rest }]);
  });

  it("[C232] is a message with an id of its own, also where its options are a whole message", async () => {
    const world = await roomForTest();
    const options = { id: "x", type: "purge", from: { id: "usr_9" }, at: 1, seq: 7, pending: false };
    // As an app in JavaScript does it: what was received is sent again.
    void Reflect.apply(world.room.send, undefined, ["again", options]);
    expect(world.room.messages).toMatchObject([
      { id: "id1", type: "message", from: { id: "usr_1" }, pending: true, data: "again" },
    ]);
    expect(world.room.messages[0]?.seq).toBeUndefined();
    await world.clock.advance(0);
    expect(sends(world)).toEqual([{ type: "send", id: "id1", data: "again" }]);
  });

  it("waits while offline, and reports this", async () => {
    const world = await dialedRoom();
    void world.room.send("early");
    expect(world.room.outbox).toEqual([{ id: "id1", event: "chat", data: "early", status: "queued" }]);
    await world.goLive();
    await world.clock.advance(0);
    expect(world.room.outbox).toMatchObject([{ status: "sent" }]);
    expect(sends(world)).toEqual([{ type: "send", id: "id1", data: "early" }]);
  });

  it("sends the data as it was at the call", async () => {
    const world = await dialedRoom();
    const data = { text: "before" };
    void world.room.send(data);
    data.text = "after";
    await world.goLive();
    await world.clock.advance(0);
    expect(texts(world)).toEqual([{ text: "before" }]);
  });

  it("mentions the users given at the call", async () => {
    const world = await dialedRoom();
    const mentions = ["usr_2"];
    void world.room.send("a", { mentions });
    mentions.push("usr_3");
    await world.goLive();
    await world.clock.advance(0);
    expect(sends(world)).toMatchObject([{ mentions: ["usr_2"] }]);
  });

  it("rejects what is not JSON", async () => {
    const { room } = await roomForTest();
    const options: object = { replyTo: 1n };
    await expect(room.send("a", options)).rejects.toMatchObject({ code: "bad_request" });
    await expect(room.send(undefined)).rejects.toMatchObject({ code: "bad_request" });
    await expect(room.send(1n)).rejects.toMatchObject({ code: "bad_request" });
    expect(room.outbox).toEqual([]);
  });
});

describeBoth("the outbox after a loss", () => {
  it("[C21] sends what was in flight again with `retryOf`, in order, before newer sends", async () => {
    const world = await roomForTest({}, {}, { head: 5 });
    void world.room.send("a");
    void world.room.send("b");
    await world.clock.advance(0);
    world.socket().deliver(message(6));
    void world.room.send("c");
    await world.clock.advance(0);
    world.socket().end(1006);
    void world.room.send("d");
    await world.clock.advance(1_000);
    expect(world.room.outbox.map(({ status }) => status)).toEqual(Array(4).fill("queued"));
    await world.goLive({ recovery: "complete", head: 6 });
    await world.clock.advance(0);
    expect(sends(world)).toEqual([
      { type: "send", id: "id1", data: "a", retryOf: "e1.5" },
      { type: "send", id: "id2", data: "b", retryOf: "e1.5" },
      { type: "send", id: "id3", data: "c", retryOf: "e1.6" },
      { type: "send", id: "id4", data: "d" },
    ]);
  });

  it("[C21] sends nothing before the replay is over, and does not repeat what it shows", async () => {
    const world = await roomForTest();
    const a = world.room.send("a");
    void world.room.send("b");
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    world.socket().deliver(connected({ recovery: "partial", head: 2 }), caughtUp(0, { more: true }));
    await world.clock.advance(0);
    const [page] = world.socket().sentOf("history");
    expect(sends(world)).toEqual([]);
    world.socket().deliver(ok(page, { events: [own(1, "id1", "a")], seq: 2 }), caughtUp(2));
    await world.clock.advance(0);
    expect(await a).toMatchObject({ seq: 1 });
    expect(texts(world)).toEqual(["b"]);
  });

  it("[C21] keeps the cursor of the first attempt in a third one", async () => {
    const world = await roomForTest({}, {}, { head: 5 });
    void world.room.send("a");
    for (const head of [7, 9]) {
      await world.clock.advance(0);
      world.socket().end(1006);
      await world.clock.advance(30_000);
      await world.goLive({ recovery: "complete", head });
    }
    await world.clock.advance(0);
    expect(sends(world)).toMatchObject([{ retryOf: "e1.5" }]);
  });

  it("counts a duplicate as stored", async () => {
    const world = await roomForTest();
    const sent = world.room.send("a");
    await world.clock.advance(0);
    world.socket().deliver(ok(sends(world)[0], { seq: 3, at: 4, duplicate: true }));
    expect(await sent).toEqual({ seq: 3, at: 4, id: "id1" });
  });
});

describeBoth("a refused send", () => {
  it.each(["rate_limited", "overloaded", "internal", "a_new_code"])(
    "[C22] with %s is tried again under the same id, before newer sends",
    async (code) => {
      const world = await roomForTest();
      void world.room.send("a");
      await world.clock.advance(0);
      world.socket().deliver(refusal(sends(world)[0], code, { retryAfterMs: 2_000 }));
      void world.room.send("b");
      await world.clock.advance(2_124);
      expect(texts(world)).toEqual(["a"]);
      await world.clock.advance(1);
      await world.clock.advance(0);
      expect(texts(world)).toEqual(["a", "a", "b"]);
      expect(sends(world)[1]).toEqual({ type: "send", id: "id1", data: "a" });
    },
  );

  it("[C22] waits longer with every refusal in a row", async () => {
    const world = await roomForTest();
    void world.room.send("a");
    const waits: number[] = [];
    for (let round = 1; round <= 3; round++) {
      await world.clock.advance(0);
      world.socket().deliver(refusal(sends(world).at(-1), "overloaded"));
      let waitedMs = 0;
      for (; sends(world).length === round; waitedMs += 25) await world.clock.advance(25);
      waits.push(waitedMs);
    }
    expect(waits).toEqual([125, 250, 500]);
  });

  it.each(["forbidden", "too_large", "bad_request", "not_found", "room_full"])(
    "[C22] with %s is final",
    async (code) => {
      const world = await roomForTest();
      const sent = world.room.send("a");
      await world.clock.advance(0);
      world.socket().deliver(refusal(sends(world)[0], code, { path: ["data"] }));
      await expect(sent).rejects.toMatchObject({ code, path: ["data"] });
      expect(world.room.outbox).toMatchObject([{ id: "id1", status: "failed", error: { code } }]);
    },
  );

  it("[C23] with `stale_retry` is retried as a new message under a new id", async () => {
    const world = await roomForTest();
    const sent = world.room.send("a");
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete" });
    await world.clock.advance(0);
    world.socket().deliver(refusal(sends(world)[0], "stale_retry"));
    await expect(sent).rejects.toMatchObject({ code: "stale_retry" });
    const again = world.room.retry("id1");
    await world.clock.advance(0);
    const command = sends(world).at(-1);
    expect(command).toMatchObject({ data: "a" });
    expect(command?.id).not.toBe("id1");
    expect(command).not.toHaveProperty("retryOf");
    world.socket().deliver(ok(command, { seq: 1, at: 1 }));
    expect(await again).toMatchObject({ seq: 1, id: command?.id });
  });

  it("that failed as its connection ended is retried under its id, with `retryOf`", async () => {
    const world = await roomForTest();
    void world.room.send("a");
    await world.clock.advance(0);
    world.socket().end(4403, "banned");
    await world.clock.settle();
    world.room.reconnect();
    await world.clock.advance(0);
    await world.goLive({ recovery: "complete" });
    await world.clock.advance(0);
    expect(sends(world)).toEqual([]);
    void world.room.retry("id1");
    await world.clock.advance(0);
    expect(sends(world)).toEqual([{ type: "send", id: "id1", data: "a", retryOf: "e1.0" }]);
  });

  it("is forgotten by drop", async () => {
    const world = await dialedRoom();
    const sent = world.room.send("a");
    world.room.discard("id1");
    await expect(sent).rejects.toMatchObject({ code: "dropped" });
    await world.goLive();
    await world.clock.advance(0);
    expect(sends(world)).toEqual([]);
    await expect(world.room.retry("id1")).rejects.toMatchObject({ code: "not_found" });
  });
});

describeBoth("the rate of the outbox", () => {
  const limits = { ...LIMITS, ratePerSecond: 2, rateBurst: 3 };

  it("[C26] follows the limits of the server", async () => {
    const world = await dialedRoom();
    for (const n of [1, 2, 3, 4, 5]) void world.room.send(n);
    await world.goLive({ limits });
    await world.clock.advance(1);
    expect(texts(world)).toEqual([1, 2, 3]);
    await world.clock.advance(500);
    expect(texts(world)).toEqual([1, 2, 3, 4]);
    await world.clock.advance(500);
    expect(texts(world)).toEqual([1, 2, 3, 4, 5]);
  });

  it("[C26] counts other commands and mentions too", async () => {
    const world = await roomForTest({}, {}, { limits });
    // What the client asks by itself when it connects costs one too.
    await world.clock.advance(500);
    world.room.signal("wave");
    void world.room.send(1, { mentions: ["usr_2"] });
    void world.room.send(2);
    await world.clock.advance(499);
    expect(texts(world)).toEqual([1]);
    await world.clock.advance(2);
    expect(texts(world)).toEqual([1, 2]);
  });

  it("[C26] counts the pages of a replay too", async () => {
    const world = await dialedRoom();
    for (const n of [1, 2, 3]) void world.room.send(n);
    world.socket().deliver(connected({ limits, head: 2 }), caughtUp(1, { more: true }));
    await world.clock.advance(0);
    const [page] = world.socket().sentOf("history");
    world.socket().deliver(ok(page, { events: [message(2)], seq: 2 }), caughtUp(2));
    await world.clock.advance(0);
    expect(texts(world)).toEqual([1, 2]);
  });

  it("[C26] counts topics too", async () => {
    const world = await roomForTest({}, {}, { limits });
    // By now what the client asked when it connected is paid.
    await world.clock.advance(500);
    void world.room.setTopics(["chat"]);
    for (const n of [1, 2, 3]) void world.room.send(n);
    await world.clock.advance(0);
    expect(texts(world)).toEqual([1, 2]);
  });

  it("[C26] is not reduced by what is refused locally, which does not delay what is sent", async () => {
    const world = await roomForTest({}, {}, { limits });
    for (let n = 0; n < 100; n++) world.room.signal("cursor");
    void world.room.send(1);
    await world.clock.advance(501);
    expect(texts(world)).toEqual([1]);
  });

  it("[C26] is corrected by a refusal: others used the rate tokens, so not all is retried at once", async () => {
    const world = await roomForTest({}, {}, { limits: { ...LIMITS, ratePerSecond: 2 } });
    for (const n of [1, 2, 3, 4]) void world.room.send(n);
    await world.clock.advance(0);
    for (const command of sends(world)) {
      world.socket().deliver(refusal(command, "rate_limited", { retryAfterMs: 500 }));
    }
    await world.clock.advance(999);
    expect(texts(world)).toEqual([1, 2, 3, 4, 1]);
    await world.clock.advance(501);
    expect(texts(world)).toEqual([1, 2, 3, 4, 1, 2, 3]);
  });

  it("[C26] obeys slow mode, except for moderators", async () => {
    for (const [permission, expected] of [["write", 1] as const, ["moderate", 2] as const]) {
      const world = await roomForTest({}, {}, { limits: { ...LIMITS, slowModeMs: 5_000 }, permission });
      void world.room.send(1);
      void world.room.send(2);
      await world.clock.advance(4_999);
      expect(sends(world).length).toBe(expected);
      await world.clock.advance(2);
      expect(sends(world).length).toBe(2);
    }
  });
});

describeBoth("slow mode and changes", () => {
  it("[C26] counts an edit or a reaction that took effect, and no other change", async () => {
    const world = await roomForTest({}, {}, { limits: { ...LIMITS, slowModeMs: 5_000 } });
    const changes: readonly [
      "react" | "edit" | "delete",
      () => Promise<unknown>,
      { seq: number },
      boolean,
    ][] = [
      ["react", () => world.room.react(1, "👍"), { seq: 2 }, true],
      ["edit", () => world.room.edit(1, "new"), { seq: 3 }, true],
      ["react", () => world.room.react(1, "👍"), { seq: 0 }, false],
      ["delete", () => world.room.delete(1), { seq: 4 }, false],
    ];
    for (const [type, change, answer, waits] of changes) {
      await world.clock.advance(5_000);
      const before = sends(world).length;
      void change();
      await world.clock.advance(0);
      world.socket().deliver(ok(world.socket().sentOf(type).at(-1), answer));
      void world.room.send(before);
      await world.clock.advance(4_900);
      expect([answer, sends(world).length]).toEqual([answer, waits ? before : before + 1]);
      await world.clock.advance(200);
      expect(sends(world).length).toBe(before + 1);
    }
  });
});

describeBoth("slow mode that is set while connected", () => {
  it("[C22] does not shorten the waits of refusals; sends keep their id and order", async () => {
    const world = await roomForTest();
    const sent = [1, 2].map((n) => world.room.send(n));
    await world.clock.advance(0);
    const [a, b] = sends(world);
    world.socket().deliver(own(1, a?.id, 1), ok(a, { seq: 1, at: 1 }));
    world.socket().deliver(refusal(b, "rate_limited", { retryAfterMs: 9_000 }));
    void world.room.send(3);
    expect(world.room.outbox).toMatchObject([
      { data: 2, status: "queued" },
      { data: 3, status: "queued" },
    ]);
    await world.clock.advance(9_000);
    expect(texts(world)).toEqual([1, 2]);
    await world.clock.advance(200);
    expect(sends(world)[2]).toEqual(b);
    world.socket().deliver(own(2, b?.id, 2));
    expect(await Promise.all(sent)).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });
});

describeBoth("a clock that is set back", () => {
  it("[C26] restarts the wait of slow mode, and does not make it longer", async () => {
    const world = await roomForTest({}, {}, { limits: { ...LIMITS, slowModeMs: 5_000 } });
    for (const n of [1, 2]) void world.room.send(n);
    await world.clock.advance(1_000);
    world.clock.setWall(-3_600_000);
    await world.clock.advance(10_000);
    expect(texts(world)).toEqual([1, 2]);
  });

  it("[C22] restarts the wait after a refusal, and does not make it longer", async () => {
    const world = await roomForTest();
    void world.room.send("a");
    await world.clock.advance(0);
    world.socket().deliver(refusal(sends(world)[0], "overloaded", { retryAfterMs: 1_000 }));
    world.clock.setWall(-3_600_000);
    await world.clock.advance(2 * 1_125 + 1);
    expect(texts(world)).toEqual(["a", "a"]);
  });
});

describeBoth("echo: false", () => {
  it("[C272] shows what waits as the same objects until something of them changes", async () => {
    const world = await roomForTest();
    const { room, socket, clock } = world;
    for (const text of ["a", "b", "c"]) void room.send(text).catch(() => {});
    await clock.advance(0);
    const [items, shown] = [room.outbox, room.messages];
    socket().deliver(own(1, "id1", "a"));
    expect(room.messages.at(-1)).toBe(shown.at(-1));
    expect(room.outbox.at(-1)).toBe(items.at(-1));
    socket().deliver(refusal(sends(world)[2], "forbidden"));
    expect([room.messages.at(-1), room.outbox.at(-1)]).toMatchObject(
      Array(2).fill({ id: "id3", status: "failed", error: { code: "forbidden" } }),
    );
    expect([room.messages.at(-2) === shown.at(-2), room.outbox.at(-2) === items.at(-2)]).toEqual([
      true,
      true,
    ]);
  });

  it("[C24] puts the `ok` in the place of the event", async () => {
    const world = await roomForTest();
    const heard: unknown[] = [];
    world.room.on("message", ({ seq }) => heard.push(seq));
    void world.room.send("a", { echo: false });
    await world.clock.advance(0);
    const [command] = sends(world);
    world
      .socket()
      .deliver({ type: "batch", events: [message(1), ok(command, { seq: 2, at: 9 }), message(3)] });
    expect(world.room.state.status).toBe("connected");
    expect(heard).toEqual([1, 3]);
    expect(world.room.messages.map(({ seq, id }) => [seq, id])).toEqual([
      [1, "m1"],
      [2, "id1"],
      [3, "m3"],
    ]);
    expect(world.room.messages[1]).toMatchObject({ data: "a", at: 9, from: { id: "usr_1", name: "Ada" } });
  });

  it("[C24] does not do so with the `ok` of a duplicate", async () => {
    const world = await roomForTest({}, {}, { head: 5 });
    void world.room.send("a", { echo: false });
    await world.clock.advance(0);
    world.socket().deliver(ok(sends(world)[0], { seq: 3, at: 9, duplicate: true }), message(6));
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([6]);
  });

  it("[C24] and a jump before the `ok` is a gap", async () => {
    const world = await roomForTest();
    const sent = world.room.send("a", { echo: false });
    await world.clock.advance(0);
    world.socket().deliver(ok(sends(world)[0], { seq: 2, at: 9 }));
    expect(await sent).toMatchObject({ seq: 2 });
    await world.clock.advance(1_000);
    expect(world.socket().url.searchParams.get("since")).toBe("e1.0");
    await world.goLive({ recovery: "complete", head: 2 }, replay(message(1), own(2, "id1", "a")));
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

describeBoth("send under a key of the app", () => {
  it("[Y118] stores it once: a second one waits with the first", async () => {
    const world = await roomForTest();
    const both = ["a", "b"].map((data) => world.room.send(data, { key: "mine" }));
    await world.clock.advance(0);
    expect(sends(world)).toEqual([{ type: "send", id: "mine", data: "a" }]);
    world.socket().deliver(ok(sends(world)[0], { seq: 1, at: 7 }));
    expect(await Promise.all(both)).toEqual(Array(2).fill({ seq: 1, at: 7, id: "mine" }));
  });

  it("[Y118] tries one again that failed", async () => {
    const world = await roomForTest();
    const first = world.room.send("a", { key: "mine" });
    await world.clock.advance(0);
    world.socket().deliver(refusal(sends(world)[0], "too_large"));
    await expect(first).rejects.toMatchObject({ code: "too_large" });
    const second = world.room.send("b", { key: "mine" });
    await world.clock.advance(0);
    world.socket().deliver(ok(sends(world)[1], { seq: 1, at: 7 }));
    expect(await second).toEqual({ seq: 1, at: 7, id: "mine" });
    expect(texts(world)).toEqual(["a", "a"]);
  });

  it("[Y118] refuses what is no key", async () => {
    const world = await roomForTest();
    for (const key of ["", "x".repeat(65)])
      await expect(world.room.send("a", { key })).rejects.toMatchObject({
        code: "bad_request",
        path: ["key"],
      });
    expect(world.room.outbox).toEqual([]);
  });
});
