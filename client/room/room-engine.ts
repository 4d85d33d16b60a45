// A room behind its handles: joins the channel with the folded state, the outbox, typing and presence.
// Invariant: a listener sees all of a change, so the state is folded before listeners are called.

import {
  CHANGE_RESULT,
  type Command,
  type ErrorAnswer,
  type Message,
  matchesTopics,
  PAGE,
  type Permission,
  ROOM_CONNECTED,
  type RoomEvent,
  SEQUENCED_EVENTS,
  type SendResult,
  type SequencedEvent,
  type Signal,
  type Topics,
  TYPING_EVENT,
  UNSEQUENCED_EVENTS,
} from "../../src/protocol/index.ts";
import { Channel } from "../connection/channel.ts";
import type { OnAnswer } from "../connection/transport/commands.ts";
import type { ConnectionState, Transport } from "../connection/transport/transport.ts";
import type { ChannelEvents, ResumeKind } from "../connection/types.ts";
import { noConnection, offline, RoomsError } from "../util/errors.ts";
import { Emitter, Listeners, SnapshotStore, TopicListeners } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import { SendRateLimiter } from "../util/send-rate-limiter.ts";
import { type Connected, fits, type IncomingFrame, resultOf } from "../util/wire.ts";
import { type EnginePort, PendingChanges } from "./messages/changes.ts";
import { Outbox, type OutboxEntry, type OutboxPort, storedMessage } from "./messages/outbox.ts";
import { OwnPresence } from "./own-presence.ts";
import { ReadPosition } from "./read-position.ts";
import type { KeptParts, RoomContext, RoomKeeper } from "./room-keeper.ts";
import { RoomState, type RoomView, roomView } from "./room-state.ts";
import type { RoomOptions, UntypedRoomEvents, UntypedSnapshot } from "./room-types.ts";
import { Answers, type AnswersPort } from "./streams/answers.ts";
import { haveOf } from "./streams/fold-stream.ts";
import { Typing } from "./typing.ts";

const NOTHING_EXPIRED: readonly Message[] = [];
/** Until the next look at what has expired: timers may sleep with the machine. */
const MAX_EXPIRY_MS = 60_000;

const EVENTS = { ...SEQUENCED_EVENTS, ...UNSEQUENCED_EVENTS };
/** What a channel needs to know of the log of a room. */
export const ROOM_LOG = {
  frames: { ...EVENTS, connected: ROOM_CONNECTED },
  logEvents: SEQUENCED_EVENTS,
  skipsNumbers: false,
};

const isRoomEvent = (frame: IncomingFrame): frame is RoomEvent => Object.hasOwn(EVENTS, frame.type);
const isLogEvent = (event: RoomEvent): event is SequencedEvent => Object.hasOwn(SEQUENCED_EVENTS, event.type);

/** Those who listen to a room. One that only looks at it listens on when the room is left and opened again. */
export class RoomListeners {
  readonly events = new Emitter<UntypedRoomEvents>();
  readonly appEvents = new TopicListeners<Message | Signal>();
  readonly changes = new Listeners<void>();
}

export class RoomEngine implements ChannelEvents, EnginePort, KeptParts, OutboxPort, AnswersPort {
  readonly name: string;
  readonly events: Emitter<UntypedRoomEvents>;
  readonly appEvents: TopicListeners<Message | Signal>;
  readonly channel: Channel;
  readonly state: RoomState;
  readonly outbox: Outbox;
  readonly changes: PendingChanges;
  readonly reads: ReadPosition;
  readonly presence = new OwnPresence(this);
  readonly typing: Typing;
  readonly answers: Answers;
  readonly store: SnapshotStore<UntypedSnapshot>;
  readonly view: RoomView;
  /** While the room is open, and kept beyond the life of the page. */
  keeper: RoomKeeper | undefined;
  messageBytes = 0;
  readonly #context: RoomContext;
  readonly limiter: SendRateLimiter;
  /** What arrives is history: the first replay is not over yet, or that after `lost`. */
  #isHistory = false;
  #cancelExpiry: Cancel = () => {};
  #isClosed = false;

  constructor(
    context: RoomContext,
    transport: Transport,
    name: string,
    { history, topics = null, keep }: RoomOptions,
    { events, appEvents, changes }: RoomListeners,
  ) {
    const { ports } = context;
    this.name = name;
    this.events = events;
    this.appEvents = appEvents;
    this.#context = context;
    this.limiter = new SendRateLimiter(ports.clock);
    this.state = new RoomState(keep);
    const options = { ...ROOM_LOG, name: `room ${name}`, topics, history };
    this.channel = new Channel(context, context.offline?.gate(transport, name) ?? transport, options, this);
    this.outbox = new Outbox(ports, this, this.limiter);
    this.changes = new PendingChanges(ports, this);
    this.reads = new ReadPosition(ports.clock, this);
    this.answers = new Answers(ports, this);
    this.typing = new Typing(
      ports.clock,
      (data) => this.signal(TYPING_EVENT, data),
      () => this.changed(),
    );
    this.view = roomView(this);
    this.store = new SnapshotStore(this.view.snapshot, changes);
  }

  get self(): string | undefined {
    return this.state.user?.id;
  }

  get live(): boolean {
    return this.channel.live;
  }

  get cursor(): string | undefined {
    return this.channel.cursor;
  }

  get head(): number {
    return this.state.head;
  }

  held(seq: number): Message | undefined {
    return this.state.messages.get(seq);
  }

  changed(): void {
    this.keeper?.changed();
    this.store.changed();
    const { expiring } = this.state.messages;
    if (expiring === undefined || this.#isClosed) return;
    const now = this.#latest();
    // Also where nobody reads a snapshot: it moves `next` on.
    expiring.over(now);
    this.#cancelExpiry();
    const waitMs = expiring.next - now;
    if (waitMs === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#context.ports;
    this.#cancelExpiry = clock.after(Math.min(MAX_EXPIRY_MS, waitMs), () => this.changed(), true);
  }

  now(): number {
    return this.#context.serverTime.now();
  }

  get expired(): readonly Message[] {
    return this.state.messages.expiring?.over(this.#latest()) ?? NOTHING_EXPIRED;
  }

  /** While it is live, the room says what has expired. */
  #latest(): number {
    const { serverTime } = this.#context;
    return this.live ? serverTime.now() : serverTime.latest();
  }

  newId(): string {
    return this.#context.ports.newId();
  }

  request(command: Command & { readonly id: string }, onAnswer: OnAnswer): void {
    this.channel.request(command, (answer) => {
      if (isSlowed(command) && answer?.type === "ok" && fits(CHANGE_RESULT, answer) && answer.seq > 0)
        this.limiter.changed();
      onAnswer(answer);
    });
  }

  ask(command: Command & { readonly id: string }) {
    return this.channel.ask(command);
  }

  send(command: Command): void {
    this.channel.send(command);
  }

  signal(event: string, data: unknown, to?: string): void {
    this.send({ type: "signal", event, data, ...(to !== undefined && { to }) });
  }

  /** Adds an older page to the messages that are held. */
  loadOlder(limit: number | undefined): Promise<{ readonly more: boolean }> {
    const { page, trims } = this.state.messages.older();
    const command = {
      type: "history",
      id: this.newId(),
      ...page,
      ...(limit !== undefined && { limit }),
    } as const;
    return new Promise((resolve, reject) => {
      this.request(command, (answer) => {
        const result = answer ? resultOf(answer, PAGE) : noConnection();
        if (result instanceof RoomsError) reject(result);
        // At once, not a promise later: what comes next on the wire may change what this brings.
        else if (!this.state.messages.addOlder(trims, result.messages ?? [], result.seq))
          resolve({ more: true });
        else {
          this.changes.onFolded();
          this.changed();
          resolve({ more: result.more ?? false });
        }
      });
    });
  }

  trim(count: number | undefined): void {
    if (!this.state.messages.trim(count)) return;
    this.changes.onFolded();
    this.events.emit("trimmed", undefined);
    this.changed();
  }

  setTopics(topics: Topics): Promise<void> {
    this.state.messages.restart();
    return this.channel.topics.set(topics).finally(() => this.changed());
  }

  /** For good: listeners hear of it at once, and no timer is left. */
  close(): void {
    this.#isClosed = true;
    this.#cancelExpiry();
    this.typing.stop();
    this.typing.clear();
    const error = new RoomsError("closed", "The room was left.");
    this.keeper?.close();
    this.keeper = undefined;
    this.changes.fail(error);
    this.reads.fail(error);
    this.answers.fail(error);
    this.channel.close();
    this.outbox.clear(error);
    this.changed();
  }

  onConnected(frame: Connected, resume: ResumeKind): void {
    if (!("room" in frame)) return;
    const slowModeMs = frame.permission === "moderate" ? 0 : frame.limits.slowModeMs;
    this.limiter.setLimits({ ...frame.limits, slowModeMs });
    this.messageBytes = frame.limits.messageBytes;
    this.state.begin(frame, resume);
    this.reads.begin(frame, resume);
    // A first replay that was interrupted goes on.
    if (resume !== "kept") this.#isHistory = true;
    if (resume === "lost") {
      // Another log may have another message in the same place.
      this.changes.fail(offline("The log has passed what was held."));
      this.events.emit("lost", frame);
    }
    this.events.emit("connected", frame);
  }

  onLive(): void {
    this.#isHistory = false;
    this.presence.onLive((error) => this.onError(error));
    this.changes.onLive();
    this.answers.onLive();
    this.outbox.flush();
    this.reads.onLive();
  }

  onFrame(frame: IncomingFrame): void {
    if (frame.type === "caughtUp") {
      this.state.reached(frame.seq);
      this.events.emit("caughtUp", frame);
    } else if (isRoomEvent(frame)) this.#onEvent(frame);
  }

  /** For the next connection. */
  get have(): string | undefined {
    return haveOf(this.state.messages.chunks);
  }

  onFloor(floor: number): void {
    this.state.messages.setFloor(floor);
    this.changes.onFolded();
  }

  onPermission(permission: Permission): void {
    this.state.setPermission(permission);
  }

  onState(state: ConnectionState): void {
    // There may be no replay any more that could tell what became of a change.
    if (state.status === "disconnected") this.changes.fail(state.error ?? offline("Disconnected."));
    this.events.emit("state", state);
    // What follows the replay comes in the same text, such as open messages: its end publishes both.
    if (state.status !== "connected") this.changed();
  }

  onRefused(error: RoomsError): void {
    this.outbox.fail(error);
    this.reads.fail(error);
    this.answers.fail(error);
  }

  onError(error: RoomsError, answer?: ErrorAnswer): void {
    if (answer === undefined || !this.answers.onRefusal(answer, error)) this.events.emit("error", error);
  }

  onUserChanged(error: RoomsError): void {
    this.typing.clear();
    this.presence.forget();
    this.limiter.forget();
    this.changes.fail(error);
    this.outbox.clear(error);
    this.answers.fail(error);
    this.reads.forget(error);
    this.state.forget();
  }

  onTurn(): void {
    // A long replay comes in many turns, and is one change.
    if (!this.channel.isReplaying) this.changed();
  }

  onSent({ type }: Command): void {
    // The outbox counts its sends itself, with their mentions. Appends cost bytes.
    if (type !== "send" && type !== "append") this.limiter.spend(1);
  }

  #onEvent(event: RoomEvent): void {
    this.reads.onEvent(event);
    this.state.apply(event);
    const isLogged = isLogEvent(event);
    if (isLogged) this.changes.onEvent(event);
    // A message that server code sent in this user's name has an id of the server.
    if (event.type === "message" && event.from?.id === this.self && event.byServer !== true) {
      this.outbox.onEvent(event);
    }
    if (event.type === "stop") this.answers.onStop(event);
    if (event.type === "stream") this.answers.onStream(event);
    if (event.type === "signal") this.typing.onSignal(event, this.self);
    if (event.type === "memberLeft") this.typing.remove(event.user);
    const meta = { replay: isLogged && this.#isHistory };
    this.events.emitEvent(event, meta);
    if (event.type === "message" || event.type === "signal") this.appEvents.emit(event, this.self, meta);
  }

  /** The `ok` of an unechoed send stands in the place of its event. */
  onStored(entry: OutboxEntry, result: SendResult): void {
    const { seq, duplicate } = result;
    if (entry.said.echo !== false || duplicate) return;
    if (this.channel.moveTo(seq) !== "new") return;
    this.state.reached(seq);
    if (matchesTopics(this.channel.topics.inForce, entry.said.event)) {
      this.state.messages.add(storedMessage(entry, result, this.state.user));
    }
  }
}

/** Whether slow mode counts this as it counts a message. */
const isSlowed = ({ type }: Command): boolean => type === "edit" || type === "react";
