import { CHAT_EVENT, type ChangeResult, type ReadResult, type Topics } from "../../src/protocol/index.ts";
import type { AppEvent } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type {
  DefaultEvent,
  EventData,
  EventMap,
  EventName,
  EventTopic,
  RegisteredEvents,
} from "../events/event-map.ts";
import { RoomsError } from "../util/errors.ts";
import { type EventMeta, ignoreRejection, type OnEventOptions } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import type { MessageChange } from "./messages/changes.ts";
import type { Stored } from "./messages/outbox.ts";
import type { SendOptions, StreamOptions } from "./messages/send-options.ts";
import type { RoomEngine } from "./room-engine.ts";
import type { Presence, RoomEvents, RoomSnapshot, UntypedRoomEvents, UntypedSnapshot } from "./room-types.ts";
import type { RoomAnswer } from "./streams/answer.ts";
import type { OpeningData } from "./streams/answers.ts";

/** To whom a signal goes. */
export interface SignalOptions {
  /** Only to the connections of this user. Default: to all others. */
  readonly to?: string;
}

/** The arguments after the name of a signal: its data may be left out where it may be `null`. */
export type SignalArguments<Data> = null extends Data
  ? [data?: Data, options?: SignalOptions]
  : [data: Data, options?: SignalOptions];

/** What a handle needs of the room. */
export interface HandlePort {
  readonly name: string;
  readonly engine: RoomEngine;
  /** Whether what this handle asks for is done. */
  readonly isOpen: boolean;
  /** Whether the listeners of this handle are called, now or when the room opens. */
  readonly mayListen: boolean;
  hold(): Cancel;
  leave(): void;
}

/**
 * A room, as an app sees it. Made by `client.room`, which holds the room open until `leave()`, and by `client.peek`, which
 * does not. Handles of one room share its connection and its snapshot. Methods may be called unbound, and the object is
 * frozen: frameworks that make objects reactive leave it as it is. `Events` says which data each event has: see
 * {@link EventMap}.
 *
 * After `leave()` the listeners of this handle are not called any more, `signal` and the typing methods do nothing, and
 * every method that returns a promise rejects with `closed`. The same holds for a peeked room that no handle holds.
 */
export class RoomHandle<Events extends EventMap = RegisteredEvents> {
  readonly name: string;
  readonly #port: HandlePort;
  readonly #cancels = new Set<Cancel>();

  constructor(port: HandlePort) {
    this.name = port.name;
    this.#port = port;
    Object.freeze(this);
  }

  get state(): RoomSnapshot["state"] {
    return this.getSnapshot().state;
  }

  get user(): RoomSnapshot["user"] {
    return this.getSnapshot().user;
  }

  get permission(): RoomSnapshot["permission"] {
    return this.getSnapshot().permission;
  }

  get head(): number {
    return this.getSnapshot().head;
  }

  get messages(): RoomSnapshot<Events>["messages"] {
    return this.getSnapshot().messages;
  }

  get members(): RoomSnapshot["members"] {
    return this.getSnapshot().members;
  }

  get occupancy(): RoomSnapshot["occupancy"] {
    return this.getSnapshot().occupancy;
  }

  get typing(): RoomSnapshot["typing"] {
    return this.getSnapshot().typing;
  }

  get unread(): number {
    return this.getSnapshot().unread;
  }

  get outbox(): RoomSnapshot<Events>["outbox"] {
    return this.getSnapshot().outbox;
  }

  /** Everything above as one frozen object: the same one for all handles of the room, until something in it changes. */
  readonly getSnapshot: () => RoomSnapshot<Events> = declared(() => this.#engine.store.get());

  /**
   * Calls `fn` after each change of the snapshot, until the function that it returns is called. Changes of one turn, such
   * as a whole replay, are one call.
   *
   * @example
   * const { subscribe, getSnapshot } = room; // as `useSyncExternalStore` of React takes them
   * const stop = subscribe(() => render(getSnapshot()));
   */
  readonly subscribe = (fn: () => void): Cancel => this.#listen(this.#engine.store.subscribe(fn));

  /**
   * Calls `fn` with each event of this type, until the function that it returns is called: a server event by its `type`,
   * or `state`, `lost`, `error`. The second argument says whether it is history: see {@link EventMeta}.
   *
   * @example
   * const stop = room.on("message", ({ from, data }, { replay }) => {
   *   if (!replay) console.log(from?.name, "says", data);
   * });
   */
  readonly on = <Type extends keyof RoomEvents<Events>>(
    type: Type,
    fn: (payload: RoomEvents<Events>[Type], meta: EventMeta) => void,
  ): Cancel => this.#listen(this.#engine.events.on(type, declared(fn)));

  /**
   * Calls `fn` with messages and signals by application event: `task` hears `task.created` too, `*` everything. With
   * `own: false` it leaves out what this user did, on any device. The second argument says whether it is history. `data`
   * is `null` where a message was deleted, which a replay may bring.
   *
   * @example
   * room.onEvent("task", () => board.reload(), { own: false });
   */
  readonly onEvent = <Topic extends EventTopic<Events>>(
    topic: Topic,
    fn: (event: AppEvent<Events, Topic>, meta: EventMeta) => void,
    options?: OnEventOptions,
  ): Cancel => this.#listen(this.#engine.appEvents.add(topic, declared(fn), options));

  /**
   * Sends a message and resolves when it is stored, with its `seq`. Its event is `chat` unless given, and with an event
   * map its data have the type of that event. Offline it waits in the outbox, and is stored once,
   * however often the connection is lost in between.
   *
   * Rejects with `bad_request` (not JSON), `too_large`, `forbidden`, the code of a close that ended the connection for
   * good, `dropped` (taken out of the outbox), `closed` (the room was left) or `outbox_full`. `rate_limited` and
   * `overloaded` are tried again by themselves. With `keepOffline` it outlives the page, also if the room is left.
   *
   * @example
   * const { seq } = await room.send({ text: "Hello" }, { mentions: ["usr_2"] });
   */
  readonly send = <Name extends EventName<Events> = DefaultEvent<Events>>(
    data: Events[Name],
    options: SendOptions<Name> = {},
  ): Promise<Stored> =>
    this.#do((engine) => {
      if ((options.event ?? CHAT_EVENT) === CHAT_EVENT) engine.typing.stop();
      return engine.outbox.add(data, options);
    });

  /**
   * Opens a message that is written while others read it, and resolves with its {@link Answer} when it is stored. `data` is
   * an object, `{}` unless given; its field `text`, or the one that `field` names, is the text that grows. Otherwise as
   * `send`: offline it waits in the outbox, but not beyond the page, and one that fails is not kept for `retry`. A room
   * has at most 16 open messages, 4 of one user: one more waits, and nothing else waits for it. Those in `mentions` are notified when it
   * ends. Rejects with `offline`, and opens nothing, where the code that writes answers cannot be loaded: call it again, or
   * reload the page.
   *
   * @example
   * const answer = await room.stream({ text: "" }, { replyTo: message.seq });
   * answer.append("Hello");
   * await answer.finish();
   */
  readonly stream = <Name extends EventName<Events> = DefaultEvent<Events>>(
    data?: OpeningData<Events[Name]>,
    options: StreamOptions<Name> = {},
  ): Promise<RoomAnswer<Events[Name]>> =>
    this.#do((engine) => engine.answers.open<Events[Name]>(data ?? {}, options));

  /**
   * Asks who writes an open message to stop: anybody with the permission `write` may. It ends nothing by itself: its
   * `Answer.stopSignal` aborts. Rejects with the server's refusal, such as `not_open`, and with `offline` without a
   * connection.
   *
   * @example
   * button.onclick = () => room.stop(message.seq);
   */
  readonly stop = (seq: number): Promise<void> => this.#do((engine) => engine.answers.stop(seq));

  /**
   * Goes on with an open message of this user in place of the producer that wrote it until now, on this device or another:
   * what that one still appends is refused with `taken_over`. `text` of the {@link Answer} has what is there. Rejects with the
   * server's refusal, such as `not_open` or `forbidden`, and with `offline` without a connection.
   *
   * @example
   * const answer = await room.takeOver(message.seq);
   * answer.append(`… and ${answer.text.length} characters later`);
   * await answer.finish();
   */
  readonly takeOver = (seq: number): Promise<RoomAnswer<EventData<Events>>> =>
    this.#do((engine) => engine.answers.takeOver<EventData<Events>>(seq));

  /**
   * Tries a message of `outbox` again that `failed`, as `send` would; after `stale_retry` as a new message under a new id.
   * Rejects as `send` does, and with `not_found` if nothing failed under this id.
   */
  readonly retry = (id: string): Promise<Stored> => this.#do((engine) => engine.outbox.retry(id));

  /** Removes a message from `outbox`: its `send` rejects with `dropped`. One that is `sent` may be stored all the same. */
  readonly discard = (id: string): void => {
    this.#engine.outbox.discard(id);
    this.#engine.changed();
  };

  /**
   * Replaces the `data` of an own message, or of any with the permission `moderate`; its event stays. It shows at once,
   * resolves when it is stored with the `seq` of the change, and is undone if it rejects: with the server's refusal, such
   * as `forbidden` or `not_found`; with `offline` without a connection, or if one was lost and it cannot be known what
   * became of the edit. With `keepOffline` it waits for a connection.
   *
   * @example
   * await room.edit(message.seq, { text: "Hello again" });
   */
  readonly edit = (seq: number, data: EventData<Events>): Promise<ChangeResult> =>
    this.#change({ type: "edit", seq, data });

  /**
   * Erases an own message, or any with the permission `moderate`; its place stays, with `deletedAt`. Otherwise as `edit`.
   */
  readonly delete = (seq: number): Promise<ChangeResult> => this.#change({ type: "delete", seq });

  /**
   * Adds a reaction of this user: one emoji, and each emoji counts once. Resolves with `seq` 0 if it was there already.
   * Otherwise as `edit`.
   *
   * @example
   * await room.react(message.seq, "👍");
   */
  readonly react = (seq: number, emoji: string): Promise<ChangeResult> =>
    this.#change({ type: "react", seq, emoji, op: "add" });

  /** Takes a reaction of this user back. Resolves with `seq` 0 if there was none. Otherwise as `edit`. */
  readonly unreact = (seq: number, emoji: string): Promise<ChangeResult> =>
    this.#change({ type: "react", seq, emoji, op: "remove" });

  /**
   * Says that this user has read up to `seq`; by default all that is known. It never moves back, and may be called with
   * every message and scroll: the server hears of it at most once a second. Resolves with how far this user has read on
   * all devices, and how many messages are left, counted to at most 1,000. Offline the position is kept and sent with the
   * next connection. Rejects as `send` does, and with `forbidden` for an anonymous reader.
   */
  readonly markRead = (seq?: number): Promise<ReadResult> =>
    this.#do((engine) => engine.reads.mark(seq ?? engine.head));

  /**
   * Sends the others an event that is not stored; with `to` only one user. `data` is `null` unless given. Forgotten
   * without a connection. Of several of one event to the same receivers that are sent at once, only the last goes. A refusal
   * is an `error` event of the room.
   *
   * @example
   * room.signal("cursor", { x: 10, y: 20 });
   */
  readonly signal: <Name extends EventName<Events>>(
    event: Name,
    ...data: SignalArguments<Events[Name]>
  ) => void = (event: string, data: unknown = null, { to }: SignalOptions = {}) => {
    if (this.#port.isOpen) this.#engine.signal(event, data, to);
  };

  /** To be called with every key: the others hear of it at most once a second, and forget it after 3 s. */
  readonly startTyping = (): void => {
    const { state, channel, typing } = this.#engine;
    const mayWrite = state.permission === "write" || state.permission === "moderate";
    // Without the permission it would only collect refusals.
    if (this.#port.isOpen && channel.live && mayWrite) typing.start();
  };

  /** Sending a message does this by itself. */
  readonly stopTyping = (): void => {
    if (this.#port.isOpen) this.#engine.typing.stop();
  };

  /**
   * Sets the presence of this user in this room; what is left out stays. Resolves when the server has it. Offline it
   * resolves at once, and the presence is sent with each connection. Rejects with the server's refusal.
   *
   * @example
   * await room.setPresence({ status: "away", data: { page: 3 } });
   */
  readonly setPresence = (presence: Presence): Promise<void> =>
    this.#do((engine) => engine.presence.set(presence));

  /**
   * From now on only events under these topics, at most 20; `null` is all, `[]` none. Replays nothing: see `loadOlder`.
   * Resolves when in force. Offline it resolves at once, and the next connection begins with them. Rejects with the
   * server's refusal, such as `bad_request`.
   */
  readonly setTopics = (topics: Topics): Promise<void> => this.#do((engine) => engine.setTopics(topics));

  /**
   * Puts an older page in front of `messages`: `limit` of them, 1 to 200, by default 50. Without `more` there is nothing
   * older. Rejects with the server's refusal, and with `offline` without a connection.
   *
   * @example
   * while ((await room.loadOlder(200)).more);
   */
  readonly loadOlder = (limit?: number): Promise<{ readonly more: boolean }> =>
    this.#do((engine) => engine.loadOlder(limit));

  /**
   * The last `count` of `messages`, or all if there are fewer: the same frozen array until a message changes. Its time
   * does not depend on how many are held.
   *
   * @example
   * const [last] = room.latest(1);
   */
  readonly latest: (count: number) => RoomSnapshot<Events>["messages"] = declared((count: number) =>
    this.#engine.view.messages()(count),
  );

  /**
   * Drops all stored messages but the latest `count`: by default as many as the option `keep` says, or else 200.
   * `loadOlder` brings them again. To be called when the reader is back at the end, after `loadOlder` too: until then
   * `keep` drops nothing. Throws `bad_request` if `count` is no number from 0.
   *
   * @example
   * document.onscrollend = () => room.trim(); // once the end of the list shows
   */
  readonly trim = (count?: number): void => this.#engine.trim(count);

  /**
   * Drops the connection, if there is one, and starts over at once. The others do not see this user leave. Without effect
   * once the room was left.
   */
  readonly reconnect = (): void => {
    if (this.#port.isOpen) this.#engine.channel.start();
  };

  /**
   * Holds the room open until the function that it returns is called; the room opens if it was not. For bindings: look at
   * a room with `client.peek` while rendering, and hold it in an effect. Without effect for a handle that was left.
   *
   * @example
   * const peeked = client.peek("project_123");
   * const release = peeked.hold(); // as an effect begins, and `release()` as it ends
   */
  readonly hold = (): Cancel => this.#port.hold();

  /**
   * Releases this handle; again without effect. With the last one the room is left, one turn of the event loop later: the
   * others see it then, and what waits in the outbox rejects with `closed`, unless `keepOffline` keeps it. Held again within
   * that turn, the room stays as it is. A peeked room is released by what `hold` returned.
   */
  readonly leave = (): void => {
    for (const cancel of this.#cancels) cancel();
    this.#port.leave();
  };

  get #engine(): RoomEngine {
    return this.#port.engine;
  }

  #listen(cancel: Cancel): Cancel {
    const stop = () => {
      this.#cancels.delete(stop);
      cancel();
    };
    this.#cancels.add(stop);
    if (!this.#port.mayListen) stop();
    return stop;
  }

  #change(change: MessageChange): Promise<ChangeResult> {
    return this.#do((engine) => engine.changes.add(change));
  }

  /** What a call changes at once is published at once. */
  #do<T>(call: (engine: RoomEngine) => Promise<T>): Promise<T> {
    if (!this.#port.isOpen)
      return ignoreRejection(Promise.reject(new RoomsError("closed", "The room is not open, or was left.")));
    const result = ignoreRejection(call(this.#engine));
    this.#engine.changed();
    return result;
  }
}

type Typed =
  | ("messages" | "latest" | "outbox" | "getSnapshot" | "on" | "onEvent")
  | ("send" | "stream" | "takeOver" | "edit" | "signal");

/** A room of any event map, for what shows or moves it: `data` is `unknown`, and no data can be sent. */
export interface AnyRoom extends Omit<RoomHandle<EventMap>, Typed> {
  readonly messages: UntypedSnapshot["messages"];
  readonly latest: (count: number) => UntypedSnapshot["messages"];
  readonly outbox: UntypedSnapshot["outbox"];
  readonly getSnapshot: () => UntypedSnapshot;
  readonly on: <Type extends keyof UntypedRoomEvents>(
    type: Type,
    fn: (payload: UntypedRoomEvents[Type], meta: EventMeta) => void,
  ) => Cancel;
}
