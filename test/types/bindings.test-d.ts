// The bindings have the event map of the room that they are given. The compiler runs these tests: `npm run test:types`.

import { QueryClient } from "@tanstack/query-core";
import { describe, expectTypeOf, it } from "vitest";
import { type App, computed, createApp, shallowRef } from "vue";
import { type OutboxItem, peekShared, type RoomHandle, type RoomMessage } from "../../client/index.ts";
import * as react from "../../client/react/index.ts";
import * as svelte from "../../client/svelte/index.ts";
import { invalidateOn } from "../../client/tanstack-query/index.ts";
import * as vue from "../../client/vue/index.ts";
import { type BoardEvents, client, plainRoom, room, type Task, task } from "./board-events.ts";

type Messages = readonly RoomMessage<BoardEvents>[];
type Items = readonly OutboxItem<BoardEvents>[];

describe("React", () => {
  it("[C121] hooks show the messages of the map", () => {
    expectTypeOf(react.useMessages(room).messages).toEqualTypeOf<Messages>();
    expectTypeOf(react.useSnapshot(room, ({ messages }) => messages)).toEqualTypeOf<Messages>();
    expectTypeOf(react.useSend(room).failed).toEqualTypeOf<Items>();
    expectTypeOf(react.useMembers(room).occupancy.members).toEqualTypeOf<number>();
    expectTypeOf(react.useUnread(room)).toEqualTypeOf<number>();
    expectTypeOf(react.useTyping(room).typing.length).toEqualTypeOf<number>();
    expectTypeOf(react.useConnection(room).status).toEqualTypeOf(room.state.status);
  });

  it("[C120] the `send` of a hook is that of the room", () => {
    expectTypeOf(react.useSend(room).send).toEqualTypeOf(room.send);
    react.useSend(room).send(task, { event: "task.created" });
    // @ts-expect-error: the data of another event
    react.useSend(room).send(task, { event: "tasks" });
  });

  it("[C122] a hook hears the events of its topic", () => {
    react.useRoomEvent(room, "task.created", ({ data }) => expectTypeOf(data).toEqualTypeOf<Task | null>());
    react.useRoomEvent(plainRoom, "other", ({ data }) => expectTypeOf(data).toBeUnknown(), { own: false });
    // @ts-expect-error: no event of the map
    react.useRoomEvent(room, "comment", () => {});
  });

  it("[C123] a type argument names the map where none is registered", () => {
    react.EdgeRooms({ client });
    expectTypeOf(react.useClient<BoardEvents>()).toEqualTypeOf(client);
    expectTypeOf(react.useRoom<BoardEvents>("board", { peek: peekShared })).toEqualTypeOf(room);
    expectTypeOf(react.useRoom("board")).toEqualTypeOf<RoomHandle>();
    expectTypeOf(react.useMessages(react.useRoom("board")).messages).toEqualTypeOf<readonly RoomMessage[]>();
    expectTypeOf(react.useMessages(react.useRoom<BoardEvents>("board")).messages).toEqualTypeOf<Messages>();
  });
});

describe("Vue", () => {
  const rooms = [room, shallowRef(room), computed(() => room), () => room] as const;

  it("[C121] composables show the messages of the map, however they get the room", () => {
    for (const given of rooms) {
      expectTypeOf(vue.useMessages(given).messages.value).toEqualTypeOf<Messages>();
      expectTypeOf(vue.useSend(given).failed.value).toEqualTypeOf<Items>();
    }
    expectTypeOf(vue.useMessages(room).messages.value).toEqualTypeOf<Messages>();
    expectTypeOf(vue.useMessages(computed(() => room)).messages.value).toEqualTypeOf<Messages>();
    expectTypeOf(
      vue.useSnapshot(
        () => room,
        ({ messages }) => messages,
      ).value,
    ).toEqualTypeOf<Messages>();
    expectTypeOf(vue.useUnread(computed(() => room)).value).toEqualTypeOf<number>();
    expectTypeOf(vue.useMembers(room).members.value.length).toEqualTypeOf<number>();
    expectTypeOf(vue.useConnection().value.status).toEqualTypeOf(room.state.status);
  });

  it("[C120] the `send` of a composable is that of the room", () => {
    expectTypeOf(vue.useSend(() => room).send).toEqualTypeOf(room.send);
  });

  it("[C122] a composable hears the events of its topic", () => {
    const computedRoom = computed(() => room);
    vue.useRoomEvent(computedRoom, "tasks", ({ data }) => expectTypeOf(data).toEqualTypeOf<string | null>());
    vue.useRoomEvent(room, "tasks", ({ data }) => expectTypeOf(data).toEqualTypeOf<string | null>());
    // @ts-expect-error: no event of the map
    vue.useRoomEvent(computedRoom, "comment", () => {});
  });

  it("[C123] a type argument names the map where none is registered", () => {
    expectTypeOf(createApp({}).use(vue.edgeRooms, client)).toEqualTypeOf<App<Element>>();
    vue.provideRooms(client);
    expectTypeOf(vue.useRoom<BoardEvents>("board").value).toEqualTypeOf(room);
    expectTypeOf(vue.useMessages(vue.useRoom<BoardEvents>("board")).messages.value).toEqualTypeOf<Messages>();
    expectTypeOf(vue.useMessages(vue.useRoom("board")).messages.value).toEqualTypeOf<
      readonly RoomMessage[]
    >();
  });
});

describe("Svelte", () => {
  it("[C121] functions show the messages of the map, however they get the room", () => {
    expectTypeOf(svelte.useMessages(room).messages).toEqualTypeOf<Messages>();
    expectTypeOf(svelte.useMessages({ current: room }).messages).toEqualTypeOf<Messages>();
    expectTypeOf(svelte.useMessages(() => room).messages).toEqualTypeOf<Messages>();
    expectTypeOf(svelte.useSend(() => room).failed).toEqualTypeOf<Items>();
    expectTypeOf(svelte.useSnapshot(room, ({ messages }) => messages).current).toEqualTypeOf<Messages>();
    expectTypeOf(svelte.useUnread({ current: room }).current).toEqualTypeOf<number>();
  });

  it("[C120] the `send` of a function is that of the room", () => {
    expectTypeOf(svelte.useSend({ current: room }).send).toEqualTypeOf(room.send);
  });

  it("[C122] a function hears the events of its topic", () => {
    svelte.useRoomEvent(
      () => room,
      "tasks",
      ({ data }) => expectTypeOf(data).toEqualTypeOf<string | null>(),
    );
    // @ts-expect-error: no event of the map
    svelte.useRoomEvent(room, "comment", () => {});
  });

  it("[C123] a type argument names the map where none is registered", () => {
    expectTypeOf(svelte.provideRooms(client)).toEqualTypeOf(client);
    expectTypeOf(svelte.useRoom<BoardEvents>("board").current).toEqualTypeOf(room);
    expectTypeOf(svelte.useMessages(svelte.useRoom<BoardEvents>("board")).messages).toEqualTypeOf<Messages>();
  });
});

describe("TanStack Query", () => {
  const queryClient = new QueryClient();

  it("[C122] `invalidateOn` takes topics, and gives a function the events of its own", () => {
    invalidateOn(room, { task: ["tasks"] }, queryClient);
    invalidateOn(
      room,
      {
        task: (event) => {
          expectTypeOf(event.event).toEqualTypeOf<"task.created" | "task.moved" | "task:archived">();
        },
        "task.created": ({ data }, { removeQueries }) => {
          expectTypeOf(data).toEqualTypeOf<Task | null>();
          expectTypeOf(removeQueries).toBeFunction();
          return ["task", data?.id];
        },
        "*": ["all"],
      },
      queryClient,
      { own: true },
    );
    invalidateOn(
      plainRoom,
      { other: ({ data }) => ["other", data], chat: ({ data }) => [data?.text] },
      queryClient,
    );
    // @ts-expect-error: no event of the map
    invalidateOn(room, { comment: ["comments"] }, queryClient);
    // @ts-expect-error: no event of the map, beside one that is
    invalidateOn(room, { task: ["tasks"], comment: () => ["comments"] }, queryClient);
  });
});
