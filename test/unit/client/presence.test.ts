import { expect, it } from "vitest";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { LIMITS, member, ok, refusal } from "./support/frames.ts";

const ids = (members: readonly { id: string }[]) => members.map(({ id }) => id);

describeBoth("members", () => {
  const greeting = { members: [member("usr_1")], occupancy: { members: 1, connections: 2 } };

  it("join, change and leave", async () => {
    const { room, socket } = await roomForTest({}, {}, greeting);
    socket().deliver({ type: "memberJoined", member: member("usr_2") });
    expect(ids(room.members)).toEqual(["usr_1", "usr_2"]);
    expect(room.occupancy).toEqual({ members: 2, connections: 3 });
    socket().deliver({ type: "memberUpdated", member: member("usr_1", { status: "away" }) });
    expect(room.members[0]?.status).toBe("away");
    expect(room.occupancy).toEqual({ members: 2, connections: 3 });
    socket().deliver({ type: "memberLeft", user: "usr_1", at: 1 });
    expect(ids(room.members)).toEqual(["usr_2"]);
    expect(room.occupancy.members).toBe(1);
  });

  it("are replaced by those of the next connection", async () => {
    const { room, socket, clock, goLive } = await roomForTest({}, {}, greeting);
    socket().end(1006);
    await clock.advance(1_000);
    await goLive({ recovery: "complete", members: [member("usr_3")] });
    expect(ids(room.members)).toEqual(["usr_3"]);
  });

  it("do not change the snapshot if they are the same as before", async () => {
    const { room, socket } = await roomForTest({}, {}, greeting);
    const snapshot = room.getSnapshot();
    socket().deliver({ type: "occupancy", members: 1, connections: 2 });
    expect(room.getSnapshot()).toBe(snapshot);
  });

  it("[C28] are dropped by an `occupancy` above `listedMembers` and restored by `members`", async () => {
    const limits = { ...LIMITS, listedMembers: 2 };
    const { room, socket } = await roomForTest({}, {}, { ...greeting, limits });
    socket().deliver({ type: "occupancy", members: 2, connections: 9 });
    expect(ids(room.members)).toEqual(["usr_1"]);
    socket().deliver({ type: "occupancy", members: 3, connections: 9 });
    expect(room.members).toEqual([]);
    expect(room.occupancy).toEqual({ members: 3, connections: 9 });
    socket().deliver({ type: "occupancy", members: 2, connections: 9 });
    expect(room.members).toEqual([]);
    socket().deliver({ type: "members", members: [member("usr_1"), member("usr_2")] });
    expect(ids(room.members)).toEqual(["usr_1", "usr_2"]);
  });

  it("[C64] may come as a list in parts, and the next list is another one", async () => {
    const { room, socket, goLive } = await dialedRoom();
    const occupancy = { members: 3, connections: 4 };
    await goLive(
      { members: [], moreMembers: true, occupancy },
      { type: "members", members: [member("usr_1"), member("usr_2")], more: true },
      { type: "members", members: [member("usr_3")] },
    );
    expect(ids(room.members)).toEqual(["usr_1", "usr_2", "usr_3"]);
    expect(room.occupancy).toEqual(occupancy);
    socket().deliver({ type: "members", members: [member("usr_4")], more: true });
    socket().deliver({ type: "members", members: [member("usr_5")] });
    expect(ids(room.members)).toEqual(["usr_4", "usr_5"]);
    socket().deliver({ type: "members", members: [member("usr_6")] });
    expect(ids(room.members)).toEqual(["usr_6"]);
  });
});

describeBoth("own presence", () => {
  it("[C29] is sent again after each reconnect, merged", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    void room.setPresence({ status: "away" });
    void room.setPresence({ data: { cursor: 1 } });
    await clock.advance(0);
    expect(socket().sentOf("presence")).toMatchObject([{ status: "away" }, { data: { cursor: 1 } }]);
    socket().end(1006);
    await clock.advance(1_000);
    await goLive({ recovery: "complete" });
    await clock.advance(0);
    expect(socket().sentOf("presence")).toMatchObject([{ status: "away", data: { cursor: 1 } }]);
  });

  it("[C29] may be unsent when the connection is lost, without an error", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    const codes: string[] = [];
    room.on("error", ({ code }) => codes.push(code));
    void room.setPresence({ status: "away" });
    for (let round = 0; round < 2; round++) {
      socket().end(1006);
      await clock.advance(1_000);
      await goLive({ recovery: "complete" });
    }
    socket().end(1006);
    await clock.settle();
    expect(codes).toEqual([]);
  });

  it("of the client applies to all rooms, also those joined later", async () => {
    const { client, socket, sockets, clock, goLive } = await roomForTest();
    void client.setPresence({ status: "busy" });
    client.room("later");
    await clock.advance(0);
    await goLive({ room: "later" });
    await clock.advance(0);
    expect(sockets.all[0]?.sentOf("presence")).toMatchObject([{ status: "busy" }]);
    expect(socket().sentOf("presence")).toMatchObject([{ status: "busy" }]);
  });

  it("[C29] that is refused rejects, and is not sent again", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    void room.setPresence({ status: "away" });
    const told = room.setPresence({ data: "long" });
    await clock.advance(0);
    const [first, second] = socket().sentOf("presence");
    socket().deliver(ok(first), refusal(second, "too_large"));
    await expect(told).rejects.toMatchObject({ code: "too_large" });
    socket().end(1006);
    await clock.advance(1_000);
    await goLive({ recovery: "complete" });
    expect(socket().sentOf("presence")).toMatchObject([{ status: "away" }]);
    expect(socket().sentOf("presence")[0]).not.toHaveProperty("data");
  });
});

describeBoth("typing", () => {
  const typing = (user: string, isTyping = true) => ({
    type: "signal",
    event: "typing",
    from: { id: user },
    data: { isTyping },
    at: 1,
  });

  it("[C30] is shown for 3 s or until it ends, and never for this user", async () => {
    const { room, socket, clock } = await roomForTest({}, {}, { members: [member("usr_2")] });
    let changes = 0;
    room.subscribe(() => changes++);
    socket().deliver(typing("usr_2"), typing("usr_9"), typing("usr_1"));
    expect(room.typing).toEqual([member("usr_2"), { id: "usr_9" }]);
    socket().deliver(typing("usr_9", false));
    await clock.advance(2_000);
    socket().deliver(typing("usr_2"));
    await clock.advance(2_999);
    expect(ids(room.typing)).toEqual(["usr_2"]);
    await clock.advance(1);
    expect(room.typing).toEqual([]);
    expect(changes).toBe(4);
  });

  it("ends when the user leaves", async () => {
    const { room, socket } = await roomForTest({}, {}, { members: [member("usr_2")] });
    socket().deliver(typing("usr_2"), { type: "memberLeft", user: "usr_2", at: 1 });
    expect(room.typing).toEqual([]);
  });

  it("[C30] is sent at most once per second, and its end with the message", async () => {
    const { room, socket, clock } = await roomForTest();
    for (let keys = 0; keys < 21; keys++) {
      room.startTyping();
      await clock.advance(100);
    }
    const told = () =>
      socket()
        .sentOf("signal")
        .map(({ data }) => data);
    expect(told()).toEqual([{ isTyping: true }, { isTyping: true }, { isTyping: true }]);
    void room.send({ text: "Hello" });
    await clock.advance(1);
    expect(told().at(-1)).toEqual({ isTyping: false });
    expect(
      socket()
        .commands.slice(-2)
        .map(({ type }) => type),
    ).toEqual(["signal", "send"]);
    room.stopTyping();
    await clock.advance(1);
    expect(told().length).toBe(4);
  });

  it("[C30] needs no end after all have forgotten it", async () => {
    const { room, socket, clock } = await roomForTest();
    room.startTyping();
    await clock.advance(3_000);
    room.stopTyping();
    await clock.advance(1);
    expect(socket().sentOf("signal").length).toBe(1);
  });

  it("is not sent by users who may only read, nor offline", async () => {
    const reader = await roomForTest({}, {}, { permission: "read" });
    reader.room.startTyping();
    await reader.clock.advance(1);
    expect(reader.socket().commands).toEqual([]);
    const { room, clock, goLive, socket } = await dialedRoom();
    room.startTyping();
    await goLive();
    await clock.advance(1);
    expect(socket().commands).toEqual([]);
  });
});

it("[C29] an anonymous reader sends neither typing nor presence", async () => {
  const { room, socket, clock } = await roomForTest({ getToken: () => null }, {}, { user: null });
  await room.setPresence({ status: "away" });
  await clock.advance(0);
  expect(socket().commands).toEqual([]);
});
