// What an event map lets through and what it refuses. The compiler runs these tests: `npm run test:types`.

import { describe, expectTypeOf, it } from "vitest";
import {
  type Answer,
  type AnyClient,
  type AnyRoom,
  type ChatData,
  type Client,
  callApi,
  createClient,
  inboxOf,
  type Message,
  type RoomHandle,
  roomApi,
  type ScheduledMessage,
  scheduleApi,
  sharedRoom,
  userApi,
} from "../../client/index.ts";
import { createPush } from "../../client/push/push.ts";
import { createServerApi, readWebhook, type ServerApi } from "../../client/server/index.ts";
import {
  type BoardEvents,
  client,
  plainRoom,
  plainServer,
  room,
  server,
  type Task,
  task,
} from "./board-events.ts";

describe("what is sent", () => {
  it("[C120] a message has the data of its event, and is `chat` without one", () => {
    room.send({ text: "Hello" });
    room.send({ text: "Hello" }, { mentions: ["usr_2"] });
    room.send(task, { event: "task.created", echo: false });
    room.send([1, 2], { event: "task:archived" });
    room.send(null, { event: "ping" });
    // @ts-expect-error: the data of another event
    room.send(task, { event: "tasks" });
    // @ts-expect-error: a field is missing
    room.send({ id: 1 }, { event: "task.created" });
    // @ts-expect-error: a field has another type
    room.send({ id: "1", title: "Ship it" }, { event: "task.created" });
    // @ts-expect-error: a field that the event does not have
    room.send({ id: 1, title: "Ship it", owner: "usr_1" }, { event: "task.created" });
    // @ts-expect-error: without `event` it is a chat message
    room.send(task);
    // @ts-expect-error: no event of the map
    room.send(task, { event: "task.deleted" });
    // @ts-expect-error: a topic is no event
    room.send(task, { event: "task" });
  });

  it("[Z284] what is sent later has the data of its event, from a page and from a server", async () => {
    const later = scheduleApi(client, "board");
    later.schedule({ text: "Hello" }, { sendAt: 1, expiresInSeconds: 60 });
    later.schedule(task, { event: "task.created", sendAt: new Date() });
    server.room("board").schedule({ event: "task.created", data: task, sendAt: 1 });
    // @ts-expect-error: the data of another event
    later.schedule(task, { event: "tasks", sendAt: 1 });
    // @ts-expect-error: when it is sent is missing
    later.schedule({ text: "Hello" }, {});
    // @ts-expect-error: the data of another event
    server.room("board").schedule({ event: "tasks", data: task, sendAt: 1 });
    // @ts-expect-error: nobody hears an echo of it
    later.schedule({ text: "Hello" }, { sendAt: 1, echo: false });
    const [waiting] = await later.scheduled();
    expectTypeOf(waiting).toEqualTypeOf<ScheduledMessage<BoardEvents> | undefined>();
    if (waiting?.event === "task.created") expectTypeOf(waiting.data).toEqualTypeOf<Task>();
  });

  it("[Z294] a webhook has messages of the event map", async () => {
    const webhook = await readWebhook<BoardEvents>({ headers: {} }, "secret");
    if (!webhook.ok) return;
    for (const event of webhook.events) {
      if (
        event.type === "message.stored" &&
        event.message.event === "task.created" &&
        event.message.deletedAt === undefined
      )
        expectTypeOf(event.message.data).toEqualTypeOf<Task>();
      if (event.type === "events.lost") expectTypeOf(event.count).toEqualTypeOf<number>();
    }
  });

  it("[Z280] a message says when it expires and how it was marked, one that waits does not", () => {
    const [message] = room.messages;
    if (message === undefined) return;
    expectTypeOf(message.expiresAt).toEqualTypeOf<number | undefined>();
    expectTypeOf(message.flag).toEqualTypeOf<string | undefined>();
    if (message.pending) expectTypeOf(message.expiresInSeconds).toEqualTypeOf<number | undefined>();
  });

  it("[C120] an answer begins with some of the data of its event, patches fields of it, and ends with all", async () => {
    room.stream();
    room.stream({ text: "" }, { replyTo: 3 });
    const answer = await room.stream({ id: 1 }, { event: "task.created", field: "title" });
    expectTypeOf(answer).toEqualTypeOf<Answer<Task>>();
    answer.patch({ id: 2, title: null });
    answer.finish("complete", task);
    // @ts-expect-error: a field has another type
    room.stream({ id: "1" }, { event: "task.created" });
    // @ts-expect-error: only an object has a text that grows
    room.stream([1, 2], { event: "tasks" });
    // @ts-expect-error: no field of the event
    answer.patch({ owner: "usr_1" });
    // @ts-expect-error: a field is missing
    answer.finish("complete", { id: 1 });
    // @ts-expect-error: not a way to end
    answer.finish("interrupted");
    plainRoom.stream({ anything: 1 }, { event: "note" });
    expectTypeOf(await room.takeOver(3)).toExtend<{ readonly text: string }>();
  });

  it("[C120] a map without `chat` sends nothing without an event", () => {
    const other = createClient<{ move: number }>({ url: "" }).room("lobby");
    other.send(1, { event: "move" });
    // @ts-expect-error: no event
    other.send(1);
    // @ts-expect-error: no event of the map
    other.send({ text: "Hello" });
  });

  it("[C120] an event that is known at run time only takes data that fit all it may be", () => {
    const send = (event: "task.created" | "task.moved") =>
      room.send({ id: 1, title: "Ship it", column: "todo" }, { event });
    expectTypeOf(send).returns.resolves.toHaveProperty("seq");
    // @ts-expect-error: any text may be no event of the map
    (event: string) => room.send(task, { event });
  });

  it("[C120] an edit has data of the map", () => {
    room.edit(1, { text: "Hello" });
    room.edit(1, task);
    // @ts-expect-error: of no event
    room.edit(1, true);
  });

  it("[C120] a signal has the data of its event, which may be left out where they may be null", () => {
    room.signal("ping");
    room.signal("ping", null, { to: "usr_2" });
    room.signal("task.created", task);
    room.signal("task.created", task, { to: "usr_2" });
    // @ts-expect-error: the data are missing
    room.signal("task.created");
    // @ts-expect-error: the data of another event
    room.signal("tasks", task);
    // @ts-expect-error: no event of the map
    room.signal("cursor", { x: 1 });
  });

  it("[C120] a server sends only what is in the map", () => {
    const project = server.room("project_123");
    project.publish({ data: { text: "Hello" } });
    project.publish({ event: "task.created", data: task, id: "task-7", from: { id: "usr_1" } });
    project.signal({ event: "ping", except: "usr_1" });
    project.edit(1, task);
    server.broadcast({ rooms: ["a", "b"], event: "tasks", data: "all", ephemeral: true });
    server.user("usr_1").signal({ event: "task.created", data: task });
    // @ts-expect-error: without `event` it is a chat message
    project.publish({ data: task });
    // @ts-expect-error: the data of another event
    project.publish({ event: "tasks", data: task });
    // @ts-expect-error: no event of the map
    project.publish({ event: "task.deleted", data: task });
    // @ts-expect-error: a field that no message has
    project.publish({ event: "task.created", data: task, to: "usr_1" });
    // @ts-expect-error: the data are missing
    project.signal({ event: "task.created" });
    // @ts-expect-error: of no event
    project.edit(1, true);
    // @ts-expect-error: the data of another event
    server.broadcast({ rooms: ["a"], event: "tasks", data: task });
    // @ts-expect-error: the data of another event
    server.user("usr_1").signal({ event: "tasks", data: task });
  });
});

describe("what arrives", () => {
  it("[C121] `event` tells which data a message has, and a deleted one has null", () => {
    room.on("message", (message, { replay }) => {
      expectTypeOf(replay).toEqualTypeOf<boolean>();
      expectTypeOf(message).toEqualTypeOf<Message<BoardEvents>>();
      expectTypeOf(message.event).toEqualTypeOf<keyof BoardEvents>();
      if (message.event !== "task.created") return;
      expectTypeOf(message.data).toEqualTypeOf<Task | null>();
      if (message.deletedAt === undefined) expectTypeOf(message.data).toEqualTypeOf<Task>();
      else expectTypeOf(message.data).toEqualTypeOf<null>();
      if (message.data !== null) expectTypeOf(message.data.title).toEqualTypeOf<string>();
    });
    room.on("messageUpdated", ({ message, by }) => {
      expectTypeOf(message).toEqualTypeOf<Message<BoardEvents>>();
      expectTypeOf(by).toEqualTypeOf<string | null>();
    });
    room.on("lost", ({ floor }) => expectTypeOf(floor).toEqualTypeOf<number>());
  });

  it("[C121] a switch over all events is complete", () => {
    const nameOf = ({ event }: Message<BoardEvents>): string => {
      switch (event) {
        case "chat":
        case "ping":
        case "task.created":
        case "task.moved":
        case "task:archived":
        case "tasks":
          return event;
      }
    };
    expectTypeOf(nameOf).returns.toEqualTypeOf<string>();
  });

  it("[C121] a signal is one of the map, or `typing`, which clients send by themselves", () => {
    room.on("signal", (signal) => {
      if (signal.event === "task.moved") expectTypeOf(signal.data.column).toEqualTypeOf<string>();
      if (signal.event === "typing") expectTypeOf(signal.data.isTyping).toEqualTypeOf<boolean>();
    });
  });

  it("[C121] what a room shows is typed, also what is not stored yet", () => {
    const { messages, outbox } = room.getSnapshot();
    expectTypeOf(room.messages).toEqualTypeOf(messages);
    expectTypeOf(room.outbox).toEqualTypeOf(outbox);
    for (const message of messages) {
      if (message.event === "tasks" && message.data !== null)
        expectTypeOf(message.data).toEqualTypeOf<string>();
      // An own message that waits cannot be deleted.
      if (message.event === "tasks" && message.pending) expectTypeOf(message.data).toEqualTypeOf<string>();
      if (message.pending)
        expectTypeOf(message.status).toEqualTypeOf<"queued" | "kept" | "sent" | "failed">();
      else expectTypeOf(message.seq).toEqualTypeOf<number>();
    }
    for (const item of outbox) if (item.event === "tasks") expectTypeOf(item.data).toEqualTypeOf<string>();
  });

  it("[C121] pages over HTTP are typed, for users and for servers", async () => {
    const { messages } = await roomApi(client, "project_123").history();
    expectTypeOf(messages).toEqualTypeOf<readonly Message<BoardEvents>[]>();
    const page = await server.room("project_123").messages({ limit: 10 });
    expectTypeOf(page.messages).toEqualTypeOf<readonly Message<BoardEvents>[]>();
    for await (const { messages, seq } of server.room("project_123").pages()) {
      expectTypeOf(messages).toEqualTypeOf<readonly Message<BoardEvents>[]>();
      expectTypeOf(seq).toEqualTypeOf<number>();
    }
  });

  it("[C121] rooms of a client have its map, however they are opened", () => {
    expectTypeOf(client.room("lobby")).toEqualTypeOf<RoomHandle<BoardEvents>>();
    expectTypeOf(client.peek("lobby")).toEqualTypeOf<RoomHandle<BoardEvents>>();
    expectTypeOf(sharedRoom(client, "lobby")).toEqualTypeOf<RoomHandle<BoardEvents>>();
    expectTypeOf(createClient<BoardEvents>({ url: "" })).toEqualTypeOf<Client<BoardEvents>>();
    expectTypeOf(createServerApi<BoardEvents>({ url: "", apiKey: "" })).toEqualTypeOf<
      ServerApi<BoardEvents>
    >();
    // @ts-expect-error: a room of another map
    const other: RoomHandle<{ chat: ChatData }> = room;
    expectTypeOf(other).not.toBeAny();
  });

  it("[C121] what says nothing about events takes clients and rooms of any map", () => {
    expectTypeOf(client).toExtend<AnyClient>();
    expectTypeOf(room).toExtend<AnyRoom>();
    expectTypeOf(plainRoom).toExtend<AnyRoom>();
    createPush(client);
    userApi(client);
    callApi(client, "GET", "/v1/me/rooms");
    (any: AnyRoom) => expectTypeOf(any.messages[0]?.data).toBeUnknown();
  });
});

describe("topics", () => {
  it("[C122] a topic gives the events that it covers", () => {
    room.onEvent("task", (event, { replay }) => {
      expectTypeOf(replay).toEqualTypeOf<boolean>();
      expectTypeOf(event.event).toEqualTypeOf<"task.created" | "task.moved" | "task:archived">();
      expectTypeOf(event.type).toEqualTypeOf<"message" | "signal">();
      if (event.event === "task.moved") expectTypeOf(event.data?.column).toEqualTypeOf<string | undefined>();
    });
    room.onEvent("task.created", ({ data }) => expectTypeOf(data).toEqualTypeOf<Task | null>(), {
      own: false,
    });
    room.onEvent("task.created", (event) => {
      if (event.type === "signal") expectTypeOf(event.data).toEqualTypeOf<Task>();
    });
    room.onEvent("tasks", ({ data }) => expectTypeOf(data).toEqualTypeOf<string | null>());
    room.onEvent("*", ({ event }) => expectTypeOf(event).toEqualTypeOf<keyof BoardEvents | "typing">());
    room.onEvent("typing", (event) => {
      expectTypeOf(event.type).toEqualTypeOf<"signal">();
      expectTypeOf(event.data.isTyping).toEqualTypeOf<boolean>();
    });
  });

  it("[C122] a topic that covers nothing does not compile", () => {
    // @ts-expect-error: not a whole segment
    room.onEvent("tas", () => {});
    // @ts-expect-error: an event covers what is below it, not what is above
    room.onEvent("task.created.late", () => {});
    // @ts-expect-error: a topic ends with a segment
    room.onEvent("task.", () => {});
    // @ts-expect-error: `task` is what hears `task.created`
    room.onEvent("task.*", () => {});
    // @ts-expect-error: no event of the map
    room.onEvent("comment", () => {});
  });

  it("[C122] each of several segments is a topic", () => {
    const deep = createClient<{ "a.b:c.d": 1; "a:x": 2 }>({ url: "" }).room("lobby");
    deep.onEvent("a", ({ data }) => expectTypeOf(data).toEqualTypeOf<1 | 2 | null>());
    deep.onEvent("a.b", ({ data }) => expectTypeOf(data).toEqualTypeOf<1 | null>());
    deep.onEvent("a.b:c", ({ data }) => expectTypeOf(data).toEqualTypeOf<1 | null>());
    deep.onEvent("a.b:c.d", ({ data }) => expectTypeOf(data).toEqualTypeOf<1 | null>());
    // @ts-expect-error: the segments end with other marks
    deep.onEvent("a:b", () => {});
  });

  it("[C122] an inbox hears signals of the map", () => {
    const inbox = inboxOf(client);
    inbox.onEvent("task.created", ({ data }) => expectTypeOf(data).toEqualTypeOf<Task>());
    inbox.onEvent("task", ({ type }) => expectTypeOf(type).toEqualTypeOf<"signal">());
    inbox.on("signal", (signal) => {
      if (signal.event === "tasks") expectTypeOf(signal.data).toEqualTypeOf<string>();
    });
    // @ts-expect-error: no event of the map
    inbox.onEvent("credits", () => {});
  });
});

describe("without a map", () => {
  it("[C124] `chat` and `typing` have their data, every other event any", () => {
    plainRoom.send({ text: "Hello", metadata: { color: "red" } });
    plainRoom.send({ text: "Hello" }, { event: "chat" });
    plainRoom.send(7, { event: "task.created" });
    (event: string) => plainRoom.send(7, { event });
    plainRoom.signal("cursor", { x: 1 });
    plainRoom.signal("reload");
    plainRoom.edit(1, 7);
    plainServer.room("lobby").publish({ event: "task.created", data: 7 });
    plainServer.room("lobby").publish({ data: { text: "Hello" } });
    // @ts-expect-error: a field that the chat does not have
    plainRoom.send({ txt: "Hello" });
    // @ts-expect-error: a chat message is an object
    plainRoom.send("Hello");
    // @ts-expect-error: a field that the chat does not have
    plainServer.room("lobby").publish({ data: { txt: "Hello" } });
  });

  it("[C124] what arrives has unknown data, where it is not said to be chat", () => {
    plainRoom.on("message", ({ event, data }) => {
      expectTypeOf(event).toEqualTypeOf<string>();
      expectTypeOf(data).toBeUnknown();
    });
    plainRoom.onEvent("chat", ({ data }) => expectTypeOf(data).toEqualTypeOf<ChatData | null>());
    plainRoom.onEvent("task", ({ data }) => expectTypeOf(data).toBeUnknown());
    plainRoom.onEvent("*", ({ data }) => expectTypeOf(data).toBeUnknown());
    (topic: string) => plainRoom.onEvent(topic, ({ data }) => expectTypeOf(data).toBeUnknown());
    expectTypeOf(plainRoom.getSnapshot().messages[0]?.data).toBeUnknown();
    expectTypeOf(createClient({ url: "" }).room("lobby")).toEqualTypeOf(plainRoom);
  });

  it("[C124] a map may leave other names open", () => {
    interface OpenEvents {
      chat: { readonly text: string };
      [event: string]: unknown;
    }
    const open = createClient<OpenEvents>({ url: "" }).room("lobby");
    open.send({ text: "Hello" });
    open.send(7, { event: "anything" });
    open.onEvent("chat", ({ data }) => expectTypeOf(data?.text).toEqualTypeOf<string | undefined>());
    // @ts-expect-error: the text is missing
    open.send({});
    const any = createClient<Record<string, unknown>>({ url: "" }).room("lobby");
    any.send("Hello");
    any.on("message", ({ data }) => expectTypeOf(data).toBeUnknown());
  });
});
