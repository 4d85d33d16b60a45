import { expect, it } from "vitest";
import { describeBoth, dialedRoom, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import { batch, caughtUp, connected, message, ok, refusal, replay } from "./support/frames.ts";

const seqs = ({ room }: RoomWorld) => room.messages.map(({ seq }) => seq);

async function loseAndRedial({ socket, clock }: RoomWorld): Promise<void> {
  socket().end(1006);
  await clock.advance(30_000);
}

const since = ({ socket }: RoomWorld) => socket().url.searchParams.get("since");

describeBoth("the cursor", () => {
  it("[C4] is absent on the first connection; the next one sends the last handled event", async () => {
    const world = await roomForTest();
    expect(since(world)).toBeNull();
    world.socket().deliver(message(1), message(2));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.2");
  });

  it("[C4] advances with a change as with a message", async () => {
    const world = await roomForTest();
    world.socket().deliver(message(1), { type: "messageDeleted", seq: 2, at: 5, target: 1, by: "usr_2" });
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.2");
  });

  it("[C4] is where a replay was interrupted", async () => {
    const world = await dialedRoom();
    world.socket().deliver(connected({ head: 9 }), replay(message(4), message(5)));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.5");
  });

  it("[C5] prevents that an event is handled twice", async () => {
    const world = await roomForTest();
    const heard: number[] = [];
    world.room.on("message", ({ seq }) => heard.push(seq));
    world.socket().deliver(message(1), message(2), message(2));
    await loseAndRedial(world);
    await world.goLive({ recovery: "complete", head: 3 }, replay(message(2), message(3)));
    expect(heard).toEqual([1, 2, 3]);
    expect(seqs(world)).toEqual([1, 2, 3]);
  });

  it("[C6] is sent by a reconnect after a jump of `seq` on a live connection without a filter", async () => {
    const world = await roomForTest();
    const heard: number[] = [];
    world.room.on("message", ({ seq }) => heard.push(seq));
    world.socket().deliver(batch(message(1), message(3), message(4)));
    expect(heard).toEqual([1]);
    await world.clock.settle();
    expect(world.room.state.status).toBe("reconnecting");
    const faulty = world.socket();
    await world.clock.advance(1_000);
    expect(faulty.closedWith).toBe(4000);
    expect(since(world)).toBe("e1.1");
  });

  it("[C7] advances with `caughtUp` if topics leave numbers out", async () => {
    const world = await roomForTest({}, { topics: ["chat"] });
    world.socket().deliver(message(3), message(9));
    expect(seqs(world)).toEqual([3, 9]);
    world.socket().deliver(caughtUp(1_000));
    expect(world.room.head).toBe(1_000);
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.1000");
  });
});

describeBoth("a lost cursor", () => {
  it("[C8] drops what is held, fires `lost`, and takes what follows", async () => {
    const world = await roomForTest();
    const heard: unknown[] = [];
    world.socket().deliver(message(1), message(2));
    world.room.on("lost", () => heard.push("lost", world.room.messages.length));
    world.room.on("message", ({ seq }) => heard.push(seq));
    await loseAndRedial(world);
    await world.goLive({ recovery: "lost", epoch: "e2", head: 1 }, replay(message(1, { id: "new" })));
    expect(heard).toEqual(["lost", 0, 1]);
    expect(world.room.messages).toMatchObject([{ id: "new" }]);
    world.socket().deliver(message(2));
    await loseAndRedial(world);
    expect(since(world)).toBe("e2.2");
  });

  it("[C8] whose replay was interrupted begins again without a cursor", async () => {
    const world = await roomForTest();
    world.socket().deliver(message(1));
    await loseAndRedial(world);
    world.socket().deliver(connected({ recovery: "lost", epoch: "e2", head: 9 }));
    await loseAndRedial(world);
    expect(since(world)).toBeNull();
    await world.goLive({ epoch: "e2", head: 9 }, replay(message(9)));
    expect(seqs(world)).toEqual([9]);
  });

  it("[C9] messages at or below `floor` are dropped, also after `complete`", async () => {
    const world = await roomForTest();
    world.socket().deliver(message(1), message(2), message(3));
    await loseAndRedial(world);
    await world.goLive({ recovery: "complete", head: 4, floor: 2 }, replay(message(4)));
    expect(seqs(world)).toEqual([3, 4]);
  });
});

describeBoth("a partial replay", () => {
  async function paging(): Promise<RoomWorld> {
    const world = await roomForTest();
    world.socket().deliver(message(1));
    await loseAndRedial(world);
    world
      .socket()
      .deliver(connected({ recovery: "partial", head: 9 }), replay(message(2)), caughtUp(3, { more: true }));
    await world.clock.advance(0);
    return world;
  }

  const lastPage = ({ socket }: RoomWorld): Frame | undefined => socket().sentOf("history").at(-1);

  it("[C10] is paged with `history` until there is no more, and live only after `caughtUp`", async () => {
    const world = await paging();
    expect(lastPage(world)).toMatchObject({ after: 3, limit: 1_000 });
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 6, more: true }));
    await world.clock.advance(0);
    expect(lastPage(world)).toMatchObject({ after: 6 });
    world.socket().deliver(ok(lastPage(world), { events: [message(7), message(9)], seq: 9 }));
    expect(world.room.state.status).toBe("connecting");
    world.socket().deliver(caughtUp(9), message(10));
    expect(world.room.state.status).toBe("connected");
    expect(seqs(world)).toEqual([1, 2, 4, 7, 9, 10]);
    expect(world.socket().sentOf("history").length).toBe(2);
  });

  it("[C10] advances the cursor with each page", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 6, more: true }));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.6");
  });

  const pageOfThree = (world: RoomWorld): Frame =>
    ok(lastPage(world), { events: [message(4), message(5), message(6)], seq: 6, more: true });

  it("[C10] that a listener breaks off in a page goes on after that message", async () => {
    const world = await paging();
    const stop = world.room.on("message", () => world.client.disconnect());
    world.socket().deliver(pageOfThree(world));
    stop();
    world.client.reconnect();
    await world.clock.advance(2_000);
    expect(since(world)).toBe("e1.4");
    expect(seqs(world)).toEqual([1, 2, 4]);
  });

  it("[C10] that a listener starts over in a page asks the new connection for nothing before its greeting", async () => {
    const world = await paging();
    const stop = world.room.on("message", () => world.room.reconnect());
    world.socket().deliver(pageOfThree(world));
    stop();
    await world.clock.advance(2_000);
    expect([since(world), world.socket().sentOf("history")]).toEqual(["e1.4", []]);
    expect(seqs(world)).toEqual([1, 2, 4]);
  });

  it("[C10] without progress begins again after a wait, and is not requested forever", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [], seq: 3, more: true }));
    await world.clock.settle();
    expect(world.room.state).toMatchObject({ status: "reconnecting", error: { code: "internal" } });
    expect(world.socket().sentOf("history").length).toBe(1);
  });

  it("[C61] drops what is held at or below the floor of a page or of its end", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 6, more: true, floor: 1 }));
    expect(seqs(world)).toEqual([2, 4]);
    await world.clock.advance(0);
    world.socket().deliver(ok(lastPage(world), { events: [message(7)], seq: 9, floor: 1 }));
    world.socket().deliver(caughtUp(9, { floor: 2 }));
    expect(seqs(world)).toEqual([4, 7]);
    expect(world.room.state.status).toBe("connected");
  });

  it("[C63] requests a page again that was refused for the rate", async () => {
    const world = await paging();
    world.socket().deliver({ ...refusal(lastPage(world), "rate_limited"), retryAfterMs: 700 });
    // With jitter: a crowd may share the bucket.
    await world.clock.advance(1_049);
    expect(world.socket().sentOf("history")).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.socket().sentOf("history")).toHaveLength(2);
    expect(lastPage(world)).toMatchObject({ after: 3 });
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 4, floor: 0 }), caughtUp(4));
    expect(world.room.state.status).toBe("connected");
  });

  it("[C11] whose next page is gone reconnects with the cursor", async () => {
    const world = await paging();
    world.socket().deliver(refusal(lastPage(world), "not_found"));
    await world.clock.advance(30_000);
    expect(since(world)).toBe("e1.3");
    await world.goLive({ recovery: "lost", head: 9 }, replay(message(9)));
    expect(seqs(world)).toEqual([9]);
  });
});

describeBoth("the previous connection", () => {
  const replaces = ({ socket }: RoomWorld) => socket().url.searchParams.get("replaces");

  it("[C62] is named by the next one, as the server named it; the first one names none", async () => {
    const world = await dialedRoom();
    expect(replaces(world)).toBeNull();
    await world.goLive({ connection: "c_a" });
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_a");
    // A connection that was never greeted has no name.
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_a");
    await world.goLive({ connection: "c_b", recovery: "complete" });
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_b");
  });

  it("[C62] is also named if the app reconnects", async () => {
    const world = await dialedRoom();
    await world.goLive({ connection: "c_a" });
    world.room.reconnect();
    await world.clock.advance(0);
    expect(replaces(world)).toBe("c_a");
  });
});

describeBoth("older messages", () => {
  it("come in front, page by page", async () => {
    const world = await dialedRoom();
    await world.goLive({ head: 9 }, replay(message(8), message(9)));
    const first = world.room.loadOlder(2);
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("history");
    expect(command).toMatchObject({ before: 8, limit: 2 });
    world.socket().deliver(ok(command, { messages: [message(5)], seq: 4, more: true }));
    expect(await first).toEqual({ more: true });
    expect(seqs(world)).toEqual([5, 8, 9]);
    const second = world.room.loadOlder();
    await world.clock.advance(0);
    expect(world.socket().sentOf("history").at(-1)).toMatchObject({ before: 4 });
    world.socket().deliver(ok(world.socket().sentOf("history").at(-1), { messages: [], seq: 0 }));
    expect(await second).toEqual({ more: false });
  });

  it("do not advance the cursor", async () => {
    const world = await roomForTest({}, {}, { head: 9 });
    void world.room.loadOlder();
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("history")[0], { messages: [message(9)], seq: 9 }));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.9");
  });

  it("are not available offline", async () => {
    const { room } = await dialedRoom();
    await expect(room.loadOlder()).rejects.toMatchObject({ code: "offline" });
  });
});

describeBoth("topics", (way) => {
  it("[C35] take effect with their `ok`, which advances the cursor", async () => {
    const world = await roomForTest();
    const done = world.room.setTopics(["task"]);
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("topics");
    world.socket().deliver(message(1), ok(command, { topics: ["task"], seq: 5 }));
    await done;
    world.socket().deliver(message(8, { event: "task.created" }));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.8");
    expect(world.socket().url.searchParams.get("topics")).toBe("task");
  });

  it("[C35] that are a text in place of a list go to the server, which refuses them", async () => {
    const world = await roomForTest();
    // @ts-expect-error A program without types may give anything.
    const done = world.room.setTopics("task");
    await world.clock.advance(0);
    expect(world.socket().sentOf("topics")).toMatchObject([{ topics: "task" }]);
    world.socket().deliver(refusal(world.socket().sentOf("topics")[0], "bad_request"));
    await expect(done).rejects.toMatchObject({ code: "bad_request" });
  });

  it("[C35] for all events make a jump a gap again", async () => {
    const world = await roomForTest({}, { topics: ["task"] });
    void world.room.setTopics(null);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("topics")[0], { topics: null, seq: 5 }), message(7));
    await world.clock.settle();
    expect(world.room.state.status).toBe("reconnecting");
  });

  it("set while connecting are sent when live", async () => {
    const world = await dialedRoom({}, { topics: ["chat"] });
    void world.room.setTopics(["task"]);
    await world.goLive();
    await world.clock.advance(0);
    expect(world.socket().sentOf("topics")).toMatchObject([{ topics: ["task"] }]);
  });

  it("[C80] `[]` is in a `join`, and is sent when live for an address, which cannot express it", async () => {
    const world = await dialedRoom({}, { topics: [] });
    await world.goLive();
    await world.clock.advance(0);
    const isOnSession = way === "the session";
    if (isOnSession) expect(world.session.sessions.last.sentOf("join")).toMatchObject([{ topics: [] }]);
    else expect(world.socket().url.searchParams.has("topics")).toBe(false);
    const asked = world.socket().sentOf("topics");
    expect(asked).toMatchObject(isOnSession ? [] : [{ topics: [] }]);
    if (!isOnSession) world.socket().deliver(ok(asked[0], { topics: [], seq: 0 }));
    // Nothing is delivered, so a jump is no gap.
    world.socket().deliver(caughtUp(4), message(9));
    await world.clock.settle();
    expect(world.room.state.status).toBe("connected");
  });

  it("that changed are paged from the end again, because earlier messages are not replayed", async () => {
    const world = await dialedRoom({}, { topics: ["chat"] });
    await world.goLive({ head: 9 }, replay(message(8)));
    const done = world.room.setTopics(null);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("topics")[0], { topics: null, seq: 9 }));
    await done;
    const older = world.room.loadOlder();
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("history");
    expect(command).not.toHaveProperty("before");
    const page = [message(8), message(9, { event: "task" })];
    world.socket().deliver(ok(command, { messages: page, seq: 8, more: true }));
    await older;
    expect(seqs(world)).toEqual([8, 9]);
  });

  it("that are refused are dropped", async () => {
    const world = await roomForTest();
    const done = world.room.setTopics(["no topic"]);
    await world.clock.advance(0);
    world.socket().deliver(refusal(world.socket().sentOf("topics")[0], "bad_request"));
    await expect(done).rejects.toMatchObject({ code: "bad_request" });
    await loseAndRedial(world);
    expect(world.socket().url.searchParams.has("topics")).toBe(false);
  });
});
