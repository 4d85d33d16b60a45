import { describe, expect, it } from "vitest";
import { type ClientOptions, inboxOf, RoomsError } from "../../../client/index.ts";
import { describeBoth, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import {
  caughtUp,
  connected,
  member,
  message,
  notification,
  refusal,
  sessionConnected,
} from "./support/frames.ts";
import { UserSimulation } from "./support/user-simulation.ts";

const SEEDS = 60;
const BO = { id: "usr_9", name: "Bo" };

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return error instanceof RoomsError ? error.code : String(error);
  }
}

/** The connection is lost, and the next one is greeted as this user. */
async function comeBackAs(world: RoomWorld, user: object | null): Promise<void> {
  const { session, socket, clock, goLive, room } = world;
  session.greeting = { user };
  const before = world.sockets.count;
  socket().end(1006);
  await clock.advance(2_000);
  if (room.state.status !== "disconnected" && world.sockets.count > before) await goLive({ user });
}

/** Ada has said things that the server did not take. */
async function adaIsInterrupted(options: Pick<ClientOptions, "onUserChange" | "getToken">) {
  const world = await roomForTest(options);
  const { room, client, clock, socket } = world;
  socket().deliver(message(1));
  void client.setPresence({ status: "busy" });
  await clock.advance(0);
  const errors: string[] = [];
  room.on("error", ({ code }) => errors.push(code));
  const sent = codeOf(room.send("of Ada"));
  const read = codeOf(room.markRead(1));
  await clock.advance(0);
  return { ...world, errors, sent, read };
}

const saidBy = ({ sockets }: RoomWorld, after: number) =>
  sockets.all
    .slice(after)
    .flatMap((socket) => ["send", "read", "presence"].flatMap((type) => socket.sentOf(type)))
    .filter(({ type, seq }) => type !== "read" || seq !== 0);

describeBoth("another user behind getToken", () => {
  it("[C110] ends the handle, and nothing of the former user goes out", async () => {
    const world = await adaIsInterrupted({});
    const { room, client, clock, sockets } = world;
    const before = sockets.count;
    await comeBackAs(world, BO);
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "user_changed" } });
    expect([await world.sent, await world.read]).toEqual(["user_changed", "user_changed"]);
    expect(world.errors).toEqual(["user_changed"]);
    expect(room.outbox).toMatchObject([{ status: "failed", error: { code: "user_changed" } }]);
    client.reconnect();
    await clock.advance(2_000);
    if (room.state.status !== "disconnected") await world.goLive({ user: BO });
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "user_changed" } });
    expect(saidBy(world, before)).toEqual([]);
  });

  it("[C110] is no other one when the former user is back", async () => {
    const world = await adaIsInterrupted({});
    await comeBackAs(world, BO);
    const sent = world.room.send("later, of Ada");
    world.session.greeting = {};
    world.client.reconnect();
    await world.clock.advance(2_000);
    await world.goLive({ head: 1, recovery: "complete" });
    expect(world.room.state.status).toBe("connected");
    expect(world.socket().sentOf("send")).toMatchObject([{ data: "later, of Ada" }]);
    void sent;
  });

  it("[C110] keeps no token of the other user: the next connection asks for one", async () => {
    let asked = 0;
    const world = await adaIsInterrupted({ getToken: () => `t${++asked}.e30.s` });
    await comeBackAs(world, BO);
    const before = asked;
    world.session.greeting = {};
    world.client.reconnect();
    await world.clock.advance(2_000);
    expect(asked).toBe(before + 1);
  });

  it("[C111] starts over on request: what waits rejects, and the room is that of the new user", async () => {
    const world = await adaIsInterrupted({ onUserChange: "startOver" });
    const { room, clock, sockets, socket } = world;
    const before = sockets.count;
    await comeBackAs(world, BO);
    expect([await world.sent, await world.read]).toEqual(["user_changed", "user_changed"]);
    expect(world.errors).toEqual(["user_changed"]);
    expect([room.messages, room.outbox, room.unread]).toEqual([[], [], 0]);
    if (room.state.status !== "connected") await world.goLive({ user: BO, head: 1 }, message(1));
    expect(room).toMatchObject({ user: BO, outbox: [], state: { status: "connected" } });
    expect(saidBy(world, before)).toEqual([]);
    expect(socket().url.searchParams.get("since")).toBeNull();
    void room.send("of Bo");
    await clock.advance(0);
    expect(saidBy(world, before)).toMatchObject([{ data: "of Bo" }]);
  });

  it("[C111] starts nothing that a listener of the error has ended", async () => {
    const world = await adaIsInterrupted({ onUserChange: "startOver" });
    const { room, client, clock } = world;
    room.on("error", () => client.disconnect());
    await comeBackAs(world, BO);
    await clock.advance(2_000);
    expect([room.state.status, client.state.status]).toEqual(["disconnected", "disconnected"]);
  });

  it("[C112] that `auth` refuses is greeted by a connection of their own", async () => {
    let asked = 0;
    const world = await roomForTest({ getToken: () => `t${++asked}.e30.s` });
    const { session, clock, room, sockets } = world;
    session.renews = false;
    const before = sockets.count;
    await clock.advance(3_540_000);
    const carrier = session.sessions.count > 0 ? session.sessions.last : world.socket();
    session.greeting = { user: BO };
    carrier.deliver(refusal(carrier.sentOf("auth")[0], "forbidden"));
    await clock.advance(1_000);
    if (sockets.count > before) await world.goLive({ user: BO });
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "user_changed" } });
  });
});

describe("another user behind getToken", () => {
  it("[C110] is nobody too, but who signs in is no other one", async () => {
    const out = await roomForTest();
    await comeBackAs(out, null);
    expect(out.room.state).toMatchObject({ error: { code: "user_changed" } });
    const signsIn = await roomForTest({}, {}, { user: null });
    await comeBackAs(signsIn, BO);
    expect(signsIn.room).toMatchObject({ user: BO, state: { status: "connected" } });
  });

  it("[C111] has another inbox", async () => {
    const { client, sockets, clock, room } = await roomForTest({ onUserChange: "startOver" });
    const inbox = inboxOf(client);
    inbox.on("notification", () => {});
    await clock.advance(0);
    const greet = (more: Frame, ...frames: Frame[]) =>
      sockets.last.deliver(sessionConnected(more), ...frames, caughtUp(1));
    greet({ head: 1, unread: 1 }, notification(1));
    expect([inbox.notifications.length, inbox.unread]).toEqual([1, 1]);
    sockets.last.end(1006);
    await clock.advance(2_000);
    greet({ user: BO, head: 1, unread: 1 }, notification(1));
    expect([inbox.notifications.length, inbox.unread]).toEqual([0, 0]);
    await clock.advance(2_000);
    expect([inbox.state.status, room.state.status]).toEqual(["connecting", "connecting"]);
  });

  it("[C131] leaves on the sockets of the former user before the app hears of it, and only there", async () => {
    const { client, sockets, clock, room } = await roomForTest({ onUserChange: "startOver" });
    const other = client.room("other");
    await clock.advance(0);
    const [first, second] = sockets.all;
    second?.deliver(connected({ room: "other" }), caughtUp(0));
    await clock.advance(0);
    room.on("error", () => {
      void client.setPresence({ status: "busy" });
      void other.send("of Bo");
      other.signal("wave");
    });
    first?.end(1006);
    await clock.advance(2_000);
    const greeted = sockets.last;
    greeted.deliver(connected({ user: BO }));
    await clock.advance(0);
    expect(second?.commands).toEqual([]);
    // What is lost stays for a moment; who changes in the same room is not seen to leave and join.
    expect([second?.closedWith, greeted.closedWith]).toEqual([1000, 4000]);
    const said: Record<string, unknown[]> = {};
    for (const socket of sockets.all.slice(3)) {
      const room = socket.url.pathname.split("/")[3] ?? "";
      socket.deliver(connected({ room, user: BO }), caughtUp(0));
      await clock.advance(0);
      said[room] = socket.commands.map(({ type }) => type);
    }
    expect(said).toEqual({ lobby: ["presence"], other: ["presence", "send"] });
  });

  it("[C131] sees nobody in a room that the new user may not read", async () => {
    const members = [member("usr_1"), member("usr_2")];
    const occupancy = { members: 2, connections: 2 };
    const world = await roomForTest({ onUserChange: "startOver" }, {}, { members, occupancy });
    expect(world.room.members.length).toBe(2);
    await comeBackAs(world, BO);
    world.socket().end(4403, "forbidden");
    await world.clock.advance(0);
    expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "forbidden" } });
    expect([world.room.members, world.room.occupancy]).toEqual([[], { members: 0, connections: 0 }]);
  });

  it("[C131] is not held back by what the server asked of the former one", async () => {
    const world = await roomForTest({ onUserChange: "startOver" });
    const { room, socket, clock } = world;
    void room.send("of Ada");
    await clock.advance(0);
    const day = { retryAfterMs: 80_000_000 };
    socket().deliver(refusal(socket().sentOf("send")[0], "rate_limited", day));
    await comeBackAs(world, BO);
    await clock.advance(2_000);
    await world.goLive({ user: BO });
    room.startTyping();
    void room.send("of Bo");
    await clock.advance(2_000);
    expect(socket().sentOf("send")).toMatchObject([{ data: "of Bo" }]);
  });

  it("[C131] does not stop typing where the former one began", async () => {
    const world = await roomForTest({ onUserChange: "startOver" });
    world.room.startTyping();
    await comeBackAs(world, BO);
    await world.goLive({ user: BO });
    world.room.stopTyping();
    await world.clock.advance(0);
    expect(world.socket().sentOf("signal")).toEqual([]);
  });
});

describe.each(["end", "startOver"] as const)("users that change at any moment, with %s", (onUserChange) => {
  it("[C110][C111][C131] never speak as each other, on any connection", async () => {
    let changes = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const simulation = new UserSimulation(seed, onUserChange);
      await simulation.run();
      changes += simulation.changes;
      expect([seed, simulation.faults, simulation.left]).toEqual([seed, [], 0]);
    }
    expect(changes).toBeGreaterThan(SEEDS / 2);
  });
});
