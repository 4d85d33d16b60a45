import {
  APPEND_RESULT,
  type AppendResult,
  BANS_RESULT,
  type BansResult,
  CHANGE_RESULT,
  type ChangeResult,
  type ImportResult,
  MEMBERS_RESULT,
  MESSAGE_STORED,
  MESSAGES_RESULT,
  type OwnSettings,
  RECEIPTS_RESULT,
  type ReceiptEntry,
  ROOM_EXPORT_LINES,
  ROOM_INFO,
  type RoomInfo,
  SCHEDULE_RESULT,
  SCHEDULED,
  SCHEDULED_RESULT,
  type ScheduleResult,
  SETTINGS_RESULT,
  TAKEOVER_RESULT,
  type TakeoverResult,
} from "../../src/protocol/index.ts";
import type { MessagesResultOf, ScheduledOf } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type { DefaultEvent, EventData, EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import type { ScheduleChange } from "../http/schedule-api.ts";
import { query, scheduledPath, userPath } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import type { AnswerSource } from "./answer-source.ts";
import { ExportedLines, type PortableOptions } from "./exported-lines.ts";
import { type ImportOptions, type ImportSource, importLines } from "./import-lines.ts";
import { messagePath } from "./message-path.ts";
import { type CallBelow, callsBelow, type ServerCallOptions, type ServerContext } from "./server-call.ts";
import type {
  AppendToMessage,
  MessageEnding,
  MessagesOptions,
  MessageToPublish,
  MessageToSchedule,
  PublishedMessage,
  RoomMembers,
  ServerBansOptions,
  ServerKickOptions,
  SignalToRoom,
} from "./server-room-types.ts";
import { type AnswerOptions, type EndedAnswer, streamAnswer } from "./stream-answer.ts";

/** What server code may do in one room: see {@link ServerApi.room}. */
export class ServerRoom<Events extends EventMap = RegisteredEvents> {
  readonly #context: ServerContext;
  readonly #path: string;
  readonly #call: CallBelow;
  readonly #newId: () => string;

  constructor(context: ServerContext, name: string) {
    this.#context = context;
    this.#path = `/v1/rooms/${name}`;
    this.#call = callsBelow(context, this.#path);
    this.#newId = context.ports.newId;
  }

  /**
   * Stores a message, and sends it to everybody in the room. Resolves when it is stored. `event` is `chat` unless given.
   * `from` is in whose name it is said; without it the message is of server code.
   *
   * It is stored once: an `id` is made where none is given, and all tries carry the same. Give an `id` of your own, such
   * as that of the row in your database, where your own code may call twice for the same thing. Then the second call
   * resolves with the message of the first one and `duplicate`, for as long as the room keeps that message
   * (`HISTORY_LIMIT`). The id takes one more row of the room's storage.
   *
   * Rejects with `too_large` where `data` is larger than the deployment allows (32 KiB unless set).
   *
   * @example
   * const { seq } = await server.room("project_123").publish({ event: "task.created", data: { id: 7, title: "Ship it" }, id: "task-7" });
   */
  readonly publish = async <Name extends EventName<Events> = DefaultEvent<Events>>(
    message: MessageToPublish<Events, Name>,
    options?: ServerCallOptions,
  ): Promise<PublishedMessage> => {
    const { id = this.#newId() } = message;
    return checked(this.#call("POST", "/messages", { ...message, id }, options), MESSAGE_STORED);
  };

  /**
   * Writes an answer into the room while it comes, such as that of a language model: a message whose text grows before
   * the eyes of all. Resolves when it has ended, with `n` (how many appends it has) and `stream` (how it ended).
   *
   * `source` gives text: any `ReadableStream` or iterable of strings or of UTF-8 bytes, those of {@link modelText}, or
   * lines `{ text }` and `{ patch }`, which sets other fields of `data`. It is read no faster than the room takes it. Where
   * it ends the answer is `complete`; where it fails the answer is `failed`, with the text so far, and this rejects with its
   * error.
   *
   * A member may ask to stop: then the source is cancelled, and the answer is `cancelled` with the text so far. Pass a
   * function in place of the source to have a signal of that.
   *
   * It is one request, whatever it takes. After a lost connection and a crash of the room the same lines are sent again
   * under the same `id`, so the answer goes on exactly; all of them are kept meanwhile, at most 4 MiB. It is given up
   * after a minute without a connection that lasted; by then the room has ended the answer as `interrupted`.
   * Where the platform's `fetch` sends no streams, the text of each 250 ms takes a request.
   *
   * Rejects with `too_large` past 1 MiB of data as JSON, and where the deployment takes less than 24 KB a message
   * (`MAX_MESSAGE_BYTES`) and the source gives more at once; with `overloaded` where 16 answers are open in the room, and
   * with `not_found` where the message was deleted meanwhile.
   *
   * @example
   * const answer = await fetch("https://models.example.com/answer", { method: "POST", body: "Why is the sky blue?" });
   * if (answer.body) await server.room("project_123").stream(answer.body, { from: { id: "bot" } });
   *
   * @example
   * const question = { prompt: "Why is the sky blue?", stream: true };
   * await server.room("project_123").stream(
   *   async (stop) => modelText(await env.AI.run("@cf/meta/llama-3.1-8b-instruct", question, { signal: stop })),
   *   { data: { model: "llama" } },
   * );
   */
  readonly stream = <Name extends EventName<Events> = DefaultEvent<Events>>(
    source: AnswerSource | ((stop: AbortSignal) => AnswerSource | Promise<AnswerSource>),
    options: AnswerOptions<Events, Name> = {},
  ): Promise<EndedAnswer> => streamAnswer(this.#context, `${this.#path}/messages`, source, options);

  /**
   * Adds to a message that was published with `stream: true`: for a source of which {@link ServerRoom.stream} can make
   * nothing. `n` counts the appends of the message from 1, so a repeated call adds once; the last `n` again is a sign of
   * life, of which there has to be one each minute.
   *
   * Resolves with `n` and with `saved`: what comes after that a crash of the room takes, so keep it to send it again.
   * Rejects with `gap` where appends before this one are missing, `not_open` where it has ended, `taken_over` where there
   * is another producer, and `too_large`.
   *
   * @example
   * const project = server.room("project_123");
   * const { seq } = await project.publish({ data: { text: "" }, stream: true });
   * await project.append(seq, { n: 1, text: "Hello" });
   * await project.finish(seq, { status: "complete" });
   */
  readonly append = async (
    seq: number,
    append: AppendToMessage,
    options?: ServerCallOptions,
  ): Promise<AppendResult> =>
    checked(this.#call("POST", `${messagePath(seq)}/append`, append, options), APPEND_RESULT);

  /**
   * Ends a message that is open. `data` replaces what was gathered. Resolves with the `seq` of the change, 0 where it had
   * ended so before. Rejects with `not_open` where it has ended otherwise.
   *
   * @example
   * await server.room("project_123").finish(42, { status: "cancelled" });
   */
  readonly finish = async (
    seq: number,
    ending: MessageEnding,
    options?: ServerCallOptions,
  ): Promise<ChangeResult> =>
    checked(this.#call("POST", `${messagePath(seq)}/finish`, ending, options), CHANGE_RESULT);

  /**
   * Asks the producer of an open message to stop; it ends nothing by itself. Rejects with `not_open` where it has ended.
   *
   * @example
   * await server.room("project_123").stop(42);
   */
  readonly stop = async (seq: number, options?: ServerCallOptions): Promise<void> => {
    await this.#call("POST", `${messagePath(seq)}/stop`, undefined, options);
  };

  /**
   * Makes this code the producer of an open message. Resolves with `n`, the last append that is in it, and with
   * `producer`, which each `append` and `finish` has to say from now on: the producer before is refused with `taken_over`.
   *
   * It is tried again after a lost answer, and then takes over from itself.
   *
   * @example
   * const project = server.room("project_123");
   * const { n, producer } = await project.takeOver(42);
   * await project.append(42, { n: n + 1, producer, text: "… and so on." });
   */
  readonly takeOver = async (seq: number, options?: ServerCallOptions): Promise<TakeoverResult> =>
    checked(this.#call("POST", `${messagePath(seq)}/takeover`, undefined, options), TAKEOVER_RESULT);

  /**
   * Publishes a message later: the same fields as {@link ServerRoom.publish} but `stream`, and `sendAt`. Until then
   * server code alone sees it, also where it is said in the name of a user (`from`). Resolves with the `id` of the message
   * that it becomes.
   *
   * It is scheduled once: all tries carry the same `id`, as in `publish`. Rejects with `too_large` where 1,000 wait in the
   * room.
   *
   * @example
   * const { id } = await server.room("project_123").schedule({ data: { text: "Good morning" }, sendAt: new Date(2030, 0, 1, 9) });
   */
  readonly schedule = async <Name extends EventName<Events> = DefaultEvent<Events>>(
    { sendAt, id = this.#newId(), ...message }: MessageToSchedule<Events, Name>,
    options?: ServerCallOptions,
  ): Promise<ScheduleResult> => {
    const body = { ...message, id, sendAt: Number(sendAt) };
    return checked(this.#call("POST", "/scheduled", body, options), SCHEDULE_RESULT);
  };

  /**
   * All messages of the room that wait to be sent, the next one first. One that the room refused when it was due has an
   * `error`, and stays for a week.
   *
   * @example
   * for (const { id, from, sendAt } of await server.room("project_123").scheduled()) console.log(id, from?.id, new Date(sendAt));
   */
  readonly scheduled = async (options?: ServerCallOptions): Promise<readonly ScheduledOf<Events>[]> =>
    declared(
      (await checked(this.#call("GET", "/scheduled", undefined, options), SCHEDULED_RESULT)).scheduled,
    );

  /**
   * Changes what a scheduled message says, or when it is sent, and resolves with it. Rejects with `not_found` where it was sent
   * or taken back. It is tried again after a lost answer: then `not_found` may mean that it was changed, and sent since.
   *
   * @example
   * await server.room("project_123").reschedule("reminder-7", { sendAt: Date.now() + 60_000 });
   */
  readonly reschedule = async (
    id: string,
    { data, sendAt }: ScheduleChange<EventData<Events>>,
    options?: ServerCallOptions,
  ): Promise<ScheduledOf<Events>> => {
    const body = { data, sendAt: sendAt === undefined ? undefined : Number(sendAt) };
    return declared(await checked(this.#call("PATCH", scheduledPath(id), body, options), SCHEDULED));
  };

  /**
   * Takes a scheduled message back: it is never sent. Rejects with `not_found` where it was sent or taken back, which may have
   * been by an earlier try of the same call.
   *
   * @example
   * await server.room("project_123").unschedule("reminder-7");
   */
  readonly unschedule = async (id: string, options?: ServerCallOptions): Promise<void> => {
    await this.#call("DELETE", scheduledPath(id), undefined, options);
  };

  /**
   * Sends something that is not stored to those who are in the room now: to all, to one user (`to`), or to all but one
   * (`except`). Resolves when the room has it; whether somebody heard it is not known.
   *
   * It is sent at most once: after a lost answer it is not tried again.
   *
   * @example
   * await server.room("project_123").signal({ event: "build.progress", data: { percent: 40 } });
   */
  readonly signal = async <Name extends EventName<Events>>(
    signal: SignalToRoom<Events, Name>,
    options?: ServerCallOptions,
  ): Promise<void> => {
    await this.#call("POST", "/signals", signal, options, "ifNotDone");
  };

  /**
   * A page of messages, ascending: the newest, or those `before` a `seq`. With `more` the next older page is `before`
   * the `seq` of this one.
   *
   * @example
   * const { messages } = await server.room("project_123").messages({ limit: 200, topics: ["chat"] });
   */
  readonly messages = async ({
    before,
    limit,
    topics,
    ...options
  }: MessagesOptions = {}): Promise<MessagesResultOf<Events>> =>
    declared(
      await checked(
        this.#call("GET", `/messages${query({ before, limit, topics })}`, undefined, options),
        MESSAGES_RESULT,
      ),
    );

  /**
   * All pages of messages, from the newest to the oldest. The messages of each are ascending. `limit` is how many a page
   * has (default 200), `timeoutMs` bounds each page.
   *
   * @example
   * for await (const { messages } of server.room("project_123").pages({ topics: ["chat"] })) archive.push(...messages);
   */
  readonly pages = (options: MessagesOptions = {}): AsyncGenerator<MessagesResultOf<Events>, void> =>
    this.#pages(options);

  async *#pages({
    limit = 200,
    ...options
  }: MessagesOptions): AsyncGenerator<MessagesResultOf<Events>, void> {
    let { before } = options;
    for (;;) {
      const page = await this.messages({ ...options, limit, ...(before !== undefined && { before }) });
      yield page;
      // A page that is not older would have this go round for ever.
      if (!page.more || page.seq >= (before ?? Number.POSITIVE_INFINITY)) return;
      before = page.seq;
    }
  }

  /**
   * Replaces what a message says, also one of a user. Resolves with the `seq` of the change. Rejects with `not_found`
   * where there is no such message, or it was deleted.
   *
   * It is tried again after a lost answer: an edit that somebody makes within that time is replaced too.
   *
   * @example
   * await server.room("project_123").edit(42, { text: "Hello, all" });
   */
  readonly edit = async (
    seq: number,
    data: EventData<Events>,
    options?: ServerCallOptions,
  ): Promise<ChangeResult> =>
    checked(this.#call("PATCH", messagePath(seq), { data }, options), CHANGE_RESULT);

  /**
   * Erases for good what a message says. Resolves with the `seq` of the change, 0 where it was deleted before. Rejects
   * with `not_found` where there is no such message.
   *
   * @example
   * await server.room("project_123").delete(42);
   */
  readonly delete = async (seq: number, options?: ServerCallOptions): Promise<ChangeResult> =>
    checked(this.#call("DELETE", messagePath(seq), undefined, options), CHANGE_RESULT);

  /**
   * Who is in the room, and how many connections there are.
   *
   * @example
   * const { members, occupancy } = await server.room("project_123").members();
   */
  readonly members = async (options?: ServerCallOptions): Promise<RoomMembers> =>
    checked(this.#call("GET", "/members", undefined, options), MEMBERS_RESULT);

  /**
   * How far each user has read: the 1,000 who read last.
   *
   * @example
   * for (const { user, seq } of await server.room("project_123").receipts()) console.log(user, seq);
   */
  readonly receipts = async (options?: ServerCallOptions): Promise<readonly ReceiptEntry[]> =>
    (await checked(this.#call("GET", "/receipts", undefined, options), RECEIPTS_RESULT)).receipts;

  /**
   * The room: its settings, how far its log goes, how many are there.
   *
   * @example
   * const { head, settings, occupancy } = await server.room("project_123").info();
   */
  readonly info = async (options?: ServerCallOptions): Promise<RoomInfo> =>
    checked(this.#call("GET", "", undefined, options), ROOM_INFO);

  /**
   * Changes the settings that are given, and resolves with all of them.
   *
   * @example
   * await server.room("project_123").setSettings({ slowModeMs: 10_000, historyLimit: 1_000 });
   */
  readonly setSettings = async (
    settings: Partial<OwnSettings>,
    options?: ServerCallOptions,
  ): Promise<OwnSettings> =>
    (await checked(this.#call("PATCH", "", settings, options), SETTINGS_RESULT)).settings;

  /**
   * Closes all that a user has open in this room, and keeps them out for `banSeconds`.
   *
   * With a ban it is tried again after a lost answer: the ban may then end later, by the time that the call takes. With
   * `banSeconds: 0` it is not tried again, as the user may have come back meanwhile.
   *
   * @example
   * await server.room("project_123").kick("usr_2", { banSeconds: 600, reason: "spam", message: "No advertising here" });
   */
  readonly kick = async (
    user: string,
    { banSeconds, reason, message, ...options }: ServerKickOptions = {},
  ): Promise<void> => {
    const repeat = banSeconds === 0 ? "ifNotDone" : "always";
    await this.#call("POST", "/kick", { user, banSeconds, reason, message }, options, repeat);
  };

  /**
   * Ends the ban of a user; without effect where there is none.
   *
   * @example
   * await server.room("project_123").unban("usr_2");
   */
  readonly unban = async (user: string, options?: ServerCallOptions): Promise<void> => {
    await this.#call("DELETE", `/bans/${userPath(user)}`, undefined, options);
  };

  /**
   * Who is banned, the next ban to end first: at most 1,000, and with `more` the next page is `after` the last user.
   * That ban may have ended meanwhile: then `not_found`, so begin anew.
   *
   * @example
   * for (const { user, until } of (await server.room("project_123").bans()).bans) console.log(user, new Date(until));
   */
  readonly bans = async ({ after, ...options }: ServerBansOptions = {}): Promise<BansResult> =>
    checked(this.#call("GET", `/bans${query({ after })}`, undefined, options), BANS_RESULT);

  /**
   * Deletes all that was said here and how far users have read, and closes all connections. Settings and bans stay.
   *
   * It is not tried again after a lost answer: what was said meanwhile would be deleted too.
   *
   * @example
   * await server.room("project_123").purge();
   */
  readonly purge = async (options?: ServerCallOptions): Promise<void> => {
    await this.#call("DELETE", "", undefined, options, "ifNotDone");
  };

  /**
   * All that the room has, up to the message that is the last one now: its settings, messages, receipts, bans and scheduled
   * messages, by `type`, as {@link ServerRoom.import} takes them. Makes no request before it is read.
   *
   * @example
   * for await (const line of server.room("project_123").export()) if (line.type === "ban") console.log(line.user);
   */
  readonly export = (options: PortableOptions = {}): ExportedLines<typeof ROOM_EXPORT_LINES> =>
    new ExportedLines(this.#context, `${this.#path}/export`, ROOM_EXPORT_LINES, options);

  /**
   * Fills an empty room with an export of this or another deployment. Resolves with how many messages it has: `seq`s, edits
   * and reactions are as they were. Until the last line nobody can enter; one that breaks off leaves the room empty.
   *
   * It is not tried again: the source is read once. After `offline` and `timeout` it is not known whether the room is filled.
   * Rejects with what the source throws, with `bad_request` where a line does not fit, and where the room has a log already.
   *
   * @example
   * const old = createServerApi({ url: "https://old.example.com", apiKey: process.env.OLD_API_KEY });
   * await server.room("project_123").import(old.room("project_123").export());
   */
  readonly import = (source: ImportSource, options: ImportOptions = {}): Promise<ImportResult> =>
    importLines(this.#context, `${this.#path}/import`, source, options);
}
