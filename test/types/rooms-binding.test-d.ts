// What another Worker calls over a service binding. The compiler runs these tests: `npm run test:types`.

import { describe, expectTypeOf, it } from "vitest";
import type {
  MessagesResult,
  RoomsBinding,
  ServerApi,
  ServerRoom,
  ServerUser,
} from "../../client/server/index.ts";
import { type BoardEvents, plainServer, server, type Task, task } from "./board-events.ts";

declare const rooms: RoomsBinding<BoardEvents>;
declare const plain: RoomsBinding;

describe("the binding", () => {
  it("[Z258] has each method of the server SDK, with its arguments and its answer", () => {
    expectTypeOf(rooms.notify).toEqualTypeOf(server.notify);
    expectTypeOf(rooms.room("x").publish).toEqualTypeOf(server.room("x").publish);
    expectTypeOf(rooms.user("x").signal).toEqualTypeOf(server.user("x").signal);
    expectTypeOf<keyof RoomsBinding>().toEqualTypeOf<keyof ServerApi>();
    expectTypeOf<keyof ReturnType<RoomsBinding["room"]> | "pages">().toEqualTypeOf<keyof ServerRoom>();
    expectTypeOf<keyof ReturnType<RoomsBinding["user"]>>().toEqualTypeOf<keyof ServerUser>();
  });

  it("[Z258] can be the server SDK, as in a test", () => {
    expectTypeOf(server).toExtend<RoomsBinding<BoardEvents>>();
    expectTypeOf(plainServer).toExtend<RoomsBinding>();
  });

  it("[Z258] knows the events of the application", () => {
    rooms.room("x").publish({ event: "task.created", data: task });
    // @ts-expect-error: the data of another event
    rooms.room("x").publish({ event: "tasks", data: task });
    rooms.room("x").stream("text", { event: "task.created", data: { id: 1 } });
    // @ts-expect-error: no event of the map
    rooms.broadcast({ rooms: ["x"], event: "task.deleted", data: task });
    plain.room("x").publish({ event: "anything", data: task });
    expectTypeOf(rooms.room("x").messages()).resolves.toEqualTypeOf<MessagesResult<BoardEvents>>();
    expectTypeOf<Task>().toEqualTypeOf(task);
  });

  it("[Z258] takes as an answer only what a binding passes", () => {
    async function* texts() {
      yield "text";
    }
    rooms.room("x").stream(["te", "xt"]);
    rooms.room("x").stream(new ReadableStream<string>());
    rooms.room("x").stream(new ReadableStream<Uint8Array>(), { replyTo: 1 });
    rooms.room("x").import([{ type: "end" }]);
    // @ts-expect-error: an iterable
    rooms.room("x").stream(texts());
    // @ts-expect-error: a function
    rooms.room("x").stream(() => "text");
    // @ts-expect-error: lines, as objects
    rooms.room("x").stream(new ReadableStream<{ text: string }>());
    // @ts-expect-error: a signal
    rooms.room("x").stream("text", { signal: new AbortController().signal });
  });
});
