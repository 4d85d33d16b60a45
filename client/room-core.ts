// A room behind its handle: connection, folded state, outbox, typing and presence, wired to each other.
// Invariant: whoever is told of a change sees all of it, so state is folded before listeners are called.

import {
  type Command,
  type Message,
  matchesTopics,
  type RoomEvent,
  type SendResult,
  type Signal,
  TYPING_EVENT,
} from "../src/protocol/index.ts";
import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { ConnectionContext, Endpoint } from "./endpoint.ts";
import { RoomsError, refusalError } from "./errors.ts";
import type { Start } from "./log-follower.ts";
import { memo } from "./memo.ts";
import { Outbox } from "./outbox.ts";
import { type OutboxEntry, pendingMessage, type RoomMessage, storedMessage } from "./outbox-entry.ts";
import { OutboxView } from "./outbox-view.ts";
import type { Connected, IncomingFrame } from "./parse-frame.ts";
import type { RoomEvents } from "./room-events.ts";
import { RoomState } from "./room-state.ts";
import type { Presence, RoomOptions, RoomSnapshot } from "./room-types.ts";
import { SendPacer } from "./send-pacer.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import { TopicFilter } from "./topic-filter.ts";
import { TopicListeners } from "./topic-listeners.ts";
import { Typing } from "./typing.ts";

export class RoomCore {
  readonly name: string;
  readonly events = new Emitter<RoomEvents>();
  readonly appEvents = new TopicListeners<Message | Signal>();
  readonly connection: Connection;
  readonly state = new RoomState();
  readonly topics: TopicFilter;
  readonly outbox: Outbox;
  readonly typing: Typing;
  readonly store: SnapshotStore<RoomSnapshot>;
  readonly #context: ConnectionContext;
  readonly #pacer: SendPacer;
  #presence: Presence = {};

  constructor(context: ConnectionContext, name: string, { history, topics = null }: RoomOptions) {
    const { ports } = context;
    this.name = name;
    this.#context = context;
    this.#pacer = new SendPacer(ports.clock);
    this.connection = new Connection(context, this.#endpoint(name, history));
    this.topics = new TopicFilter(this.connection, ports.newId, topics);
    this.outbox = new Outbox(ports, this.#outboxLine(), this.#pacer);
    this.typing = new Typing(
      ports.clock,
      (data) => this.signal(TYPING_EVENT, data),
      () => this.changed(),
    );
    this.store = new SnapshotStore(() => this.#snapshot());
  }

  get self(): string | undefined {
    return this.state.user?.id;
  }

  changed(): void {
    this.store.changed();
  }

  newId(): string {
    return this.#context.ports.newId();
  }

  /** As `Connection.ask`, counted. */
  ask(command: Command & { readonly id: string }) {
    if (this.connection.live) this.#pacer.spend(1);
    return this.connection.ask(command);
  }

  signal(event: string, data: unknown, to?: string): void {
    if (!this.connection.live) return;
    this.#pacer.spend(1);
    this.connection.send({ type: "signal", event, data, ...(to !== undefined && { to }) });
  }

  async setPresence(presence: Presence): Promise<void> {
    this.#presence = { ...this.#presence, ...presence };
    if (this.connection.live && this.state.user !== null) await this.#tellPresence(presence);
  }

  /** For good: everything is told at once, and no timer is left. */
  close(): void {
    this.typing.stop();
    this.typing.clear();
    this.connection.close();
    this.outbox.close();
    this.changed();
  }

  #tellPresence({ status, data }: Presence) {
    return this.ask({
      type: "presence",
      id: this.newId(),
      ...(status !== undefined && { status }),
      ...(data !== undefined && { data }),
    });
  }

  #endpoint(name: string, history: number | undefined): Endpoint {
    return {
      path: `/v1/rooms/${name}/connect`,
      query: () => ({ ...(history !== undefined && { history: String(history) }), ...this.topics.query() }),
      mayJump: () => this.topics.inForce !== null,
      onConnected: (frame, start) => this.#onConnected(frame, start),
      onFrame: (frame) => this.#onFrame(frame),
      onPermission: (permission) => this.state.setPermission(permission),
      onLive: () => this.#onLive(),
      onState: (state) => {
        this.events.emit("state", state);
        this.changed();
      },
      onRefused: (error) => {
        this.outbox.fail(error);
        this.events.emit("error", error);
      },
      onTurn: () => this.changed(),
    };
  }

  #outboxLine() {
    const { connection } = this;
    return {
      get live() {
        return connection.live;
      },
      get cursor() {
        return connection.cursor;
      },
      request: connection.request.bind(connection),
      onStored: (entry: OutboxEntry, result: SendResult) => this.#onStored(entry, result),
      onChange: () => this.changed(),
    };
  }

  #onConnected(frame: Connected, start: Start): void {
    if (!("room" in frame)) return;
    const slowModeMs = frame.permission === "moderate" ? 0 : frame.limits.slowModeMs;
    this.#pacer.setPace({ ...frame.limits, slowModeMs });
    this.state.begin(frame, start);
    if (start === "lost") this.events.emit("lost", frame);
    this.events.emit("connected", frame);
  }

  #onLive(): void {
    this.topics.onLive();
    if (this.state.user !== null && Object.keys(this.#presence).length > 0) {
      this.#tellPresence(this.#presence).catch((error: unknown) => {
        const refused = error instanceof RoomsError && error.code !== "offline";
        // What was not told is told by the next connection.
        if (refused) this.events.emit("error", error);
      });
    }
    this.outbox.flush();
    this.changed();
  }

  #onFrame(frame: IncomingFrame): void {
    switch (frame.type) {
      case "caughtUp":
        this.state.reached(frame.seq);
        this.events.emit("caughtUp", frame);
        return;
      case "error":
        this.events.emit("error", refusalError(frame));
        return;
      case "connected":
      case "ok":
      case "pong":
      case "notification":
      case "notificationUpdated":
        return;
      default:
        this.#onEvent(frame);
    }
  }

  #onEvent(event: RoomEvent): void {
    this.state.apply(event);
    if (event.type === "message" && event.from !== null && event.from.id === this.self) {
      this.outbox.onEvent(event);
    }
    if (event.type === "signal") this.typing.onSignal(event, this.self);
    if (event.type === "memberLeft") this.typing.remove(event.user);
    this.events.emitEvent(event);
    if (event.type === "message" || event.type === "signal") this.appEvents.emit(event, this.self);
  }

  /** The `ok` of an unechoed send stands in the place of its event. */
  #onStored(entry: OutboxEntry, { seq, at, duplicate }: SendResult): void {
    if (entry.options.echo !== false || duplicate) return;
    const { inForce } = this.topics;
    if (this.connection.moveTo(seq, inForce !== null) !== "new") return;
    this.state.reached(seq);
    if (matchesTopics(inForce, entry.event)) {
      this.state.messages.add(storedMessage(entry, { seq, at }, this.state.user));
    }
  }

  readonly #messages = memo(
    (
      stored: RoomSnapshot["messages"],
      _items: unknown,
      user: RoomSnapshot["user"],
      wanted: TopicFilter["wanted"],
    ) => {
      const pending = this.outbox.entries.filter(({ event }) => matchesTopics(wanted, event));
      if (pending.length === 0) return stored;
      const all: RoomMessage[] = [...stored, ...pending.map((entry) => pendingMessage(entry, user))];
      return Object.freeze(all);
    },
  );

  readonly #outboxView = memo((items: Outbox["items"]) => {
    const retry = (id: string) => {
      const stored = this.outbox.retry(id);
      this.changed();
      return stored;
    };
    const drop = (id: string) => {
      this.outbox.drop(id);
      this.changed();
    };
    return new OutboxView(items, { retry, drop });
  });

  #snapshot(): RoomSnapshot {
    const { state, outbox } = this;
    return {
      state: this.connection.state,
      user: state.user,
      permission: state.permission,
      head: state.head,
      messages: this.#messages(state.messages.all, outbox.items, state.user, this.topics.wanted),
      members: state.members,
      occupancy: state.occupancy,
      typing: state.usersOf(this.typing.users, state.members),
      outbox: this.#outboxView(outbox.items),
    };
  }
}
