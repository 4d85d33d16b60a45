import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callApi, inboxOf, roomApi, sharedRoom, userApi } from "../../../client/index.ts";
import { createServerApi } from "../../../client/server/index.ts";
import { createTestRooms, type TestRoomsOptions } from "../../../client/testing/index.ts";

async function roomsForTest(options?: TestRoomsOptions) {
  const rooms = await createTestRooms(options);
  onTestFinished(() => rooms.close());
  return rooms;
}

/** Two users in one room. */
async function adaAndBob(options?: TestRoomsOptions) {
  const rooms = await roomsForTest(options);
  const ada = rooms.client({ user: "ada", name: "Ada" }).room("lobby");
  const bob = rooms.client({ user: "bob", name: "Bob" }).room("lobby");
  await rooms.settle();
  return { rooms, ada, bob };
}

const texts = (room: { readonly messages: readonly { readonly data: unknown }[] }) =>
  room.messages.map(({ data }) => data);

describe("the server of the kit", () => {
  it("[V40] stores, orders and delivers, and knows who is here", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    expect(await ada.send({ text: "Hello" })).toMatchObject({ seq: 1 });
    await expect(bob.send({ text: "Hi" })).resolves.toMatchObject({ seq: 2 });
    await rooms.settle();
    expect(texts(ada)).toEqual([{ text: "Hello" }, { text: "Hi" }]);
    expect(bob.messages).toEqual(ada.messages);
    expect(bob.members.map(({ name }) => name).sort()).toEqual(["Ada", "Bob"]);
  });

  it("[L119] answers those who watch, by the clock of the test", async () => {
    const rooms = await roomsForTest({ settings: { ANONYMOUS_ROOMS: "public_*" } });
    const ada = rooms.client({ user: "ada" }).room("public_match");
    const ticker = rooms.client({ user: "eve" }).room("public_match", { watch: true });
    await rooms.settle();
    expect(ticker.state.status).toBe("connected");
    await ada.send("goal");
    await rooms.settle();
    expect(texts(ticker)).toEqual([]);
    await rooms.clock.advance(3_000);
    expect(texts(ticker)).toEqual(["goal"]);
    expect(ada.members).toHaveLength(1);
  });

  it("[V40] has the rules of a deployment, with its settings", async () => {
    const rooms = await roomsForTest({ settings: { MAX_MESSAGE_BYTES: 20, ANONYMOUS_ROOMS: "public_*" } });
    const room = rooms.client({ user: "ada" }).room("lobby");
    await expect(room.send("a text of more than twenty bytes")).rejects.toMatchObject({ code: "too_large" });
    const reader = rooms.client({ user: "eve", permission: "read" }).room("lobby");
    await expect(reader.send("?")).rejects.toMatchObject({ code: "forbidden" });
    const anonymous = rooms.client({ user: null }).room("public_1");
    const stranger = rooms.client({ user: null }).room("lobby");
    const elsewhere = rooms.client({ user: "eve", rooms: { annex: "write" } }).room("lobby");
    // A token is asked for at most once a second.
    await rooms.clock.advance(2_000);
    expect([anonymous, stranger, elsewhere].map(({ state }) => state)).toMatchObject([
      { status: "connected" },
      { status: "disconnected", error: { code: "unauthorized" } },
      { status: "disconnected", error: { code: "forbidden" } },
    ]);
  });

  it("[V40] says which setting is wrong", async () => {
    const making = createTestRooms({ settings: { HISTORY_LIMIT: "many" } });
    await expect(making).rejects.toThrow(/HISTORY_LIMIT/);
  });

  it("[V40] answers calls over HTTP, and carries rooms over the session", async () => {
    const rooms = await roomsForTest();
    const client = rooms.client({ user: "ada", permission: "moderate" });
    const room = sharedRoom(client, "lobby");
    await room.send("one");
    expect(await roomApi(client, "lobby").history()).toMatchObject({ messages: [{ data: "one" }] });
    expect(await userApi(client).setPreferences({ mutedTopics: ["build"] })).toMatchObject({
      mutedTopics: ["build"],
    });
    expect(room.state.status).toBe("connected");
  });

  it("[V49] is called by the back end: messages, notifications, mentions", async () => {
    const { rooms, ada } = await adaAndBob({ settings: { SERVER_EVENTS: "task" } });
    const inbox = inboxOf(rooms.client({ user: "carl" }));
    inbox.subscribe(() => {});
    await rooms.server.room("lobby").publish({ event: "task", data: { id: 7 } });
    await rooms.server.notify({ user: "carl", title: "Build completed", message: "" });
    await ada.send("@carl", { mentions: ["carl"] });
    await rooms.settle();
    expect(ada.messages.map(({ event }) => event)).toEqual(["task", "chat"]);
    expect(inbox.notifications.map(({ title }) => title).sort()).toEqual(["Ada", "Build completed"]);
  });
});

describe("a back end under test", () => {
  it("[V49] streams an answer, which ends with its source or when a member asks to stop", async () => {
    const { rooms, ada } = await adaAndBob();
    const words = new TransformStream<string, string>();
    const writer = words.writable.getWriter();
    const said = () => ada.messages.map(({ data, stream }) => [data, stream]);
    const answer = rooms.server.room("lobby").stream(words.readable, { from: { id: "bot" } });
    await rooms.settle();
    await writer.write("Hello");
    await rooms.settle();
    expect(said()).toEqual([[{ text: "Hello" }, "open"]]);
    await writer.write(", world");
    await writer.close();
    await rooms.clock.advance(1_000);
    expect(await answer).toMatchObject({ seq: 1, stream: "complete" });
    expect(said()).toEqual([[{ text: "Hello, world" }, "complete"]]);

    const stopped = rooms.server.room("lobby").stream(new ReadableStream<string>());
    await rooms.settle();
    await ada.stop(3);
    await rooms.settle();
    expect(await stopped).toMatchObject({ seq: 3, stream: "cancelled", stop: "ada" });
    await rooms.hibernate();
  });

  it("[V49] makes its own server API", async () => {
    const { rooms, ada } = await adaAndBob();
    const server = createServerApi(rooms.serverOptions);
    await server.room("lobby").publish({ event: "task", data: { id: 7 } });
    await server.room("lobby").stream(["The sky ", "is blue."]);
    await rooms.settle();
    expect(texts(ada)).toEqual([{ id: 7 }, { text: "The sky is blue." }]);
  });
});

describe("time", () => {
  it("[V41] needs no step for what needs no time", async () => {
    const rooms = await roomsForTest();
    const now = rooms.clock.now();
    const room = rooms.client({ user: "ada" }).room("lobby");
    for (let n = 1; n <= 20; n++) await room.send(n);
    expect(texts(room)).toHaveLength(20);
    expect(rooms.clock.now()).toBe(now);
  });

  it("[V41] settles only when nothing is left to happen", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    const clients = Array.from({ length: 10 }, (_, n) => rooms.client({ user: `usr_${n}` }).room("lobby"));
    const sent = clients.map((room) => room.send("here"));
    await rooms.settle();
    for (const room of [ada, bob, ...clients]) expect(texts(room)).toHaveLength(10);
    await Promise.all(sent);
  });

  it("[V42] passes only when the test lets it", async () => {
    const { rooms, ada, bob } = await adaAndBob({ now: 1_790_000_000_000 });
    ada.startTyping();
    await rooms.settle();
    expect(bob.typing.map(({ id }) => id)).toEqual(["ada"]);
    await rooms.clock.advance(10_000);
    expect(bob.typing).toEqual([]);
    expect(rooms.clock.now()).toBe(1_790_000_010_000);
    // Heartbeats, new tokens, the sweep of the rooms: a day of it.
    await rooms.clock.advance(24 * 3_600_000);
    await ada.send("the next day");
    await rooms.settle();
    expect(texts(bob)).toEqual(["the next day"]);
  });

  it("[V42] is that of the kit also with the fake timers of the test", async () => {
    vi.useFakeTimers({ toFake: [...FAKED] });
    onTestFinished(() => void vi.useRealTimers());
    const { rooms, ada, bob } = await adaAndBob();
    await ada.send("Hello");
    await rooms.dropConnections();
    await rooms.clock.advance(5_000);
    await bob.send("Hi");
    await rooms.settle();
    expect(texts(ada)).toEqual(["Hello", "Hi"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[V42] uses no timer of the platform", async () => {
    const timers = FAKED.filter((name) => name !== "Date").map((name) => vi.spyOn(globalThis, name));
    onTestFinished(() => {
      for (const timer of timers) timer.mockRestore();
    });
    const { rooms, ada } = await adaAndBob();
    await ada.send("Hello");
    await rooms.clock.advance(60_000);
    expect(timers.flatMap(({ mock }) => mock.calls)).toEqual([]);
  });
});

const FAKED = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Date"] as const;

describe("what may happen to a client", () => {
  it("[V43] a connection drops: the client comes back and misses nothing", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    await rooms.dropConnections({ user: "bob" });
    expect([ada.state.status, bob.state.status]).toEqual(["connected", "reconnecting"]);
    const sent = bob.send("from bob");
    await ada.send("from ada");
    await rooms.clock.advance(2_000);
    await sent;
    await rooms.settle();
    expect(bob.state.status).toBe("connected");
    expect(texts(bob)).toEqual(["from ada", "from bob"]);
    await rooms.dropConnections();
    expect([ada.state.status, bob.state.status]).toEqual(["reconnecting", "reconnecting"]);
  });

  it("[V44] rooms and users hibernate, and sockets stay open", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    const inbox = inboxOf(rooms.client({ user: "ada" }));
    inbox.subscribe(() => {});
    await ada.setPresence({ status: "busy" });
    const states = vi.fn();
    ada.on("state", states);
    for (let n = 1; n <= 3; n++) {
      await rooms.hibernate();
      await ada.send(n);
      await rooms.server.notify({ user: "ada", title: String(n), message: "" });
    }
    await rooms.settle();
    expect(texts(bob)).toEqual([1, 2, 3]);
    expect(inbox.unread).toBe(3);
    expect(bob.members.find(({ id }) => id === "ada")?.status).toBe("busy");
    expect(states).not.toHaveBeenCalled();
  });

  it("[V45] a token expires: getToken is asked again", async () => {
    const rooms = await roomsForTest();
    const getToken = vi.fn(
      async () => (await rooms.server.token({ user: "ada", rooms: { "*": "write" } })).token,
    );
    const room = rooms.client({ user: "ada", getToken }).room("lobby");
    await room.send("one");
    expect(getToken).toHaveBeenCalledTimes(1);
    await rooms.expireToken("ada");
    expect(room.state.status).toBe("connecting");
    await rooms.clock.advance(2_000);
    await room.send("two");
    expect(getToken).toHaveBeenCalledTimes(2);
    getToken.mockRejectedValue(new TypeError("signed out"));
    await rooms.expireToken("ada");
    await rooms.clock.advance(60_000);
    expect(room.state.status).toBe("reconnecting");
  });

  it("[V46] a user is kicked, and comes back when the ban is over", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    await rooms.kick("lobby", "bob", { banSeconds: 60 });
    expect(bob.state).toMatchObject({ status: "disconnected", error: { code: "banned" } });
    expect(ada.members.map(({ id }) => id)).toEqual(["ada"]);
    bob.reconnect();
    await rooms.settle();
    expect(bob.state).toMatchObject({ status: "disconnected", error: { code: "banned" } });
    await rooms.clock.advance(60_000);
    bob.reconnect();
    await rooms.settle();
    expect(bob.state.status).toBe("connected");
  });
});

describe("the network", () => {
  it("[V47] loses an answer, and the message is stored once", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    rooms.network.lose({ next: 1, direction: "toClient" });
    const sent = ada.send("once");
    await rooms.clock.advance(5_000);
    await sent;
    await rooms.settle();
    expect([texts(ada), texts(bob)]).toEqual([["once"], ["once"]]);
  });

  it("[V47] loses a request over HTTP", async () => {
    const { rooms, ada } = await adaAndBob();
    await ada.send("one");
    const client = rooms.client({ user: "ada" });
    rooms.network.lose({ next: 1, direction: "toServer" });
    await expect(roomApi(client, "lobby").history()).rejects.toMatchObject({ code: "offline" });
    expect(await roomApi(client, "lobby").history()).toMatchObject({ messages: [{ data: "one" }] });
  });

  it("[V47] breaks off calls that are under way, a long poll too", async () => {
    const { rooms, ada } = await adaAndBob();
    await ada.send("one");
    const poll = (since: string) =>
      callApi(rooms.client({ user: "carl" }), "GET", `/v1/rooms/lobby/events?wait=25&since=${since}`);
    const first = await poll("");
    const cursor = Object(first).cursor;
    const [heard, broken] = [poll(cursor), poll(cursor)];
    await rooms.clock.advance(1_000);
    await ada.send("two");
    expect(await heard).toMatchObject({ events: [{ data: "two" }] });
    await broken;
    const lost = expect(poll(Object(await heard).cursor)).rejects.toMatchObject({ code: "offline" });
    await rooms.settle();
    await rooms.dropConnections({ user: "carl" });
    await lost;
  });

  it("[V47] takes its time, and nothing overtakes", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    rooms.network.delay(200);
    const sent = ada.send("slow");
    await rooms.clock.advance(100);
    rooms.network.delay(0);
    const behind = ada.send("behind");
    await rooms.settle();
    expect(texts(bob)).toEqual([]);
    await rooms.clock.advance(400);
    await Promise.all([sent, behind]);
    expect(texts(bob)).toEqual(["slow", "behind"]);
  });

  it("[V47] a device is offline: what it sends waits", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    await rooms.network.goOffline("ada");
    expect(ada.state.status).toBe("reconnecting");
    const sent = ada.send("later");
    await rooms.clock.advance(3_600_000);
    expect([ada.state.status, texts(bob)]).toEqual(["reconnecting", []]);
    await rooms.network.goOnline("ada");
    await rooms.clock.advance(1_000);
    await sent;
    expect(texts(bob)).toEqual(["later"]);
  });
});

describe("two devices", () => {
  it("[V48] of one user are one member, and other users do not see who reads where", async () => {
    const { rooms, ada, bob } = await adaAndBob();
    const phone = rooms.client({ user: "ada", name: "Ada" }).room("lobby");
    await bob.send("Hello");
    await rooms.settle();
    expect(bob.members).toHaveLength(2);
    expect([ada.unread, phone.unread]).toEqual([1, 1]);
    await phone.markRead();
    await rooms.settle();
    expect([ada.unread, phone.unread]).toEqual([0, 0]);
  });
});
