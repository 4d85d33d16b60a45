import type { Command, PresenceCommand, SignalCommand } from "../../src/protocol/index.ts";
import { isRecord } from "../../src/protocol/index.ts";
import { type ConnectionEnd, lost } from "../connection/transport/connection-end.ts";
import type {
  ConnectionState,
  Link,
  LinkEvents,
  NoConnection,
  Transport,
} from "../connection/transport/transport.ts";
import type { LogKind } from "../core/client-context.ts";
import { offline } from "../util/errors.ts";
import { type Connected, jsonCopy, knownFrame } from "../util/wire.ts";
import type { TabGroup } from "./tab-group.ts";
import { type LogKey, logId, type TabNews, unpackEnd, unpackState } from "./tab-message.ts";

/** For a tab that holds the connections. */
const WAITING = { state: { status: "connecting", attempt: 1 }, isFinal: false } as const;

/** The log of a channel over the connection that one tab holds for all. */
export class TabTransport implements Transport {
  readonly #group: TabGroup;
  readonly #kind: LogKind;
  readonly #name: string;
  /** Where tabs cannot share. */
  readonly #own: Transport;
  #key: LogKey | undefined;
  #link: TabLink | undefined;
  /** Of the shared connection, where it keeps this one from opening. */
  #blocked: { readonly state: ConnectionState; readonly isFinal: boolean } | undefined;

  /** How far this tab has marked as read. */
  #read = 0;

  constructor(group: TabGroup, kind: LogKind, name: string, own: Transport) {
    this.#group = group;
    this.#kind = kind;
    this.#name = name;
    this.#own = own;
    group.add(this);
  }

  get canAskForNoTopics(): boolean {
    return !this.#group.isImpossible || this.#own.canAskForNoTopics;
  }

  get group(): TabGroup {
    return this.#group;
  }

  ready(
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ): Promise<NoConnection | undefined> | undefined {
    if (this.#group.isImpossible) return this.#own.ready(signal, onState);
    if (this.#canOpen) return undefined;
    return new Promise((resolve) => {
      const end = (why?: NoConnection) => {
        cancel();
        signal.removeEventListener("abort", look);
        resolve(why);
      };
      const look = () => {
        if (signal.aborted || this.#group.isImpossible || this.#canOpen) return end();
        const { state, isFinal } = this.#blocked ?? WAITING;
        if (state.status !== "disconnected") onState(state);
        else {
          this.#blocked = undefined;
          end({ error: state.error, isFinal });
        }
      };
      const cancel = this.#group.watch(look);
      signal.addEventListener("abort", look);
      this.#group.enter();
      look();
    });
  }

  open(events: LinkEvents): Link {
    if (this.#group.isImpossible) return this.#own.open(events);
    const request = events.request();
    const key = { kind: this.#kind, name: this.#name, topics: request.topics };
    // The filter has changed: another connection carries it.
    if (this.#key !== undefined && logId(this.#key) !== logId(key)) this.#release("handOver");
    this.#key = key;
    const link = new TabLink(this, events, this.#group.newId());
    this.#link = link;
    const failure = this.#group.takeFailure();
    if (failure !== undefined) queueMicrotask(() => link.drop(failure));
    else if (!this.#group.isIn) queueMicrotask(() => this.onHolder());
    else this.#group.call({ type: "open", key, link: link.id, request });
    return link;
  }

  restart(when: "now" | "afterTurn"): void {
    this.#own.restart(when);
    this.#group.restart();
    if (when === "afterTurn" || this.#key === undefined) return;
    this.#group.look();
    this.#blocked = undefined;
    this.#group.call({ type: "hurry", key: this.#key });
  }

  release(): void {
    this.#own.release();
    this.#release("leave");
    this.#read = 0;
    this.#blocked = undefined;
  }

  /** What an earlier holder has said does not count any more. */
  onHolder(): void {
    this.#blocked = undefined;
    this.#link?.drop({ ...lost(offline("Another tab holds the connection now.")), next: "again" });
  }

  onNews(news: TabNews): void {
    if (news.type === "state") {
      if (this.#key === undefined || news.log !== logId(this.#key)) return;
      const isBlocked = news.state.status === "reconnecting" || news.state.status === "disconnected";
      this.#blocked = isBlocked ? { state: unpackState(news.state), isFinal: news.isFinal } : undefined;
    } else if (news.link === this.#link?.id) this.#link.onNews(news);
  }

  onRead(seq: number): void {
    this.#read = Math.max(this.#read, seq);
  }

  /** What another holder has kept of it, as nobody looks at this tab, ended with that holder. */
  onConnected(link: TabLink, frame: Connected): void {
    if (frame.recovery !== "complete" && frame.recovery !== "partial") this.#read = 0;
    const known = "room" in frame ? (frame.read?.seq ?? 0) : 0;
    if (this.#read > known) link.send({ type: "read", id: this.#group.newId(), seq: this.#read });
  }

  onOver(link: TabLink): void {
    if (this.#link === link) this.#link = undefined;
  }

  get #canOpen(): boolean {
    return this.#blocked === undefined && this.#group.isIn;
  }

  #release(how: "leave" | "handOver"): void {
    if (this.#key !== undefined) this.#group.call({ type: "release", key: this.#key, how });
    this.#key = undefined;
  }
}

/** One connection of one channel, carried by another tab, or by this one. */
export class TabLink implements Link {
  readonly id: string;
  readonly #transport: TabTransport;
  readonly #events: LinkEvents;
  #isOpen = true;
  /** Where the token of the holder names the user. */
  #places: string | undefined;

  constructor(transport: TabTransport, events: LinkEvents, id: string) {
    this.id = id;
    this.#transport = transport;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(command: Command): boolean {
    if (!this.#isOpen) return true;
    if (command.type === "topics") {
      // A connection has one filter. Another one, with what is missed, is opened with the new topics.
      queueMicrotask(() => this.drop({ ...lost(offline("The topics have changed.")), next: "again" }));
      return true;
    }
    if (command.type === "read") this.#transport.onRead(command.seq ?? 0);
    this.#transport.group.call({ type: "send", link: this.id, command: asJson(command) });
    return true;
  }

  drop(end: ConnectionEnd): void {
    if (!this.#isOpen) return;
    this.close();
    this.#events.onEnd(end);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#transport.onOver(this);
    this.#transport.group.call({ type: "close", link: this.id });
  }

  onNews(news: Exclude<TabNews, { readonly type: "state" }>): void {
    if (news.type === "end") this.drop(unpackEnd(news.end));
    else if (news.type === "user") this.#places = news.places;
    else if (news.type === "permission") this.#events.onPermission(news.permission);
    else {
      for (const frame of news.frames) if (this.#isOpen && isRecord(frame)) this.#onFrame(frame);
      if (this.#isOpen) this.#events.onTurn();
    }
  }

  #onFrame(value: Readonly<Record<string, unknown>>): void {
    const frame = knownFrame(value, this.#events.frames);
    if (frame === undefined) return;
    if (frame.type === "connected") {
      const end = this.#transport.group.admit(frame, this.#places);
      if (end !== undefined) {
        this.drop(end);
        return;
      }
    }
    this.#events.onFrame(frame);
    if (frame.type === "connected" && this.#isOpen) this.#transport.onConnected(this, frame);
  }
}

/** What an app gives may be no JSON yet. Other tabs get what the server would pass on; what waits is a copy already. */
function asJson(command: Command): Command {
  if (command.type === "signal") return jsonCopy<SignalCommand>(command);
  return command.type === "presence" ? jsonCopy<PresenceCommand>(command) : command;
}
