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
  it("[C4] the first connection asks for no cursor, the next one for what it handled last", async () => {
    const world = await roomForTest();
    expect(since(world)).toBeNull();
    world.socket().deliver(message(1), message(2));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.2");
  });

  it("[C4] a change moves it as a message does", async () => {
    const world = await roomForTest();
    world.socket().deliver(message(1), { type: "messageDeleted", seq: 2, at: 5, target: 1, by: "usr_2" });
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.2");
  });

  it("[C4] a loss in the middle of a replay resumes where it stopped", async () => {
    const world = await dialedRoom();
    world.socket().deliver(connected({ head: 9 }), replay(message(4), message(5)));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.5");
  });

  it("[C5] what was handled already is not handled again", async () => {
    const world = await roomForTest();
    const heard: number[] = [];
    world.room.on("message", ({ seq }) => heard.push(seq));
    world.socket().deliver(message(1), message(2), message(2));
    await loseAndRedial(world);
    await world.goLive({ recovery: "complete", head: 3 }, replay(message(2), message(3)));
    expect(heard).toEqual([1, 2, 3]);
    expect(seqs(world)).toEqual([1, 2, 3]);
  });

  it("[C6] a jump on a live connection without a filter reconnects with the cursor", async () => {
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

  it("[C7] with topics numbers may be left out, and `caughtUp` moves the cursor on", async () => {
    const world = await roomForTest({}, { topics: ["chat"] });
    world.socket().deliver(message(3), message(9));
    expect(seqs(world)).toEqual([3, 9]);
    world.socket().deliver(caughtUp(1_000));
    expect(world.room.head).toBe(1_000);
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.1000");
  });
});

describeBoth("recovery", () => {
  it("[C8] `lost` drops what is held, takes what follows, and is fired before it", async () => {
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

  it("[C8] a `lost` replay that broke off begins again as a newcomer", async () => {
    const world = await roomForTest();
    world.socket().deliver(message(1));
    await loseAndRedial(world);
    world.socket().deliver(connected({ recovery: "lost", epoch: "e2", head: 9 }));
    await loseAndRedial(world);
    expect(since(world)).toBeNull();
    await world.goLive({ epoch: "e2", head: 9 }, replay(message(9)));
    expect(seqs(world)).toEqual([9]);
  });

  it("[C9] what is held at or under `floor` is dropped, also after `complete`", async () => {
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

  it("[C10] each page moves the cursor", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 6, more: true }));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.6");
  });

  it("[C10] that does not get on is begun again after a wait, and not asked for without end", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [], seq: 3, more: true }));
    await world.clock.settle();
    expect(world.room.state).toMatchObject({ status: "reconnecting", error: { code: "internal" } });
    expect(world.socket().sentOf("history").length).toBe(1);
  });

  it("[C61] drops what is held at or under the floor of a page, and of the end", async () => {
    const world = await paging();
    world.socket().deliver(ok(lastPage(world), { events: [message(4)], seq: 6, more: true, floor: 1 }));
    expect(seqs(world)).toEqual([2, 4]);
    await world.clock.advance(0);
    world.socket().deliver(ok(lastPage(world), { events: [message(7)], seq: 9, floor: 1 }));
    world.socket().deliver(caughtUp(9, { floor: 2 }));
    expect(seqs(world)).toEqual([4, 7]);
    expect(world.room.state.status).toBe("connected");
  });

  it("[C63] asks again for a page that was refused for being too soon", async () => {
    const world = await paging();
    world.socket().deliver({ ...refusal(lastPage(world), "rate_limited"), retryAfterMs: 700 });
    await world.clock.advance(699);
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

describeBoth("a connection that was given up", () => {
  const replaces = ({ socket }: RoomWorld) => socket().url.searchParams.get("replaces");

  it("[C62] is named by the next one, as the server named it; the first one names none", async () => {
    const world = await dialedRoom();
    expect(replaces(world)).toBeNull();
    await world.goLive({ connection: "c_a" });
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_a");
    // One that was never greeted has said nothing.
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_a");
    await world.goLive({ connection: "c_b", recovery: "complete" });
    await loseAndRedial(world);
    expect(replaces(world)).toBe("c_b");
  });

  it("[C62] also where the app starts over", async () => {
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

  it("do not move the cursor", async () => {
    const world = await roomForTest({}, {}, { head: 9 });
    void world.room.loadOlder();
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("history")[0], { messages: [message(9)], seq: 9 }));
    await loseAndRedial(world);
    expect(since(world)).toBe("e1.9");
  });

  it("cannot be had offline", async () => {
    const { room } = await dialedRoom();
    await expect(room.loadOlder()).rejects.toMatchObject({ code: "offline" });
  });
});

describeBoth("topics", (way) => {
  it("[C35] hold from their `ok` on, which moves the cursor", async () => {
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

  it("[C35] back to all, a jump is a fault again", async () => {
    const world = await roomForTest({}, { topics: ["task"] });
    void world.room.setTopics(null);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("topics")[0], { topics: null, seq: 5 }), message(7));
    await world.clock.settle();
    expect(world.room.state.status).toBe("reconnecting");
  });

  it("set while connecting are told when live", async () => {
    const world = await dialedRoom({}, { topics: ["chat"] });
    void world.room.setTopics(["task"]);
    await world.goLive();
    await world.clock.advance(0);
    expect(world.socket().sentOf("topics")).toMatchObject([{ topics: ["task"] }]);
  });

  it("[C80] `[]` stands in a `join`, and is told when live where an address has no place for it", async () => {
    const world = await dialedRoom({}, { topics: [] });
    await world.goLive();
    await world.clock.advance(0);
    const isOnSession = way === "the session";
    if (isOnSession) expect(world.session.sessions.last.sentOf("join")).toMatchObject([{ topics: [] }]);
    else expect(world.socket().url.searchParams.has("topics")).toBe(false);
    const asked = world.socket().sentOf("topics");
    expect(asked).toMatchObject(isOnSession ? [] : [{ topics: [] }]);
    if (!isOnSession) world.socket().deliver(ok(asked[0], { topics: [], seq: 0 }));
    // Nothing is delivered, so a jump is no fault.
    world.socket().deliver(caughtUp(4), message(9));
    await world.clock.settle();
    expect(world.room.state.status).toBe("connected");
  });

  it("that changed are paged from the end again, as what came before is not replayed", async () => {
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

  it("that are refused are forgotten", async () => {
    const world = await roomForTest();
    const done = world.room.setTopics(["no topic"]);
    await world.clock.advance(0);
    world.socket().deliver(refusal(world.socket().sentOf("topics")[0], "bad_request"));
    await expect(done).rejects.toMatchObject({ code: "bad_request" });
    await loseAndRedial(world);
    expect(world.socket().url.searchParams.has("topics")).toBe(false);
  });
});
