import { describe, expect, it, vi } from "vitest";
import { FakeBrowserTabs } from "../../support/fake-browser-tabs.ts";
import { jwtOf, type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";

type Pair = [OpenTab, OpenTab];
type Three = [OpenTab, OpenTab, OpenTab];

const seqs = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

async function worldWith<Tabs extends OpenTab[]>(count: number, user = "ada"): Promise<[WorldOfTabs, Tabs]> {
  const world = new WorldOfTabs();
  for (let at = 0; at < count; at++) await world.join({ user });
  return [world, world.tabs as Tabs];
}

const openWires = ({ wires }: WorldOfTabs) => wires.filter(({ isOver }) => !isOver);

async function say(world: WorldOfTabs, { room }: OpenTab, data: unknown): Promise<number> {
  const sent = room.send(data);
  await world.settle();
  return (await sent).seq;
}

describe("tabs of one user", () => {
  it("[C200] share one connection", async () => {
    const [world, tabs] = await worldWith(10);
    expect(tabs.map(({ isLive }) => isLive)).toEqual(Array(10).fill(true));
    expect([world.room.opened("ada"), world.wires.length]).toEqual([1, 1]);
    expect([
      await say(world, tabs[1] as OpenTab, "one"),
      await say(world, tabs[0] as OpenTab, "two"),
    ]).toEqual([1, 2]);
    for (const { texts, heard } of tabs) expect([texts, heard]).toEqual([["one", "two"], seqs(2)]);
    expect(tabs[3]?.room.members).toMatchObject([{ id: "ada" }]);
    expect(tabs[3]?.room.occupancy).toEqual({ members: 1, connections: 1 });
  });

  it("[C201] get the latest messages as newcomers do, and what they missed, however much that is", async () => {
    const world = new WorldOfTabs({ historyLimit: 10_000 });
    const first = await world.join({ room: { history: 0 } });
    const bo = await world.join({
      user: "bo",
      browser: new FakeBrowserTabs(world.clock),
      room: { history: 0 },
    });
    for (let at = 0; at < 60; at++) void bo.room.send(at);
    await world.settle();
    const late = await world.join({ room: { history: 20 } });
    expect(late.heard).toEqual(seqs(60).slice(40));
    late.client.disconnect();
    for (let round = 0; round < 30; round++) {
      for (let at = 0; at < 100; at++) void bo.room.send(at);
      await world.settle();
    }
    late.client.reconnect();
    await world.pass(2_000);
    expect(late.heard).toEqual(seqs(3_060).slice(40));
    expect(late.lost).toBe(0);
    expect([first.heard.length, first.room.head]).toEqual([3_060, 3_060]);
    // Those that were interrupted together ask for no pages.
    const pages = () => world.wires.flatMap(({ socket }) => socket.sentOf("history")).length;
    const before = pages();
    for (const wire of openWires(world)) wire.cut();
    await world.pass(3_000);
    expect([first.isLive, late.isLive, pages()]).toEqual([true, true, before]);
  });

  it("[C202] go on with another one when the holder is closed, killed or sleeps; nobody sees the user leave", async () => {
    for (const how of ["close", "kill", "sleep"] as const) {
      const [world, [holder, second, third]] = await worldWith<Three>(3);
      const bo = await world.join({ user: "bo" });
      const left = vi.fn();
      bo.room.on("memberLeft", left);
      if (how === "close") holder.client.close();
      if (how === "sleep") holder.tab.freeze(true);
      else holder.tab.close();
      const sent = bo.room.send("after");
      await world.settle();
      await sent;
      expect([second.texts, third.texts]).toEqual([["after"], ["after"]]);
      expect(second.states.slice(-2)).toEqual(["connecting", "connected"]);
      expect(world.wires.at(-1)?.socket.url.searchParams.get("replaces")).toBe("c_1");
      await world.pass(10_000);
      expect([left.mock.calls.length, world.room.opened("ada")]).toEqual([0, 1]);
    }
  });

  it("[C203] find within a second that the holder stands still without a word, and it steps down when it goes on", async () => {
    const [world, [holder, second]] = await worldWith<Pair>(2);
    await say(world, holder, "before");
    holder.tab.freeze(false);
    const sent = second.room.send("after");
    await world.pass(1_100);
    expect(await sent).toMatchObject({ seq: 2 });
    expect(second.heard).toEqual([1, 2]);
    holder.tab.resume();
    await world.pass(1_000);
    expect(holder.heard).toEqual([1, 2]);
    expect(world.room.opened("ada")).toBe(1);
    expect(await say(world, holder, "back")).toBe(3);
    expect(second.heard).toEqual([1, 2, 3]);
  });

  it("[C203] take nothing from a holder that nobody looks at while its timers come once a second", async () => {
    const world = new WorldOfTabs();
    const holder = await world.join({ isVisible: false });
    const second = await world.join();
    const throttled = holder.tab;
    for (let second = 0; second < 20; second++) {
      // The page hears messages, and its timers are called at the end of each second.
      throttled.holdTimers();
      await world.pass(950);
      throttled.callTimers();
      await world.pass(50);
    }
    expect([world.wires.length, second.isLive]).toEqual([1, true]);
    await world.pass(60_000);
    expect(world.wires).toHaveLength(1);
  });

  it.each([true, false])(
    "[C204] send once what was under way as the holder ended (stored: %s)",
    async (isStored) => {
      const [world, [holder, second]] = await worldWith<Pair>(2);
      const sent = second.room.send("once");
      // It has reached the holder; no answer comes back.
      for (let turn = 0; turn < 8; turn++) await world.clock.advance(0);
      expect(world.wires[0]?.socket.sentOf("send")).toHaveLength(1);
      if (isStored) {
        for (const wire of world.wires) wire.exchange();
        world.room.flush();
      }
      holder.tab.close();
      await world.pass(2_000);
      expect(await sent).toMatchObject({ seq: 1 });
      expect([second.texts, second.heard, world.room.log.head]).toEqual([["once"], [1], 1]);
      const again = { retryOf: expect.any(String) };
      expect(world.wires.at(-1)?.socket.sentOf("send")).toMatchObject(isStored ? [] : [again]);
    },
  );

  it("[C205] are those of one user only, whatever names the user", async () => {
    const [world, [ada]] = await worldWith<Pair>(1);
    const bo = await world.join({ user: "bo" });
    expect([bo.room.user?.id, world.room.opened("bo"), world.room.opened("ada")]).toEqual(["bo", 1, 1]);
    const of = (uid: string) => ({ getToken: () => jwtOf({ sub: "tenant", uid }) });
    const cy = await world.join(of("cy"));
    const di = await world.join(of("di"));
    await world.pass(1_000);
    expect([cy.room.user?.id, di.room.user?.id, di.isLive]).toEqual(["cy", "di", true]);
    await say(world, di, "from di");
    expect(ada.room.messages[0]?.from?.id).toBe("di");
    expect(["ada", "bo", "cy", "di"].map((user) => world.room.opened(user))).toEqual([1, 1, 1, 1]);
  });

  it.each(["end", "startOver"] as const)(
    "[C205] leave together when the user changes (%s)",
    async (onUserChange) => {
      const world = new WorldOfTabs();
      let user = "ada";
      const getToken = () => jwtOf({ sub: user, iat: world.clock.now() });
      const [first, second] = [
        await world.join({ getToken, onUserChange }),
        await world.join({ getToken, onUserChange }),
      ];
      user = "bo";
      // The token of each is refused, so they ask for a new one.
      world.revoked.add("ada");
      await world.pass(6_000);
      const states = [first, second].map(({ room }) => [room.state.status, room.user?.id]);
      if (onUserChange === "startOver") {
        expect(states).toEqual([
          ["connected", "bo"],
          ["connected", "bo"],
        ]);
        expect(world.room.opened("bo")).toBe(1);
      } else {
        expect(states.map(([status]) => status)).toEqual(["disconnected", "disconnected"]);
        const codes = [first, second].map(({ room: { state } }) => "error" in state && state.error?.code);
        expect(codes).toEqual(["user_changed", "user_changed"]);
      }
    },
  );

  it("[C205] with several rooms go on as the new user in all of them", async () => {
    const world = new WorldOfTabs();
    let user = "ada";
    const getToken = () => jwtOf({ sub: user, iat: world.clock.now() });
    const tab = await world.join({ getToken, onUserChange: "startOver" });
    const other = tab.client.room("annex");
    await world.settle();
    expect([tab.isLive, other.state.status, world.room.opened("ada")]).toEqual([true, "connected", 2]);
    user = "bo";
    // The other connection is still that of the former user.
    openWires(world)[0]?.end(4401, "token_expired");
    await world.pass(3_000);
    expect([tab.room, other].map(({ user, state }) => [user?.id, state.status])).toEqual([
      ["bo", "connected"],
      ["bo", "connected"],
    ]);
    await world.pass(10_000);
    expect([world.room.opened("ada"), world.room.opened("bo")]).toEqual([0, 2]);
  });

  it("[C206] have connections of their own without locks, without channels, and with a token that cannot be read", async () => {
    const world = new WorldOfTabs();
    world.browser.lacks = "locks";
    const first = await world.join();
    world.browser.lacks = "channels";
    const second = await world.join();
    world.browser.lacks = "permission";
    const third = await world.join();
    expect([first, second, third].map(({ isLive }) => isLive)).toEqual([true, true, true]);
    expect([world.room.opened("ada"), world.browser.holds]).toEqual([3, 0]);
    await say(world, third, "one");
    for (const { heard } of [first, second, third]) expect(heard).toEqual([1]);
  });

  it("[C206] without a token try again with back-off", async () => {
    const world = new WorldOfTabs();
    let fails = true;
    const getToken = () => {
      if (fails) throw new Error("no network");
      return jwtOf({ sub: "ada" });
    };
    const tab = await world.join({ getToken });
    expect(tab.room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
    fails = false;
    await world.pass(5_000);
    expect(tab.isLive).toBe(true);
  });
});

describe("what tabs of one user say", () => {
  it("[C207] of their presence is that of the tab in use", async () => {
    const [world, [first, second]] = await worldWith<Pair>(2);
    const bo = await world.join({ user: "bo", browser: new FakeBrowserTabs(world.clock) });
    const shown = async () => {
      await world.settle();
      const member = bo.room.members.find(({ id }) => id === "ada");
      return [member?.status, member?.data];
    };
    void first.room.setPresence({ status: "busy", data: { at: 1 } });
    expect(await shown()).toEqual(["busy", { at: 1 }]);
    // Of two that are looked at, the one that had the focus last.
    world.clock.setWall(1_000);
    second.tab.look(true);
    void second.room.setPresence({ status: "online" });
    expect(await shown()).toEqual(["online", { at: 1 }]);
    world.clock.setWall(1_000);
    first.tab.look(true);
    expect(await shown()).toEqual(["busy", { at: 1 }]);
    first.tab.look(false);
    void first.room.setPresence({ status: "away" });
    expect(await shown()).toEqual(["online", { at: 1 }]);
    second.tab.look(false);
    expect(await shown()).toEqual(["online", { at: 1 }]);
    second.client.close();
    second.tab.close();
    expect(await shown()).toEqual(["away", { at: 1 }]);
    const third = await world.join();
    expect(await shown()).toEqual(["online", { at: 1 }]);
    first.client.close();
    first.tab.close();
    // What a lost connection has said is shown for 5 s.
    await world.pass(6_000);
    expect([third.isLive, ...(await shown())]).toEqual([true, "online", null]);
  });

  it("[C208] of how far they have read counts once somebody looks at them", async () => {
    const [world, [first, second]] = await worldWith<Pair>(2);
    const bo = await world.join({ user: "bo", browser: new FakeBrowserTabs(world.clock) });
    second.tab.look(false);
    await say(world, bo, "one");
    await say(world, bo, "two");
    expect([first.room.unread, second.room.unread]).toEqual([2, 2]);
    const marked = second.room.markRead();
    await world.pass(2_000);
    expect(await marked).toEqual({ seq: 0, unread: 2 });
    expect([first.room.unread, second.room.unread]).toEqual([2, 2]);
    second.tab.look(true);
    await world.pass(2_000);
    expect([first.room.unread, second.room.unread]).toEqual([0, 0]);
  });

  it("[C209] each other hears as on connections of their own: signals, and messages without echo", async () => {
    const [world, [first, second, third]] = await worldWith<Three>(3);
    const signals = (tab: OpenTab) => {
      const heard: unknown[] = [];
      tab.room.onEvent("cursor", ({ data }) => heard.push(data));
      return heard;
    };
    const [one, two, three] = [first, second, third].map(signals);
    second.room.signal("cursor", 1);
    second.room.signal("cursor", 2, { to: "bo" });
    second.room.signal("cursor", 3, { to: "ada" });
    await world.settle();
    expect([one, two, three]).toEqual([[1, 3], [], [1, 3]]);
    const at = new Date(0);
    second.room.signal("cursor", { at, gone: () => {} });
    await world.settle();
    expect([one?.at(-1), three?.at(-1)]).toEqual(Array(2).fill({ at: "1970-01-01T00:00:00.000Z" }));
    const sent = [second.room.send("quiet", { echo: false }), second.room.send("loud")];
    await world.settle();
    expect(await Promise.all(sent)).toMatchObject([{ seq: 1 }, { seq: 2 }]);
    expect([first.heard, second.heard, third.heard]).toEqual([[1, 2], [2], [1, 2]]);
    for (const { texts, states } of [first, second, third])
      expect([texts, states.at(-1)]).toEqual([["quiet", "loud"], "connected"]);
    expect(world.wires).toHaveLength(1);
  });

  it("[C209] is refused to the one that said it", async () => {
    const world = new WorldOfTabs({ serverEvents: ["task"] });
    const [first, second] = [await world.join(), await world.join()];
    const errors = [first, second].map(({ room }) => {
      const codes: string[] = [];
      room.on("error", ({ code }) => codes.push(code));
      return codes;
    });
    second.room.signal("task", 1);
    await expect(Promise.all([second.room.send(1, { event: "task" }), world.settle()])).rejects.toMatchObject(
      { code: "forbidden" },
    );
    expect(errors).toEqual([[], ["forbidden"]]);
    first.room.signal("cursor", "x".repeat(1_048_576));
    await world.settle();
    expect(errors).toEqual([["too_large"], ["forbidden"]]);
    await expect(
      Promise.all([second.room.send("x".repeat(1_048_576)), world.settle()]),
    ).rejects.toMatchObject({ code: "too_large" });
  });

  it("[C210] ends for all of them with a final close, and starts again for the one that asks", async () => {
    const [world, [first, second]] = await worldWith<Pair>(2);
    for (const wire of openWires(world)) wire.end(4403, "banned 60000");
    await world.settle();
    for (const { room } of [first, second])
      expect(room.state).toMatchObject({
        status: "disconnected",
        error: { code: "banned", retryAfterMs: 60_000 },
      });
    await world.pass(10_000);
    expect(world.wires).toHaveLength(1);
    second.room.reconnect();
    await world.settle();
    expect([first.room.state.status, second.room.state.status]).toEqual(["disconnected", "connected"]);
  });

  it("[C210] wait together for the next try, which any of them may hurry", async () => {
    const [world, [first, second]] = await worldWith<Pair>(2);
    for (const wire of openWires(world)) wire.end(4503, "overloaded 30000");
    await world.settle();
    for (const { room } of [first, second])
      expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "overloaded" } });
    second.room.reconnect();
    await world.settle();
    expect([first.isLive, second.isLive, world.room.opened("ada")]).toEqual([true, true, 1]);
  });

  it("[C211] is filtered for each: tabs with other topics have another connection", async () => {
    const [world, [first]] = await worldWith<Pair>(1);
    const tasks = await world.join({ room: { topics: ["task"] } });
    const more = await world.join({ room: { topics: ["task"] } });
    expect(world.room.opened("ada")).toBe(2);
    await say(world, first, "chat");
    const task = first.room.send("task", { event: "task.done" });
    await world.settle();
    await task;
    expect([first.heard, tasks.heard, more.heard]).toEqual([[1, 2], [2], [2]]);
    const set = tasks.room.setTopics(null);
    await world.settle();
    await set;
    await say(world, first, "all");
    expect([tasks.heard, more.heard, tasks.isLive]).toEqual([[2, 3], [2], true]);
    const none = more.room.setTopics([]);
    await world.settle();
    await none;
    await world.settle();
    await say(world, first, "nobody");
    expect([more.heard, more.isLive]).toEqual([[2], true]);
  });

  it("[C213] leaves nothing behind: the last tab in a room leaves it, and a client that is closed has no timer", async () => {
    const [world, [first, second]] = await worldWith<Pair>(2);
    second.room.leave();
    await world.settle();
    expect([first.isLive, world.room.opened("ada")]).toEqual([true, 1]);
    first.room.leave();
    await world.settle();
    expect(world.wires.map(({ socket }) => socket.closedWith)).toEqual([1000]);
    const other = second.client.room("lobby");
    await world.settle();
    expect(other.state.status).toBe("connected");
    for (const { client } of [second, first]) {
      client.close();
      await world.settle();
    }
    expect(world.wires.at(-1)?.socket.closedWith).toBe(1000);
    expect([world.clock.pending, world.browser.holds]).toEqual([0, 0]);
  });
});
