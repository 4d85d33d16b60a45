// The one connection of a log that several tabs share, in the tab that holds it. To the server it is a connection like
// any other; to each tab it is a server: greeting, replay after the cursor of that tab, live events, answers.
// Invariant: what a tab has been given is all of the log up to some `seq`, without a gap. It goes on from there with what
// is buffered, or, where that begins later, with a page of the server; only then it is given what comes live.

import {
  type Answer,
  type Append,
  type Command,
  DEFAULT_HISTORY,
  type ErrorAnswer,
  type LogEvent,
  matchesTopics,
  type Permission,
  parseCursor,
  SEND_RESULT,
  type Signal,
  type Stream,
} from "../../src/protocol/index.ts";
import { Channel } from "../connection/channel.ts";
import { type ConnectionEnd, lost } from "../connection/transport/connection-end.ts";
import type { ConnectionState, OpenRequest, Transport } from "../connection/transport/transport.ts";
import type { ChannelEvents, ConnectionContext, ResumeKind } from "../connection/types.ts";
import { INBOX_LOG } from "../inbox/inbox-engine.ts";
import { ROOM_LOG } from "../room/room-engine.ts";
import { offline, type RoomsError } from "../util/errors.ts";
import { type Connected, fits, type IncomingFrame, isTypeIn } from "../util/wire.ts";
import { LogBuffer } from "./log-buffer.ts";
import { ReplayOfTab, type ReplayPort } from "./replay-of-tab.ts";
import { SharedState } from "./shared-state.ts";
import { SharedStreams } from "./shared-streams.ts";
import { type LogKey, logId, packEnd, packState, type TabNews } from "./tab-message.ts";
import { TabPresence, type UsageOfTabs } from "./tab-presence.ts";
import { type ProducersPort, TabProducers } from "./tab-producers.ts";
import { TabSignals } from "./tab-signals.ts";
import { UpstreamTransport } from "./upstream-transport.ts";

/** The tab that holds the connections, as one of them sees it. */
export interface UpstreamPort extends UsageOfTabs {
  tell(tab: string, news: TabNews): void;
  /** Where the token of the holder has the id of this user. */
  placesOf(user: string | null): string;
  /** The server has greeted another user. */
  onUserChanged(): void;
  /** The server takes no token of this tab. Returns whether another tab goes on. */
  onTokenRefused(error: RoomsError): boolean;
}

/** One connection of a channel in a tab. */
interface TabLinkRecord {
  readonly id: string;
  readonly tab: string;
  readonly request: OpenRequest;
  /** It is given nothing until it was greeted, and what comes live once its replay is over. */
  phase: "waiting" | "greeted" | "live";
  replay: ReplayOfTab | undefined;
}

const upstreamLost = (): ConnectionEnd => ({ ...lost(offline("The connection was lost.")), next: "again" });

export class Upstream implements ChannelEvents, ReplayPort, ProducersPort {
  readonly key: LogKey;
  readonly channel: Channel;
  readonly log = new LogBuffer();
  readonly #context: ConnectionContext;
  readonly #port: UpstreamPort;
  readonly #transport: UpstreamTransport;
  readonly #links = new Map<string, TabLinkRecord>();
  readonly #tabs = new Set<string>();
  readonly #presence: TabPresence;
  readonly #state = new SharedState();
  readonly #streams = new SharedStreams();
  readonly #producers = new TabProducers(this);
  /** By the `id` of a `send` whose event its tab does not want: its tab, and what it said. */
  readonly #unechoed = new Map<string, { readonly link: TabLinkRecord; readonly data: unknown }>();
  readonly #signals = new TabSignals((link, refusal) => this.tell(link, refusal));
  /** How far a tab would have read that nobody looks at. */
  readonly #unseenReads = new Map<string, number>();
  #isLive = false;

  constructor(
    context: ConnectionContext,
    key: LogKey,
    own: Transport,
    first: OpenRequest,
    port: UpstreamPort,
  ) {
    this.key = key;
    this.#context = context;
    this.#port = port;
    this.#presence = new TabPresence(this, port);
    this.#transport = new UpstreamTransport(own, first, (frame) => this.#signals.takes(frame));
    const log = key.kind === "inbox" ? INBOX_LOG : ROOM_LOG;
    const name = key.kind === "inbox" ? "the inbox of all tabs" : `room ${key.name} of all tabs`;
    const options = { ...log, name, topics: key.topics, history: first.history };
    this.channel = new Channel(context, this.#transport, options, this);
    this.channel.start("afterTurn");
  }

  get tabs(): ReadonlySet<string> {
    return this.#tabs;
  }

  get head(): number {
    return this.#state.head;
  }

  /** As the server named it; `undefined` before it has greeted. */
  get connection(): string | undefined {
    return this.#state.connection;
  }

  get have(): string | undefined {
    return this.#streams.have;
  }

  get openMessages(): readonly (Stream | Append)[] {
    return this.#streams.frames;
  }

  newId(): string {
    return this.#context.ports.newId();
  }

  after(delayMs: number, fn: () => void) {
    return this.#context.ports.clock.after(delayMs, fn);
  }

  request(command: Command & { readonly id: string }, onAnswer: (answer: Answer | undefined) => void): void {
    this.channel.request(command, onAnswer);
  }

  send(command: Command): void {
    this.channel.send(command);
  }

  // ---- what tabs ask ----

  open(tab: string, id: string, request: OpenRequest): void {
    const link: TabLinkRecord = { id, tab, request, phase: "waiting", replay: undefined };
    this.#links.set(id, link);
    const isNew = !this.#tabs.has(tab);
    this.#tabs.add(tab);
    const { status } = this.channel.state;
    if (isNew && status === "disconnected") this.channel.start();
    else if (this.#isLive) this.#serve(link);
    else if (status !== "connecting") this.#endLinks();
  }

  /** Whether the link is one of this log. */
  has(id: string): boolean {
    return this.#links.has(id);
  }

  receive(id: string, command: Command): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    if (!this.#isLive) this.#end(link, upstreamLost());
    else if (command.type === "signal") this.#signal(link, command);
    else if (command.type === "presence") {
      this.#presence.set(link.id, link.tab, command);
      this.#presence.tell((answer) => this.#answer(link, command.id, answer));
    } else if (command.type === "read") this.#read(link, command.id, command.seq);
    else if ("id" in command && command.id !== undefined) this.#ask(link, { ...command, id: command.id });
    else if (command.type === "append") this.#producers.append(link.id, command);
    else this.channel.send(command);
  }

  closeLink(id: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#forget(link);
    // Nothing is left to say where the tab releases the log in the same turn.
    queueMicrotask(() => this.#presence.tell());
  }

  hurry(): void {
    if (this.channel.state.status === "reconnecting") this.channel.start();
  }

  /** The tab wants nothing of this log any more, or is gone. */
  release(tab: string): void {
    this.#tabs.delete(tab);
    this.#unseenReads.delete(tab);
    for (const link of this.#links.values()) if (link.tab === tab) this.#forget(link);
    if (this.#tabs.size > 0) this.#presence.tell();
  }

  onUse(tab: string): void {
    const seq = this.#unseenReads.get(tab);
    if (seq !== undefined && this.#isLive && this.#port.usageOf(tab).isVisible) {
      this.#unseenReads.delete(tab);
      // Its tab hears of it by the receipt.
      this.request({ type: "read", id: this.newId(), seq }, () => {});
    }
    this.#presence.tell();
  }

  /** For good. `handOver`: another tab goes on, so the user is not seen to leave. */
  stop(how: "leave" | "handOver"): void {
    if (how === "handOver") this.#transport.handOver();
    for (const link of this.#links.values()) this.#forget(link);
    this.channel.close();
  }

  // ---- what the server says ----

  onConnected(frame: Connected, resume: ResumeKind): void {
    const { since, history } = this.#transport.asked;
    const isContinued = frame.recovery === "complete" || frame.recovery === "partial";
    const seq = since === undefined ? undefined : parseCursor(since)?.seq;
    this.log.begin(
      isContinued && seq !== undefined ? { after: seq } : { latest: history ?? DEFAULT_HISTORY },
    );
    this.#state.begin(frame, resume);
    if (resume !== "kept") this.#streams.clear();
    this.#streams.setFloor(frame.floor);
    this.#presence.begin();
  }

  onFloor(floor: number): void {
    this.#state.onFloor(floor);
    this.#streams.setFloor(floor);
  }

  onLive(): void {
    if (this.#isLive) return;
    this.#isLive = true;
    this.log.end(this.head);
    for (const link of this.#links.values()) if (link.phase === "waiting") this.#serve(link);
  }

  onFrame(frame: IncomingFrame): void {
    // A filter that lets nothing through is in force a moment after the connection is live.
    const { topics } = this.key;
    const isOfStream = frame.type === "append" || frame.type === "stream";
    const isFiltered = this.#isLogEvent(frame) || isOfStream || frame.type === "signal";
    if (topics?.length === 0 && isFiltered) return;
    this.#state.apply(frame, this.#isLive);
    this.#streams.apply(frame);
    if (this.#isLogEvent(frame)) {
      this.#state.reached(frame.seq);
      this.log.push(frame);
      this.#onLogEvent(frame);
    } else if (frame.type === "caughtUp") {
      this.#state.reached(frame.seq);
      this.#give(frame, "live");
    } else if (frame.type === "stop") {
      const link = this.#producers.linkOf(frame.seq);
      // Where it is not known which tab writes the message, only one that does heeds it.
      if (link === undefined || !this.#links.has(link)) this.#give(frame, "live");
      else this.tell(link, frame);
    } else this.#give(frame, isOfStream ? "live" : "greeted");
  }

  onPermission(permission: Permission): void {
    this.#state.permission = permission;
    for (const { id, tab, phase } of this.#links.values())
      if (phase !== "waiting") this.#port.tell(tab, { type: "permission", link: id, permission });
  }

  onState(state: ConnectionState): void {
    if (state.status === "disconnected" && this.#goesOn(state.error)) return;
    if (state.status === "connected") this.#tellState(state);
    else if (state.status === "connecting") {
      // Those that wait go on waiting.
      if (this.#isLive) this.#endLinks();
      else this.#tellState(state);
    } else this.#endLinks();
  }

  /** Each tab says it: it is no refusal of a signal. */
  onRefused(): void {
    this.#signals.clear();
  }

  onUserChanged(): void {}

  /** Without a `seq` it is the refusal of a signal that was too large. */
  onError({ code, message }: RoomsError, answer?: ErrorAnswer): void {
    const isOfStream = answer?.seq !== undefined;
    const link = isOfStream ? this.#producers.linkOf(answer.seq) : this.#signals.lastLink;
    if (link !== undefined && this.#links.has(link))
      this.tell(link, isOfStream ? answer : { type: "error", code, message });
    else this.#context.log("warn", `${this.key.name || "the inbox"}: ${message}`);
  }

  onTurn(): void {}

  onSent(): void {}

  // ---- one tab ----

  greeting(recovery: Connected["recovery"]): Connected | undefined {
    return this.#state.greeting(recovery, this.#context.serverTime.now());
  }

  #serve(link: TabLinkRecord): void {
    link.phase = "greeted";
    const places = this.#port.placesOf(this.#state.user);
    this.#port.tell(link.tab, { type: "user", link: link.id, places });
    link.replay = new ReplayOfTab(this, this.key, link.request, {
      give: (frames) => this.#port.tell(link.tab, { type: "frames", link: link.id, frames }),
      onLive: () => {
        link.phase = "live";
      },
      onEnd: (end) => this.#end(link, end),
    });
    link.replay.start();
  }

  #isLogEvent(frame: IncomingFrame): frame is LogEvent {
    return isTypeIn(this.key.kind === "inbox" ? INBOX_LOG.logEvents : ROOM_LOG.logEvents, frame.type);
  }

  #onLogEvent(event: LogEvent): void {
    const isOwn = event.type === "message" && event.from?.id === this.#state.user && event.byServer !== true;
    const sender = isOwn ? this.#unechoed.get(event.id) : undefined;
    if (sender === undefined || event.type !== "message") {
      this.#give(event, "live");
      return;
    }
    this.#unechoed.delete(event.id);
    const { id, seq, at } = event;
    const { link, data } = sender;
    // For the tab that wants no echo the answer stands in the place of the event, if what is stored is what it said.
    const isAsSaid = event.flag === undefined && JSON.stringify(event.data) === JSON.stringify(data);
    this.#give(event, "live", isAsSaid ? link : undefined);
    this.#answer(link, id, { type: "ok", id, ...{ seq, at } });
  }

  /** To all tabs that have got so far. */
  #give(frame: IncomingFrame, from: "greeted" | "live", except?: TabLinkRecord): void {
    for (const link of this.#links.values()) {
      const isMeant = link.phase === "live" || link.phase === from;
      if (isMeant && link !== except)
        this.#port.tell(link.tab, { type: "frames", link: link.id, frames: [frame] });
    }
  }

  /** To one connection of a tab, if it is still there. */
  tell(link: string, frame: object): void {
    const tab = this.#links.get(link)?.tab;
    if (tab !== undefined) this.#port.tell(tab, { type: "frames", link, frames: [frame] });
  }

  #answer(link: TabLinkRecord, id: string, answer: Answer | undefined): void {
    if (answer !== undefined) this.tell(link.id, { ...answer, id });
  }

  #ask(link: TabLinkRecord, command: Command & { readonly id: string }): void {
    const { id } = command;
    if (command.type !== "send") {
      this.#producers.asked(command);
      // Two tabs may have used the same id.
      this.request({ ...command, id: this.newId() }, (answer) => {
        this.#producers.answered(link.id, command, answer);
        this.#answer(link, id, answer);
      });
      return;
    }
    const { echo, ...send } = command;
    if (echo === false) this.#unechoed.set(id, { link, data: send.data });
    // The other tabs need the event.
    this.request(send, (answer) => {
      this.#producers.answered(link.id, command, answer);
      // A filter may leave the event out.
      if (answer?.type === "ok" && fits(SEND_RESULT, answer)) this.#state.reached(answer.seq);
      const isAnswered = echo === false && !this.#unechoed.delete(id);
      if (!isAnswered) this.#answer(link, id, answer);
    });
  }

  /** A tab that nobody looks at has not read: its place is kept until somebody does. */
  #read(link: TabLinkRecord, id: string, seq: number | undefined): void {
    const place = seq ?? this.head;
    const isSeen = this.#port.usageOf(link.tab).isVisible;
    if (!isSeen) this.#unseenReads.set(link.tab, Math.max(place, this.#unseenReads.get(link.tab) ?? 0));
    const command = { type: "read", id: this.newId(), seq: isSeen ? place : 0 } as const;
    this.request(command, (answer) => this.#answer(link, id, answer));
  }

  /** The server delivers it to the connections of others; the other tabs of this one get it here. */
  #signal(link: TabLinkRecord, { event, data = null, to }: Extract<Command, { type: "signal" }>): void {
    const id = this.newId();
    this.#signals.add(id, link.id);
    this.channel.send({ type: "signal", id, event, data, ...(to !== undefined && { to }) });
    const { user, mayWrite } = this.#state;
    const isForTabs = user !== null && mayWrite && (to === undefined || to === user);
    if (!isForTabs || !matchesTopics(this.key.topics, event)) return;
    const signal: Signal = {
      type: "signal",
      event,
      from: { id: user },
      data,
      at: this.#context.serverTime.now(),
    };
    this.#give(signal, "greeted", link);
  }

  // ---- ends ----

  /** Whether what ended the connection is an end for this tab alone, or for none. */
  #goesOn(error: RoomsError | undefined): boolean {
    switch (error?.code) {
      case "user_changed":
        // Other tabs find out by their own tokens.
        this.#port.onUserChanged();
        return true;
      case "unauthorized":
      case "token_expired":
        return this.#port.onTokenRefused(error);
      case "replaced":
        // By another tab, which took over while this one stood still. This one may not have heard of that yet.
        this.channel.start("afterTurn");
        return true;
      default:
        return false;
    }
  }

  #endLinks(): void {
    this.#isLive = false;
    this.#tellState(this.channel.state);
    this.#unechoed.clear();
    this.#signals.clear();
    this.#producers.clear();
    for (const link of this.#links.values()) this.#end(link, upstreamLost());
  }

  #end(link: TabLinkRecord, end: ConnectionEnd): void {
    this.#forget(link);
    this.#port.tell(link.tab, { type: "end", link: link.id, end: packEnd(end) });
  }

  #forget(link: TabLinkRecord): void {
    this.#links.delete(link.id);
    this.#presence.remove(link.id);
    link.replay?.stop();
  }

  #tellState(state: ConnectionState): void {
    const isFinal = this.channel.refusal !== undefined;
    for (const tab of this.#tabs)
      this.#port.tell(tab, { type: "state", log: logId(this.key), state: packState(state), isFinal });
  }
}
