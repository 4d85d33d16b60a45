// What another Worker of the account calls over a service binding: types alone.

import type { ImportResult } from "../../src/protocol/index.ts";
import type { DefaultEvent, EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import type { AnswerPiece, ReadableOf } from "./answer-source.ts";
import type { ImportOptions } from "./import-lines.ts";
import type { ServerApi } from "./server-api.ts";
import type { ServerRoom } from "./server-room.ts";
import type { ServerUser } from "./server-user.ts";
import type { AnswerOptions, EndedAnswer } from "./stream-answer.ts";

/**
 * The deployment as another Worker of the same account calls it, over a service binding to its entrypoint `Rooms`: the
 * methods, arguments and answers of {@link ServerApi}, without a network, an address or an API key. A {@link ServerApi}
 * fits this type too, such as the `server` of `edge-rooms/testing` in the tests of that Worker.
 *
 * Do not await `room(…)` and `user(…)`: the call of a method of what they return is then one trip with theirs. What is
 * passed is copied as `structuredClone` does: plain data pass, an object of a class rejects with a `DataCloneError`, and
 * so does `signal` in the options; `timeoutMs` passes.
 *
 * What rejects is an `Error` with the `name` `RoomsError`, `code`, `message`, `retryAfterMs` and `path`, no instance of
 * {@link RoomsError}. A Worker whose `compatibility_date` is before 2026-04-21 gets the message alone, unless it has
 * the flag `enhanced_error_serialization`.
 *
 * @example
 * // wrangler.toml: [[services]] binding = "ROOMS", service = "edge-rooms", entrypoint = "Rooms"
 * async function announce(env: { readonly ROOMS: RoomsBinding }) {
 *   const { seq } = await env.ROOMS.room("project_123").publish({ event: "task.created", data: { id: 7 } });
 *   await env.ROOMS.notify({ user: "usr_1", title: "New task", message: `Number ${seq}` });
 * }
 */
export interface RoomsBinding<Events extends EventMap = RegisteredEvents>
  extends Omit<ServerApi<Events>, "room" | "user"> {
  /** As {@link ServerApi.room}. Do not await it. */
  room(name: string): RoomOfBinding<Events>;
  /** As {@link ServerApi.user}. Do not await it. */
  user(id: string): UserOfBinding<Events>;
}

/**
 * {@link ServerRoom} over a service binding. There is no `pages`: ask `messages` for one page after the other.
 *
 * @example
 * async function printAll(room: RoomOfBinding) {
 *   let page = await room.messages({ limit: 200 });
 *   for (; page.more; page = await room.messages({ limit: 200, before: page.seq })) console.log(page.messages);
 *   console.log(page.messages);
 * }
 */
export interface RoomOfBinding<Events extends EventMap = RegisteredEvents>
  extends Omit<ServerRoom<Events>, "pages" | "stream" | "export" | "import"> {
  /**
   * As {@link ServerRoom.stream}. The source is a text, a list of pieces, or a stream of text or of UTF-8 bytes. Of an
   * iterable, which no binding passes, {@link textStream} makes a stream. Where a member asks to stop, it is cancelled.
   *
   * @example
   * async function answer(env: { readonly ROOMS: RoomsBinding }) {
   *   const { body } = await fetch("https://models.example.com/answer", { method: "POST", body: "Why?" });
   *   if (body) await env.ROOMS.room("project_123").stream(body, { from: { id: "bot" } });
   * }
   */
  stream<Name extends EventName<Events> = DefaultEvent<Events>>(
    source: string | readonly AnswerPiece[] | ReadableOf<string> | ReadableOf<Uint8Array>,
    options?: Omit<AnswerOptions<Events, Name>, "signal">,
  ): Promise<EndedAnswer>;
  /**
   * As {@link ServerRoom.export}. Do not await it.
   *
   * @example
   * async function backUp(env: { readonly ROOMS: RoomsBinding }) {
   *   return new Response(await env.ROOMS.room("project_123").export().bytes());
   * }
   */
  export(): ExportOfBinding;
  /**
   * As {@link ServerRoom.import}. The source is a text, a list of lines, or a stream of text or of UTF-8 bytes.
   *
   * @example
   * async function move(env: { readonly ROOMS: RoomsBinding; readonly OLD: RoomsBinding }) {
   *   const lines = await env.OLD.room("project_123").export().bytes();
   *   await env.ROOMS.room("project_123").import(lines, { epoch: "keep" });
   * }
   */
  import(
    source: string | readonly object[] | ReadableOf<string> | ReadableOf<Uint8Array>,
    options?: Omit<ImportOptions, "signal">,
  ): Promise<ImportResult>;
}

/** {@link ServerUser} over a service binding. */
export interface UserOfBinding<Events extends EventMap = RegisteredEvents>
  extends Omit<ServerUser<Events>, "export"> {
  /** As {@link ServerUser.export}. Do not await it. */
  export(): ExportOfBinding;
}

/** {@link ExportedLines} over a service binding, which passes them as bytes. */
export interface ExportOfBinding {
  /** As {@link ExportedLines.bytes}. What refuses the export rejects here; what breaks it off later breaks the stream. */
  bytes(): ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;
}
