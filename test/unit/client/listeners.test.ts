import { afterEach, expect, it, vi } from "vitest";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { batch, message, refusal } from "./support/frames.ts";

const signal = (event: string, user: string | null, data: unknown = null) => ({
  type: "signal",
  event,
  from: user === null ? null : { id: user },
  data,
  at: 1,
});

describeBoth("listeners", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("receive replayed messages too, with the snapshot already updated", async () => {
    const { room, goLive } = await dialedRoom();
    const held: number[] = [];
    room.on("message", () => held.push(room.messages.length));
    await goLive({ head: 2 }, batch(message(1), message(2)));
    expect(held).toEqual([1, 2]);
  });

  it("[C100][C101] hear what is history: the first replay and that after `lost`, not what an interruption left out", async () => {
    const { room, socket, clock, goLive } = await dialedRoom();
    const heard: unknown[] = [];
    room.on("message", ({ seq }, { replay }) => heard.push([seq, replay]));
    room.onEvent("chat", ({ data }, { replay }) => heard.push([data, replay]));
    const text = (data: string) => ({ data });
    await goLive({ head: 1 }, batch(message(1, text("old"))), signal("chat", "usr_2", "signal"));
    socket().deliver(message(2, text("new")));
    expect(heard.splice(0)).toEqual([
      ...[
        [1, true],
        ["old", true],
        ["signal", false],
      ],
      ...[
        [2, false],
        ["new", false],
      ],
    ]);
    socket().end(1006);
    await clock.advance(60_000);
    await goLive({ head: 3, recovery: "complete" }, message(3, text("missed")));
    expect(heard.splice(0)).toEqual([
      [3, false],
      ["missed", false],
    ]);
    socket().end(1006);
    await clock.advance(60_000);
    await goLive({ head: 9, recovery: "lost" }, message(9, text("other")));
    expect(heard).toEqual([
      [9, true],
      ["other", true],
    ]);
  });

  it("[C130] hear states in their order, also if one of them causes the next", async () => {
    const { room, clock, socket } = await roomForTest();
    const heard: string[][] = [[], []];
    room.on("state", ({ status }) => {
      heard[0]?.push(status);
      if (status === "disconnected") room.reconnect();
    });
    room.on("state", ({ status }) => heard[1]?.push(status));
    socket().end(4403, "banned");
    await clock.advance(0);
    expect(heard[0]?.slice(0, 2)).toEqual(["disconnected", "connecting"]);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[1]?.at(-1)).toBe(room.state.status);
  });

  it("end with the function that they got", async () => {
    const { room, socket } = await roomForTest();
    const heard: number[] = [];
    const listener = ({ seq }: { seq: number }) => heard.push(seq);
    const off = room.on("message", listener);
    room.on("message", listener);
    socket().deliver(message(1));
    off();
    socket().deliver(message(2));
    expect(heard).toEqual([1, 1, 2]);
  });

  it("do not stop each other: one that throws is reported", async () => {
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
    const { room, socket } = await roomForTest();
    const fault = new Error("in the app");
    const fail = () => {
      throw fault;
    };
    const heard: number[] = [];
    room.on("message", fail);
    room.onEvent("*", fail);
    room.subscribe(fail);
    room.on("message", ({ seq }) => heard.push(seq));
    socket().deliver(message(1));
    expect(heard).toEqual([1]);
    expect(reported).toEqual([fault, fault, fault]);
    expect(room.state.status).toBe("connected");
  });

  it("by application event receive messages and signals with that event", async () => {
    const { room, socket } = await roomForTest();
    const heard: string[] = [];
    for (const topic of ["task", "task.created", "*"]) {
      room.onEvent(topic, ({ type, event }) => heard.push(`${topic}: ${type} ${event}`));
    }
    socket().deliver(
      message(1, { event: "task.created" }),
      signal("task:moved", "usr_2"),
      signal("tasks", "usr_2"),
    );
    expect(heard).toEqual([
      "task: message task.created",
      "task.created: message task.created",
      "*: message task.created",
      "task: signal task:moved",
      "*: signal task:moved",
      "*: signal tasks",
    ]);
  });

  it("with `own: false` do not receive what this user did", async () => {
    const { room, socket } = await roomForTest();
    const heard: unknown[] = [];
    room.onEvent("*", ({ data }) => heard.push(data), { own: false });
    socket().deliver(
      signal("wave", "usr_1", "mine"),
      signal("wave", null, "the server's"),
      signal("wave", "usr_2", "Bo's"),
    );
    expect(heard).toEqual(["the server's", "Bo's"]);
  });

  it("of `error` receive refusals that no promise reports", async () => {
    const { room, socket, clock } = await roomForTest();
    const codes: string[] = [];
    room.on("error", ({ code }) => codes.push(code));
    room.signal("wave", { n: 1 }, { to: "usr_2" });
    await clock.advance(0);
    expect(socket().commands).toEqual([{ type: "signal", event: "wave", data: { n: 1 }, to: "usr_2" }]);
    socket().deliver(refusal({}, "forbidden"));
    expect(codes).toEqual(["forbidden"]);
  });
});

describeBoth("listeners of any name", () => {
  it.each(["constructor", "__proto__", "toString"])("[C231] may be added, also to %s", async (name) => {
    const { room, client } = await roomForTest();
    const heard: unknown[] = [];
    // As an app in JavaScript does it.
    for (const { on } of [room, client])
      Reflect.apply(on, undefined, [name, (it: unknown) => heard.push(it)])();
    Reflect.apply(client.on, undefined, [name, (state: unknown) => heard.push(state)]);
    client.close();
    expect([heard, Reflect.get({}, "add")]).toEqual([[], undefined]);
  });
});

describeBoth("the snapshot", () => {
  it("changes its identity only if something in it changed", async () => {
    const { room, socket } = await roomForTest();
    const seen = [room.getSnapshot()];
    room.subscribe(() => seen.push(room.getSnapshot()));
    socket().deliver(signal("wave", "usr_2"));
    expect(room.getSnapshot()).toBe(seen[0]);
    socket().deliver(batch(message(1), message(2)));
    expect(seen.length).toBe(2);
    expect(seen[1]?.messages.length).toBe(2);
    expect(seen[0]?.messages.length).toBe(0);
    expect(seen[1]?.members).toBe(seen[0]?.members);
    expect(seen[1]?.state).toBe(seen[0]?.state);
    expect(room.getSnapshot()).toBe(seen[1]);
  });

  it("is announced also if a listener has read it before", async () => {
    const { room, socket } = await roomForTest();
    let changes = 0;
    room.subscribe(() => changes++);
    room.on("message", () => room.getSnapshot());
    socket().deliver(message(1));
    expect(changes).toBe(1);
  });

  it("cannot be changed from outside", async () => {
    const { room } = await roomForTest();
    void room.send("a");
    const snapshot = room.getSnapshot();
    for (const part of [snapshot, snapshot.messages, snapshot.members, snapshot.outbox, snapshot.typing]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(snapshot.outbox.map(({ data }) => data)).toEqual(["a"]);
  });

  it("shows a send at once", async () => {
    const { room } = await roomForTest();
    let changes = 0;
    const off = room.subscribe(() => changes++);
    void room.send("a");
    expect(changes).toBe(1);
    off();
    void room.send("b");
    expect(changes).toBe(1);
  });
});
